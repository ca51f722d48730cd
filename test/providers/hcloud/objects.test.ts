// Finding our objects at Hetzner, the mark of what holds data, and whether a server runs: against answers in the shapes of its
// documentation.
import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { Secret } from '../../../src/core/secret.ts'
import { readHcloudFailure } from '../../../src/providers/hcloud/account.ts'
import { hcloudSchema } from '../../../src/providers/hcloud/schema.ts'
import { createHcloudTarget } from '../../../src/providers/hcloud/target.ts'
import { startJsonService } from '../../support/json-service.ts'
import { pendingOf } from '../../support/pending.ts'

const secret = 'canary-token-51c2'
const signal = AbortSignal.timeout(30_000)
const at = (endpoint: string) => createHcloudTarget('new', hcloudSchema.parse({ kind: 'hcloud', token: new Secret(secret), location: 'fsn1', endpoint }))

describe('a pending object', () => {
  it('is found by the labels that it was made with', async (t) => {
    const { url, asked } = await startJsonService(t, ({ path }) => ({ body: path.startsWith('/servers') ? { servers: [{ id: 42 }] } : { volumes: [] } }))
    assert.equal(await at(url).find(pendingOf('hcloud:index/server:Server'), signal), '42')
    assert.equal(asked[0]?.path, '/servers?label_selector=lifeboat-project==shop,lifeboat-stack==node-web-1,lifeboat-object==web-1')
    assert.equal(asked[0]?.headers.authorization, `Bearer ${secret}`)
    assert.equal(await at(url).find(pendingOf('hcloud:index/volume:Volume'), signal), null)
  })
  it('is nobody knows which when two carry the labels, and is refused where its type is not known', async (t) => {
    const { url } = await startJsonService(t, () => ({ body: { servers: [{ id: 42 }, { id: 43 }] } }))
    await assert.rejects(at(url).find(pendingOf('hcloud:index/server:Server'), signal), { code: 'provision-failed', message: /42, 43/ })
    await assert.rejects(at(url).find(pendingOf('hcloud:index/zone:Zone'), signal), { code: 'provision-failed' })
  })
  it('that is an attachment or a subnet is what the object at its other end says', async (t) => {
    const { url } = await startJsonService(t, ({ path }) => {
      if (path === '/volumes/7') return { body: { volume: { server: 42 } } }
      return path === '/networks/5' ? { body: { network: { subnets: [{ ip_range: '10.20.0.0/16' }] } } } : null
    })
    const attachment = (volumeId: number, serverId: number) => pendingOf('hcloud:index/volumeAttachment:VolumeAttachment', { volumeId, serverId })
    assert.equal(await at(url).find(attachment(7, 42), signal), '7')
    assert.equal(await at(url).find(attachment(7, 43), signal), null)
    assert.equal(await at(url).find(attachment(8, 42), signal), null)
    const subnet = pendingOf('hcloud:index/networkSubnet:NetworkSubnet', { networkId: 5, ipRange: '10.20.0.0/16' })
    assert.equal(await at(url).find(subnet, signal), '5-10.20.0.0/16')
  })
})

test('the mark that a volume holds data is added to its labels, and read back', async (t) => {
  let labels: Record<string, string> = { 'lifeboat-project': 'shop' }
  let loses = false
  const { url, asked } = await startJsonService(t, ({ method, path, body }) => {
    if (path !== '/volumes/7') return null
    if (method === 'PUT' && !loses) labels = (body as { labels: Record<string, string> }).labels
    return { body: { volume: { labels } } }
  })
  const target = at(url)
  assert.equal(await target.holdsData({ volumeId: '7', instanceId: '42' }, signal), false)
  await target.markHoldsData({ volumeId: '7', instanceId: '42' }, signal)
  assert.deepEqual(labels, { 'lifeboat-project': 'shop', 'lifeboat-holds-data': 'yes' })
  assert.equal(await target.holdsData({ volumeId: '7' }, signal), true)
  assert.equal(await target.holdsData({ volumeId: '8' }, signal), false, 'one that is gone holds none')
  assert.ok(asked.every(({ path }) => path.startsWith('/volumes/')))
  loses = true
  labels = {}
  await assert.rejects(target.markHoldsData({ volumeId: '7' }, signal), { code: 'target-refused' })
})

test('a server is off when Hetzner says so, and not when it does not know it', async (t) => {
  const states: Record<string, string> = { '/servers/1': 'off', '/servers/2': 'running', '/servers/3': 'stopping' }
  const { url } = await startJsonService(t, ({ path }) => (states[path] === undefined ? null : { body: { server: { status: states[path] } } }))
  const isOff = async (id: string) => await at(url).isOff?.(id, signal)
  assert.deepEqual([await isOff('1'), await isOff('2'), await isOff('3')], [true, false, false])
  await assert.rejects(isOff('4'), { code: 'target-unreachable' })
})

test('what Hetzner refuses is told in its words, without the token', async (t) => {
  const answers = [
    { status: 401, body: { error: { code: 'unauthorized', message: `the token ${secret} is invalid` } } },
    { status: 403, body: { error: { code: 'resource_limit_exceeded', message: 'server limit exceeded' } } },
    { status: 500, body: null },
  ]
  const { url } = await startJsonService(t, () => answers.shift() ?? null)
  const ask = async () => await at(url).find(pendingOf('hcloud:index/server:Server'), signal)
  await assert.rejects(ask(), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'target-unreachable')
    assert.match(error.message, /unauthorized/)
    assert.ok(!error.message.includes(secret))
    return true
  })
  await assert.rejects(ask(), { code: 'target-refused', message: /server limit exceeded/ })
  await assert.rejects(ask(), { code: 'target-unreachable' })
})

test('what the plugin says is read as refused, unreachable or something else', () => {
  const said = {
    refused: ['server limit exceeded (resource_limit_exceeded, 6ba7)', 'error during placement (resource_unavailable)', 'no space left (placement_error)'],
    unreachable: ['unable to authenticate (unauthorized)', 'insufficient permissions for this request (forbidden)', 'dial tcp: lookup api: no such host'],
    other: ['SSH key not unique (uniqueness_error)', 'server type 7 is deprecated', ''],
  }
  for (const message of said.refused) assert.equal(readHcloudFailure(message), 'refused', message)
  for (const message of said.unreachable) assert.equal(readHcloudFailure(message), 'unreachable', message)
  for (const message of said.other) assert.equal(readHcloudFailure(message), null, message)
})
