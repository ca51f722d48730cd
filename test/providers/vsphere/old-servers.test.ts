// A vCenter of 4.1: it refuses the versions and the properties that came after it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutVcsim } from '../../support/vcsim.ts'
import { soon } from '../../support/failures.ts'
import { openSource, startProxy, startShop } from './lab.ts'
import { codes, disk, hardware, node } from './machines.ts'

/** Properties that came with 5.0 and later. */
const later = ['config.firmware', 'guest.toolsVersionStatus2', 'runtime.consolidationNeeded', 'summary.config.tpmPresent']

function refusal(type: string, words: string, inside = ''): { status: number; headers: Record<string, string>; body: string } {
  const detail = `<${type}Fault xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">${inside}</${type}Fault>`
  const fault = `<e:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${words}</faultstring><detail>${detail}</detail></e:Fault>`
  return { status: 500, headers: {}, body: `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>${fault}</e:Body></e:Envelope>` }
}

test('a server of 4.1 is asked in its own words, and its inventory is complete', { skip: withoutVcsim }, async (t) => {
  const vcsim = await startShop(t)
  const proxy = await startProxy(t, vcsim, async ({ forward }, { body, headers }) => {
    const action = String(headers['soapaction'])
    if (action !== '"urn:vim25/4.1"') return refusal('RuntimeFault', `Unsupported version URI ${action.replaceAll('"', '')}`)
    const unknown = later.find((path) => body.includes(`<pathSet>${path}</pathSet>`))
    if (unknown !== undefined) return refusal('InvalidProperty', '', `<name>${unknown}</name>`)
    const answer = await forward()
    return { ...answer, body: answer.body.replace(/<apiVersion>[^<]*/, '<apiVersion>4.1') }
  })
  const { nodes, complete, warnings } = await (await openSource(t, vcsim, proxy)).nodes(soon())
  assert.deepEqual([nodes.map(({ name }) => name), complete, warnings], [['web-1', 'web-2', 'orders'], true, []])
  for (const { firmware, unknown } of nodes) assert.deepEqual([firmware, unknown.includes('firmware')], [null, true])
})

test('Tools that do not run are unknown where the server does not tell them from none', () => {
  const silent = node({ 'guest.toolsRunningStatus': 'guestToolsNotRunning' })
  assert.deepEqual([silent.tools, silent.unknown.includes('tools')], ['unknown', true])
})

test('a delta disk is told, unless the snapshot that it comes from is', () => {
  const delta = disk('<backing xsi:type="VirtualDiskFlatVer2BackingInfo"><parent><fileName>[ds] base/base.vmdk</fileName></parent></backing>')
  const machine = { 'config.hardware': hardware(delta), 'config.guestId': 'debian12_64Guest' }
  assert.deepEqual(codes(node(machine)), ['disk-delta'])
  const tree = '<rootSnapshotList><snapshot type="VirtualMachineSnapshot">s-1</snapshot><name>a</name></rootSnapshotList>'
  const snapshot = `<currentSnapshot type="VirtualMachineSnapshot">s-1</currentSnapshot>${tree}`
  assert.deepEqual(codes(node({ ...machine, snapshot })), ['snapshots'])
})
