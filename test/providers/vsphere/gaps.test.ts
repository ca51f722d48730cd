// Values that a server does not know or does not give.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withoutVcsim } from '../../support/vcsim.ts'
import { soon } from '../../support/failures.ts'
import { openSource, startProxy, startShop } from './lab.ts'

describe('a gap', { skip: withoutVcsim }, () => {
  test('a property that the server does not know is left out, and what depends on it is unknown', async (t) => {
    const vcsim = await startShop(t)
    const fault = (name: string): string =>
      `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body><e:Fault><faultcode>ServerFaultCode</faultcode><faultstring/><detail><InvalidPropertyFault xmlns="urn:vim25" xsi:type="InvalidProperty"><name>${name}</name></InvalidPropertyFault></detail></e:Fault></e:Body></e:Envelope>`
    const proxy = await startProxy(t, vcsim, async ({ forward }, { body }) => {
      for (const path of ['config.firmware', 'snapshot'])
        if (body.includes(`<pathSet>${path}</pathSet>`)) return { status: 500, headers: {}, body: fault(path) }
      return forward()
    })
    const { nodes, complete, warnings } = await (await openSource(t, vcsim, proxy)).nodes(soon())
    assert.equal(complete, false)
    assert.deepEqual(
      warnings.map(({ code, text }) => [code, /property (\S+);/.exec(text)?.[1]]),
      [
        ['property-unknown', 'config.firmware'],
        ['property-unknown', 'snapshot'],
      ],
    )
    assert.deepEqual(
      nodes.map(({ firmware, snapshots }) => [firmware, snapshots]),
      [
        [null, null],
        [null, null],
        [null, null],
      ],
    )
    for (const node of nodes)
      assert.deepEqual(
        node.unknown.filter((field) => field === 'firmware' || field === 'snapshots'),
        ['firmware', 'snapshots'],
      )
  })

  test('a newer server is asked for more, and one that still does not know it says so once', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim, async ({ forward }) => {
      const answer = await forward()
      return { ...answer, body: answer.body.replace(/<apiVersion>[^<]*/, '<apiVersion>8.0.2.0') }
    })
    await (await openSource(t, vcsim, proxy)).nodes(soon())
    assert.equal(proxy.asked.filter(({ body }) => body.includes('summary.config.tpmPresent')).length, 1)
    await (await openSource(t, vcsim)).nodes(soon())
  })

  test('values that the account may not see are unknown, and the answer is marked', async (t) => {
    const vcsim = await startShop(t)
    const gap =
      '<missingSet><path>$1</path><fault><fault xsi:type="NoPermission" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><privilegeId>System.Read</privilegeId></fault><localizedMessage/></fault></missingSet>'
    const proxy = await startProxy(t, vcsim, async ({ forward }) => {
      const answer = await forward()
      // (Elements of a set have no order among sets of another name here.)
      return { ...answer, body: answer.body.replaceAll(/<propSet><name>(config\.hardware|guest\.net)<\/name>.*?<\/val><\/propSet>/g, gap) }
    })
    const { nodes, complete, warnings } = await (await openSource(t, vcsim, proxy)).nodes(soon())
    assert.deepEqual([nodes.length, complete, warnings.map(({ code }) => code)], [3, false, ['values-withheld']])
    assert.match(warnings[0]?.text ?? '', /NoPermission/)
    for (const node of nodes) {
      assert.deepEqual([node.cpus, node.memoryMiB, node.disks, node.nics], [null, null, [], []])
      for (const field of ['cpus', 'memoryMiB', 'disks', 'nics', 'hazards']) assert.ok(node.unknown.includes(field), field)
    }
  })
})
