// What comes when something else answers in the place of vCloud Director, or spoils its answers.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { failsWith, soon } from '../../support/failures.ts'
import { count, startFaultProxy, type Asked, type FaultProxy, type Reply } from '../../support/fault-proxy.ts'
import { openSource, startDirector } from './lab.ts'

/** A director that lets everybody in; everything about machines is answered as the test says. */
async function impostor(t: TestContext, answer: (asked: Asked) => string | Reply): Promise<FaultProxy> {
  const strike = async (_: unknown, asked: Asked): Promise<Reply> => {
    const given = answer(asked)
    return await Promise.resolve(typeof given === 'string' ? { status: 200, headers: {}, body: given } : given)
  }
  const { url } = await startDirector(t)
  return await startFaultProxy(t, url, { on: /^\w+ \/api\/(?:query|vApp)/, times: Number.POSITIVE_INFINITY, with: strike })
}

describe('something else in the place of a vCloud Director', () => {
  test('an address of another host is asked for here', async (t) => {
    const linking = await impostor(t, ({ path }) => {
      const next = path.includes('page=1') ? '<Link rel="nextPage" href="https://elsewhere.example/api/query?page=2"/>' : ''
      return `<QueryResultRecords>${next}</QueryResultRecords>`
    })
    assert.deepEqual(await (await openSource(t, linking)).nodes(soon()), { nodes: [], complete: true, warnings: [] })
    assert.equal(count(linking, /^GET \/api\/query\?page=2\n/), 1)
  })

  test('a list of pages that leads back to itself ends', async (t) => {
    const circle = await impostor(t, () => '<QueryResultRecords><Link rel="nextPage" href="/api/query?page=2"/></QueryResultRecords>')
    await assert.rejects((await openSource(t, circle)).nodes(soon()), failsWith('answer-malformed', /leads back to itself/))
  })

  test('an answer that repeats the password is shown without it', async (t) => {
    const body = '<Error minorErrorCode="BAD_REQUEST" message="Nobody is called Tr0ub4dor&amp;3&lt;>&quot;"/>'
    const echo = await impostor(t, () => ({ status: 400, headers: {}, body }))
    await assert.rejects(
      (await openSource(t, echo)).nodes(soon()),
      failsWith('source-refused', /refuses to list its machines \(Nobody is called \[secret\]\)\.$/),
    )
  })

  test('a machine of which no snapshots are told gets none: it could delete one', async (t) => {
    const silent = await impostor(t, () => '<Vm name="web-1" status="4" href="/api/vApp/vm-1"/>')
    await assert.rejects(
      (await openSource(t, silent)).snapshot('vm-1', 'before', soon()),
      failsWith('source-refused', /does not say whether vm-1 has a snapshot/),
    )
    assert.equal(count(silent, /^(?!GET )\w+ \/api\//), 0)
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
      const server = await impostor(t, ({ path, method, body }) => {
        if (path.endsWith('/metadata')) return { status: 403, headers: {}, body: '' }
        if (method !== 'PUT') return now
        now = body
        return { status: 202, headers: {}, body: '<Task status="success"/>' }
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
    const twice = await impostor(t, ({ path }) => {
      if (!path.startsWith('/api/query')) return `<VApp name="shop"><Children>${vm}</Children></VApp>`
      const records = ['vapp-1', 'vapp-2'].map((vApp) => `<VMRecord href="/api/vApp/vm-1" container="/api/vApp/${vApp}" name="web-1"/>`)
      return `<QueryResultRecords>${records.join('')}</QueryResultRecords>`
    })
    const { nodes, complete, warnings } = await (await openSource(t, twice)).nodes(soon())
    assert.deepEqual([nodes.map(({ id }) => id), complete, warnings.map(({ code }) => code)], [['vm-1'], false, ['machine-twice']])
  })
})
