// Power: asked first, cut when nobody hears, read back; and what a service may answer to that.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { MachineSpec } from '../../../lab/terremark/estate.ts'
import { setPower, type Patience } from '../../../src/providers/terremark/power.ts'
import { openHttp } from '../../../src/io/http.ts'
import { Secret } from '../../../src/core/secret.ts'
import { openSession } from '../../../src/providers/terremark/session.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { answers } from '../../support/faults.ts'
import { openSource, password, startService, user, weather } from './lab.ts'

const machine = (more: Partial<MachineSpec> = {}): { readonly machines: readonly MachineSpec[] } => ({ machines: [{ name: 'web-1', ...more }] })

function orders(requests: readonly string[]): readonly string[] {
  return requests.flatMap((each) => /^POST \S+\/action\/(\w+)$/.exec(each)?.[1] ?? [])
}

test('off is asked of the guest, and nothing is cut when it obeys', async (t) => {
  const events: string[] = []
  const service = await startService(t, { ...machine(), onPower: (name, power) => void events.push(`${name} ${power}`) })
  const source = await openSource(t, service.url)
  await source.power('14000', 'off', soon())
  await source.power('14000', 'off', soon())
  assert.deepEqual([orders(service.requests), events], [['shutdown'], ['web-1 off']])
})

test('the power is cut when the service knows no way to ask the guest', async (t) => {
  const service = await startService(t, machine())
  await service.control('/status', { path: '/action/shutdown', code: 500, message: 'Tools are not there' })
  await (await openSource(t, service.url)).power('14000', 'off', soon())
  assert.deepEqual([orders(service.requests), service.estate.machines[0]?.status], [['shutdown', 'powerOff'], 2])
})

const impatient: Patience = { guestMs: 100, readBackMs: 100 }

/** As the source does it, with less patience than a person would have. */
async function switchOff(t: TestContext, url: string): Promise<void> {
  const http = openHttp({ service: 'It', unreachable: 'source-unreachable' })
  t.after(() => http.close())
  await setPower(await openSession(http, { service: 'It', url, user, password: new Secret(password) }, soon()), '14000', 'off', soon(), impatient)
}

test('the power of a guest that does not obey is cut', async (t) => {
  const service = await startService(t, machine({ deaf: true }))
  await switchOff(t, service.url)
  assert.deepEqual([orders(service.requests), service.estate.machines[0]?.status], [['shutdown', 'powerOff'], 2])
})

test('a machine that a page holds which cannot be had is not said to be unknown alone', async (t) => {
  const service = await startService(t, { pageSize: 1 })
  const proxy = await startFaultProxy(t, service.url, { on: weather.page, times: 2, with: answers(403, '') })
  const behind = await weather.open(t, proxy)
  await assert.rejects(behind.power('14001', 'off', soon()), failsWith('source-refused', /lists no vApp 14001 for this account\. The list \S+ ends early/))
  proxy.calm()
  await behind.power('14001', 'off', soon())
})

test('a service that says it is done, and is not, is not believed', async (t) => {
  const service = await startService(t, machine({ deaf: true }))
  await service.control('/body', { path: '/action/powerOff', body: '<Task status="success"/>' })
  await assert.rejects(switchOff(t, service.url), failsWith('source-refused', /took the order to stop 14000, but that did not show within 0\.1 s/))
})

test('a service that knows no power actions is asked to undeploy, as its siblings were', async (t) => {
  const service = await startService(t, machine())
  await service.control('/status', { path: '/power/action/', code: 405, count: 3 })
  // It has no undeploy either; this one has been switched by it all the same.
  await service.control('/body', { path: '/action/undeploy', body: '<Task status="success"/>' })
  await service.control('/body', { path: '/vapp/14000', skip: 1, body: '<VApp status="2"/>', count: 9 })
  await (await openSource(t, service.url)).power('14000', 'off', soon())
  assert.deepEqual(orders(service.requests), ['shutdown', 'powerOff', 'poweroff', 'undeploy'])
})

test('a service that knows no way to switch off is refused by its first word', async (t) => {
  const service = await startService(t, machine())
  await service.control('/status', { path: '/action/', code: 405, count: 4 })
  const refused = failsWith('source-refused', /refuses to stop 14000 \(405: it has no such action/)
  await assert.rejects((await openSource(t, service.url)).power('14000', 'off', soon()), refused)
})

test('an id that the account does not list is refused, and never made into an address', async (t) => {
  const service = await startService(t, machine())
  const source = await openSource(t, service.url)
  for (const id of ['14001', '../org/240', '']) await assert.rejects(source.power(id, 'off', soon()), failsWith('source-refused', /lists no vApp/))
  assert.ok(!service.requests.some((each) => each.includes('/vapp/')))
})

test('one that may only read is told which act was refused', async (t) => {
  const service = await startService(t, machine())
  const source = await openSource(t, service.url)
  await service.control('/status', { path: '/power/action/', code: 403, count: 2 })
  await assert.rejects(source.power('14000', 'off', soon()), failsWith('source-refused', /refuses to stop 14000 \(403: this account may not/))
  assert.deepEqual(orders(service.requests), ['shutdown'])
})

test('a machine that was only ordered is deployed before it is started', async (t) => {
  const service = await startService(t, machine({ power: 'new' }))
  await (await openSource(t, service.url)).power('14000', 'on', soon())
  assert.deepEqual([orders(service.requests), service.estate.machines[0]?.status], [['deploy', 'powerOn'], 4])
})

test('a suspended machine is not cut off from its memory, and can be resumed', async (t) => {
  const service = await startService(t, machine({ power: 'suspended' }))
  const source = await openSource(t, service.url)
  await assert.rejects(source.power('14000', 'off', soon()), failsWith('source-refused', /would lose the memory/))
  assert.deepEqual(orders(service.requests), [])
  await source.power('14000', 'on', soon())
})

test('while another order is under way the read-back decides', async (t) => {
  const service = await startService(t, { ...machine({ power: 'off' }), pace: { taskMs: 200, guestMs: 10 } })
  const source = await openSource(t, service.url)
  await Promise.all([source.power('14000', 'on', soon()), source.power('14000', 'on', soon())])
  assert.equal(service.estate.machines[0]?.status, 4)
})

test('a task that fails says why, without what opens something', async (t) => {
  const service = await startService(t, machine({ power: 'off' }))
  await service.control('/fail', { message: 'No capacity. Administrator password: hunter2' })
  const failed = failsWith('source-refused', /failed to start 14000 \(error: No capacity\. Administrator password: \[secret\]\)\.$/)
  await assert.rejects((await openSource(t, service.url)).power('14000', 'on', soon()), failed)
})

test('an abort ends the wait for a task with the reason of the signal', async (t) => {
  const service = await startService(t, { ...machine({ power: 'off' }), pace: { taskMs: 60_000, guestMs: 10 } })
  const source = await openSource(t, service.url)
  const enough = new AbortController()
  const reason = new Error('enough')
  const started = source.power('14000', 'on', enough.signal)
  const asked = setInterval(() => service.requests.some((each) => each.includes('/task/')) && enough.abort(reason), 5)
  t.after(() => clearInterval(asked))
  await assert.rejects(started, reason)
})

test('a token that dies between order and end is replaced, and the second order finds the first one under way', async (t) => {
  const service = await startService(t, machine({ power: 'off' }))
  await service.control('/expire', { path: '/task/' })
  await (await openSource(t, service.url)).power('14000', 'on', soon())
  assert.deepEqual([service.estate.machines[0]?.status, service.requests.filter((each) => each.endsWith('/login')).length], [4, 2])
  assert.equal(service.estate.task(10_001), null)
})
