// What comes when something else answers in the place of the vCenter, or spoils its answers.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { startWebServer } from '../../support/web-server.ts'
import { withoutVcsim } from '../../support/vcsim.ts'
import { failsWith, openSource, soon, startProxy, startShop } from './lab.ts'

describe('something else in the place of a vCenter', { skip: withoutVcsim }, () => {
  const nobody = { user: 'ops', password: 'c4nary', fingerprint: `sha256:${'AB'.repeat(32)}` }

  test('a log-in page is malformed, not an empty inventory', async (t) => {
    const page = '<!DOCTYPE html><html><body><form><input type="password"></form></body></html>'
    const web = await startWebServer(t, (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(page))
    await assert.rejects((await openSource(t, { ...nobody, url: web.url })).nodes(soon()), failsWith('answer-malformed', /with a web page instead of XML/))
  })

  test('a 404, a wrong XML and an empty answer each say what they are', async (t) => {
    const answers: [number, string, RegExp][] = [
      [404, 'not here', /answers 404 at this address/],
      [200, '<soup xmlns="urn:soup"/>', /not that of a vSphere service/],
      [200, '', /without|0 XML documents|broken/],
      [500, 'Internal Server Error', /broken/],
    ]
    for (const [status, body, sentence] of answers) {
      const web = await startWebServer(t, (_, response) => void response.writeHead(status).end(body))
      await assert.rejects((await openSource(t, { ...nobody, url: web.url })).nodes(soon()), failsWith('answer-malformed', sentence))
    }
  })

  test('a proxy that finds nobody behind it makes the vCenter unreachable', async (t) => {
    const web = await startWebServer(t, (_, response) => void response.writeHead(502).end('<html>bad gateway</html>'))
    await assert.rejects((await openSource(t, { ...nobody, url: web.url })).nodes(soon()), failsWith('source-unreachable', /a proxy before it answers 502/))
  })

  test('an entity bomb and a file inclusion are refused', async (t) => {
    for (const entity of ['<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/passwd">']) {
      const body = `<?xml version="1.0"?><!DOCTYPE e [${entity}]><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>&b;</e:Body></e:Envelope>`
      const web = await startWebServer(t, (_, response) => void response.end(body))
      await assert.rejects((await openSource(t, { ...nobody, url: web.url })).nodes(soon()), failsWith('answer-malformed', /declares a document type/))
    }
  })

  test('a gigabyte of answer is refused in bounded memory', async (t) => {
    const chunk = Buffer.alloc(1024 * 1024, '<objects><obj type="VirtualMachine">vm-1</obj></objects>')
    let sent = 0
    function* gigabyte(): Generator<Buffer> {
      for (; sent < 1024 ** 3; sent += chunk.length) yield chunk
    }
    const web = await startWebServer(t, (_, response) => void Readable.from(gigabyte()).pipe(response))
    const before = process.memoryUsage().rss
    await assert.rejects((await openSource(t, { ...nobody, url: web.url })).nodes(soon()), failsWith('answer-malformed', /more than 67108864 bytes/))
    const grown = process.memoryUsage().rss - before
    assert.ok(grown < 400 * 1024 * 1024 && sent < 256 * 1024 * 1024, `${sent} bytes sent, memory grew by ${grown}`)
  })

  test('an answer that is cut off is noticed, in the body or in the XML', async (t) => {
    const vcsim = await startShop(t)
    for (const cut of ['body', 'XML'] as const) {
      const proxy = await startProxy(t, vcsim, async ({ body }, forward) => {
        const answer = await forward()
        if (!body.includes('<RetrievePropertiesEx ')) return answer
        return cut === 'body' ? 'hang up' : { ...answer, body: answer.body.slice(0, answer.body.length / 2) }
      })
      const expected = cut === 'body' ? failsWith('source-unreachable', /closed the connection/) : failsWith('answer-malformed', /broken or cut off/)
      await assert.rejects((await openSource(t, vcsim, proxy)).nodes(soon()), expected)
    }
  })
})
