// What comes when something else answers in the place of vCloud Director, or spoils its answers.
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import { startTlsServer, type WebServer } from '../../support/web-server.ts'
import { failsWith, openSource, soon, startDirector } from './lab.ts'

const versions = '<SupportedVersions xmlns="http://www.vmware.com/vcloud/versions"><VersionInfo><Version>5.5</Version></VersionInfo></SupportedVersions>'

/** A server that lets everybody in and answers the rest as the test says; it names another host wherever it can. */
async function impostor(
  t: TestContext,
  answer: (path: string, response: ServerResponse, method: string, body: string) => void,
): Promise<WebServer & { asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = []
  const server = await startTlsServer(t, (request, response, body) => {
    asked.push(request)
    const { pathname, search } = new URL(request.url ?? '/', 'https://here')
    if (pathname === '/api/versions') response.end(versions)
    else if (pathname === '/api/sessions') response.writeHead(200, { 'x-vcloud-authorization': 'the-session' }).end('<Session/>')
    else answer(`${pathname}${search}`, response, request.method ?? 'GET', body)
  })
  return { ...server, asked }
}

describe('something else in the place of a vCloud Director', () => {
  test('a certificate that is not the pinned one is refused before a byte is sent', async (t) => {
    const director = await startDirector(t)
    const other = { ...director, fingerprint: `sha256:${'AB'.repeat(32)}` }
    await assert.rejects((await openSource(t, other)).nodes(soon()), failsWith('certificate-untrusted', /is not the one that is pinned/))
    assert.deepEqual(director.requests, [])
  })

  test('a web page, a wrong XML, a 404 and an empty answer each say what they are', async (t) => {
    const answers: [number, string, RegExp][] = [
      [200, '<!DOCTYPE html><html><body>log in</body></html>', /with a web page instead of XML/],
      [200, '<soup xmlns="urn:soup"/>', /not as vCloud Director does/],
      [200, '<!DOCTYPE v [<!ENTITY a "ha">]><v>&a;</v>', /declares a document type/],
      [404, 'not here', /answers 404 at this address/],
      [200, '', /0 XML documents|broken/],
    ]
    for (const [status, body, sentence] of answers) {
      const server = await startTlsServer(t, (_, response) => void response.writeHead(status).end(body))
      await assert.rejects((await openSource(t, server)).nodes(soon()), failsWith('answer-malformed', sentence))
    }
  })

  test('a proxy that finds nobody behind it makes it unreachable', async (t) => {
    const server = await startTlsServer(t, (_, response) => void response.writeHead(502).end('<html>bad gateway</html>'))
    await assert.rejects((await openSource(t, server)).nodes(soon()), failsWith('source-unreachable', /a proxy before it answers 502/))
  })

  test('a redirect to another host is not followed, and an address of another host is asked for here', async (t) => {
    const elsewhere = await startTlsServer(t, (_, response) => void response.end('<QueryResultRecords/>'))
    const away = await impostor(t, (_, response) => void response.writeHead(302, { location: `${elsewhere.url}api/query` }).end())
    await assert.rejects(
      (await openSource(t, away)).nodes(soon()),
      failsWith('answer-malformed', /redirects \(302\) to https:\/\/127\.0\.0\.1:\d+, which is not followed/),
    )
    const linking = await impostor(t, (path, response) => {
      const next = path.includes('page=1') ? `<Link rel="nextPage" href="${elsewhere.url}api/query?page=2"/>` : ''
      response.end(`<QueryResultRecords>${next}</QueryResultRecords>`)
    })
    assert.deepEqual(await (await openSource(t, linking)).nodes(soon()), { nodes: [], complete: true, warnings: [] })
    assert.equal(linking.asked.filter(({ url }) => url === '/api/query?page=2').length, 1)
    assert.deepEqual(elsewhere.bodies, [])
  })

  test('a list of pages that leads back to itself ends', async (t) => {
    const circle = await impostor(
      t,
      (_, response) => void response.end('<QueryResultRecords><Link rel="nextPage" href="/api/query?page=2"/></QueryResultRecords>'),
    )
    await assert.rejects((await openSource(t, circle)).nodes(soon()), failsWith('answer-malformed', /leads back to itself/))
  })

  test('an answer that repeats the password is shown without it', async (t) => {
    const echo = await impostor(
      t,
      (_, response) => void response.writeHead(400).end('<Error minorErrorCode="BAD_REQUEST" message="Nobody is called Tr0ub4dor&amp;3&lt;>&quot;"/>'),
    )
    await assert.rejects(
      (await openSource(t, echo)).nodes(soon()),
      failsWith('source-refused', /refuses to list its machines \(Nobody is called \[secret\]\)\.$/),
    )
  })

  test('a machine of which no snapshots are told gets none: it could delete one', async (t) => {
    const silent = await impostor(t, (_, response) => void response.end('<Vm name="web-1" status="4" href="/api/vApp/vm-1"/>'))
    await assert.rejects(
      (await openSource(t, silent)).snapshot('vm-1', 'before', soon()),
      failsWith('source-refused', /does not say whether vm-1 has a snapshot/),
    )
    assert.ok(silent.asked.every(({ method, url }) => method === 'GET' || url === '/api/sessions'))
  })

  test('a section with other prefixes is changed like any, and one that does not say what is connected is not touched', async (t) => {
    const card = (state: string): string =>
      `<v:NetworkConnection network="n"><v:NetworkConnectionIndex>0</v:NetworkConnectionIndex>${state}</v:NetworkConnection>`
    const section = (state: string): string =>
      `<v:NetworkConnectionSection xmlns:v="http://www.vmware.com/vcloud/v1.5"><!-- kept -->${card(state)}</v:NetworkConnectionSection>`
    const connected = section('<v:IsConnected> true </v:IsConnected>')
    const cases = { told: connected, silent: section('') }
    for (const [id, text] of Object.entries(cases)) {
      let now = text
      const server = await impostor(t, (path, response, method, body) => {
        if (path.endsWith('/metadata')) return void response.writeHead(403).end()
        if (method !== 'PUT') return void response.end(now)
        now = body
        response.writeHead(202).end('<Task status="success"/>')
      })
      const source = await openSource(t, server)
      if (id === 'silent')
        await assert.rejects(source.network(id, 'disconnected', soon()), failsWith('source-refused', /in a way that Lifeboat does not dare to change/))
      else await source.network(id, 'disconnected', soon())
      assert.equal(now, id === 'silent' ? text : connected.replace(' true ', 'false'))
    }
  })

  test('a machine that is in two vApps at once comes once, and is told', async (t) => {
    const vm = '<Vm name="web-1" status="4" href="https://other.example/api/vApp/vm-1"/>'
    const twice = await impostor(t, (path, response) => {
      if (!path.startsWith('/api/query')) return void response.end(`<VApp name="shop"><Children>${vm}</Children></VApp>`)
      const records = ['vapp-1', 'vapp-2'].map((vApp) => `<VMRecord href="/api/vApp/vm-1" container="/api/vApp/${vApp}" name="web-1"/>`)
      response.end(`<QueryResultRecords>${records.join('')}</QueryResultRecords>`)
    })
    const { nodes, complete, warnings } = await (await openSource(t, twice)).nodes(soon())
    assert.deepEqual([nodes.map(({ id }) => id), complete, warnings.map(({ code }) => code)], [['vm-1'], false, ['machine-twice']])
  })
})
