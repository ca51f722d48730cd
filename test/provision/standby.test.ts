// The node of a standby, parked, made large again and taken down: the real store and engine, a simulated AWS. Nobody runs
// the move here; its run is ended by hand once it was told to end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2'
import { standbyNodes } from '../../src/app/drill/standby-node.ts'
import { provisioning } from '../../src/app/provisioning.ts'
import type { Context, Wired } from '../../src/app/app.ts'
import { kinds } from '../../src/adapters.ts'
import { parseConfig } from '../../src/config/load.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { listVolumes } from '../../src/providers/aws/list.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { ownStore } from '../support/own-store.ts'
import { settingsOf } from '../support/stored.ts'
import { canaries, engineOn, makeStateFolder, missing, plannedMove, removeStateFolder, startAws } from './world.ts'
import { createAwsTarget } from '../../src/providers/aws/target.ts'
import { awsSchema } from '../../src/providers/aws/schema.ts'

const { pool, store } = ownStore('standby')
const context = { who: 'a test' } as Context
const planned = plannedMove('web-1', { volumeGiB: 10 })
const parked = { size: 't3.micro', monthlyCost: { amount: 9.2, currency: 'USD' } }
const plan = { ...planned, to: { ...planned.to, parked } }

const textOf = (url: string): string => `
project: shop
providers:
  old: { kind: static, nodes: [{ name: web-1, address: 192.0.2.10 }] }
  new: { kind: aws, region: us-east-1, endpoint: '${url}' }
moves:
  web-1: { from: { provider: old, name: web-1 }, to: { provider: new, size: t3.small, image: debian-12 }, standby: { size: t3.micro } }
`

test('a standby is parked, made large again, and taken down without its data, which its next node gets', { skip: missing }, async (t) => {
  const signal = AbortSignal.timeout(540_000)
  const [aws, stateFolder] = [await startAws(), await makeStateFolder()]
  t.after(async () => {
    await aws.stop()
    await removeStateFolder(stateFolder)
  })
  // The plugin and our own client find their keys where an operator may have them.
  process.env['AWS_ACCESS_KEY_ID'] = canaries.accessKey
  process.env['AWS_SECRET_ACCESS_KEY'] = canaries.secretKey
  const config = parseConfig({ text: textOf(aws.url), baseFolder: '/' }, kinds).document
  const [engine, signals] = [engineOn(stateFolder), openSignals(pool())]
  const target = createAwsTarget('new', awsSchema.parse(config.providers['new']))
  const made = provisioning({ engine, target, plan, identity: 'run-1', authorizedKeys: async () => await Promise.resolve([]) })
  const node = await made.provision(() => undefined, signal)
  await made.markHoldsData(signal)

  const settings = { ...settingsOf('web-1', null), to: { provider: 'new' } }
  await store().beginRun(settings, plan, { text: '', baseFolder: '/' })
  const token = await claim()
  await store().learn('web-1', { target: { address: node.address, privateAddress: node.privateAddress, id: node.id }, holdsData: true }, token)
  const parts = { store: store(), signals, identity: 'run-1', engineOf: async () => await Promise.resolve(engine) } as unknown as Wired
  const { changeStandby } = standbyNodes(parts, () => config)
  const sizeNow = async () => {
    const { Reservations = [] } = await aws.client.send(new DescribeInstancesCommand({ InstanceIds: [node.id] }))
    return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceType, State }) => `${InstanceType} ${State?.Name}`)).join()
  }
  const volumes = async () => await listVolumes(aws.client, [{ Name: 'tag:lifeboat:stack', Values: ['data-web-1'] }], { abortSignal: signal })
  const before = await volumes()
  assert.equal(before.length, 1)

  await t.test('parked it is the same node, smaller, in the account and in what is stored; asked again nothing is done', async () => {
    assert.deepEqual((await changeStandby(context, 'web-1', 'park', signal)).did, ['resize'])
    assert.equal(await sizeNow(), 't3.micro running')
    assert.equal((await store().move('web-1'))?.facts.parked, 't3.micro')
    assert.deepEqual((await changeStandby(context, 'web-1', 'park', signal)).did, [])
  })
  await t.test('up makes it as large as planned', async () => {
    assert.deepEqual((await changeStandby(context, 'web-1', 'up', signal)).did, ['resize'])
    assert.equal(await sizeNow(), 't3.small running')
    assert.equal((await store().move('web-1'))?.facts.parked, null)
  })
  await t.test('one that serves is left alone', async () => {
    await store().learn('web-1', { serving: 'target' }, token)
    for (const want of ['up', 'park', 'down'] as const)
      await assert.rejects(changeStandby(context, 'web-1', want, signal), { code: 'not-now', message: /is served by its standby/ })
    await store().learn('web-1', { serving: 'source' }, token)
  })
  await t.test('down ends its run, removes the node and nothing else, and says what stays and what that costs', async () => {
    const down = changeStandby(context, 'web-1', 'down', signal)
    const told = async () => await signals.take('web-1', 1, 'rollback')
    await waitUntil(told, { what: 'the word to end', deadlineMs: 60_000, everyMs: 50, signal })
    assert.equal(await sizeNow(), 't3.small running', 'nothing goes while it runs')
    await store().setState('web-1', 'rolled-back', token)
    const { did, stays } = await down
    assert.deepEqual(did, ['end', 'remove'])
    assert.deepEqual({ ...stays, monthlyCost: undefined }, { stack: 'data-web-1', volumeGiB: 10, monthlyCost: undefined })
    assert.ok((stays?.monthlyCost?.amount ?? 0) > 0)
    assert.match(await sizeNow(), /terminated/)
    assert.deepEqual(await volumes(), before)
    assert.equal((await store().move('web-1'))?.facts.target, null)
    assert.deepEqual((await changeStandby(context, 'web-1', 'down', signal)).did, [])
  })
  await t.test('its next node has the same volume', async () => {
    await made.provision(() => undefined, signal)
    const living = (await aws.instances()).filter(({ state }) => state === 'running')
    assert.deepEqual(
      living.map((instance) => instance.volumes.filter(({ root }) => !root).map(({ id }) => id)),
      [before],
    )
  })
})

async function claim(): Promise<number> {
  const { rows } = await pool().query<{ token: string }>(`update lifeboat.move set token = token + 1 where name = 'web-1' returning token`)
  return Number(rows[0]?.token)
}
