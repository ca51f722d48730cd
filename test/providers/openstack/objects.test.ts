// Logging in, finding our objects, the mark of what holds data, and whether a server runs: against answers in the shapes of
// OpenStack's documentation.
import assert from 'node:assert/strict'
import { describe, it, test, type TestContext } from 'node:test'
import { Secret } from '../../../src/core/secret.ts'
import { readOpenstackFailure } from '../../../src/providers/openstack/account.ts'
import { openstackSchema } from '../../../src/providers/openstack/schema.ts'
import { createOpenstackTarget } from '../../../src/providers/openstack/target.ts'
import { startJsonService, type Answer, type Asked } from '../../support/json-service.ts'
import { pendingOf } from '../../support/pending.ts'

const signal = AbortSignal.timeout(30_000)
const secret = 'canary-51c2'
const byPassword = { user: 'ops', password: new Secret(secret), project: 'shop' }
const byCredential = { applicationCredential: 'ac-1', secret: new Secret(secret) }

/** A cloud with one address for all its services. */
async function openCloud(t: TestContext, answer: (asked: Asked) => Answer | null, { lastsMs = 3_600_000, login = byPassword as object } = {}) {
  const service = await startJsonService(t, (asked) => (asked.path === '/v3/auth/tokens' ? tokenFrom(service.url, lastsMs) : answer(asked)))
  const sizes = { small: { cpus: 1, memoryMiB: 1024 } }
  const config = { kind: 'openstack', authUrl: `${service.url}/v3`, region: 'one', login, network: { external: 'public' }, sizes }
  return { ...service, target: createOpenstackTarget('new', openstackSchema.parse(config)) }
}

function tokenFrom(url: string, lastsMs: number): Answer {
  const entry = (type: string) => ({
    type,
    endpoints: [
      { interface: 'internal', region: 'one', url: 'http://10.0.0.1' },
      { interface: 'public', region: 'two', url: 'http://192.0.2.1' },
      { interface: 'public', region: 'one', url: `${url}/${type}/` },
    ],
  })
  const token = { expires_at: new Date(Date.now() + lastsMs).toISOString(), catalog: ['compute', 'volumev3', 'network'].map(entry) }
  return { status: 201, headers: { 'x-subject-token': 'token-1' }, body: { token } }
}

describe('the log-in', () => {
  it('is made once, by user and password, and its token is used until shortly before it ends', async (t) => {
    const { target, asked } = await openCloud(t, () => ({ body: { servers: [] } }))
    for (const _ of [1, 2]) assert.equal(await target.find(pendingOf('openstack:compute/instance:Instance'), signal), null)
    const logins = asked.filter(({ path }) => path === '/v3/auth/tokens')
    const user = { name: 'ops', domain: { name: 'Default' }, password: secret }
    const scope = { project: { name: 'shop', domain: { name: 'Default' } } }
    assert.deepEqual(
      logins.map(({ body }) => body),
      [{ auth: { identity: { methods: ['password'], password: { user } }, scope } }],
    )
    assert.equal(asked[1]?.headers['x-auth-token'], 'token-1')
  })
  it('is made anew when the token is about to end, and can be by an application credential', async (t) => {
    const { target, asked } = await openCloud(t, () => ({ body: { servers: [] } }), { lastsMs: 60_000, login: byCredential })
    for (const _ of [1, 2]) await target.find(pendingOf('openstack:compute/instance:Instance'), signal)
    const logins = asked.filter(({ path }) => path === '/v3/auth/tokens')
    assert.ok(logins.length > 1)
    assert.deepEqual(logins[0]?.body, { auth: { identity: { methods: ['application_credential'], application_credential: { id: 'ac-1', secret } } } })
  })
  it('that is not taken says so, without the password', async (t) => {
    const service = await startJsonService(t, () => ({ status: 401, body: { error: { message: `password ${secret} is wrong` } } }))
    const config = {
      kind: 'openstack',
      authUrl: service.url,
      region: 'one',
      login: byPassword,
      network: { external: 'public' },
      sizes: { s: { cpus: 1, memoryMiB: 1 } },
    }
    const target = createOpenstackTarget('new', openstackSchema.parse(config))
    await assert.rejects(target.find(pendingOf('openstack:compute/instance:Instance'), signal), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'target-unreachable')
      assert.ok(!error.message.includes(secret))
      return true
    })
  })
})

describe('a pending object', () => {
  const marks = { 'lifeboat-project': 'shop', 'lifeboat-stack': 'node-web-1', 'lifeboat-object': 'web-1' }
  it('that is a server is found by its metadata, one of the network by its tags', async (t) => {
    const { target, asked } = await openCloud(t, ({ path }) => {
      if (path.startsWith('/compute/servers/detail'))
        return {
          body: {
            servers: [
              { id: 's-1', metadata: marks },
              { id: 's-2', metadata: { ...marks, 'lifeboat-stack': 'other' } },
            ],
          },
        }
      return { body: { ports: [{ id: 'p-1' }] } }
    })
    assert.equal(await target.find(pendingOf('openstack:compute/instance:Instance'), signal), 's-1')
    assert.equal(await target.find(pendingOf('openstack:networking/port:Port'), signal), 'p-1')
    assert.equal(asked.at(-1)?.path, '/network/v2.0/ports?tags=lifeboat-project:shop,lifeboat-stack:node-web-1,lifeboat-object:web-1')
  })
  it('without marks is found by what it joins, or by its name', async (t) => {
    const { target, asked } = await openCloud(t, ({ path }) => {
      if (path === '/compute/servers/s-1/os-volume_attachments') return { body: { volumeAttachments: [{ id: 'a-1', volumeId: 'v-1' }] } }
      if (path === '/compute/os-keypairs/lifeboat-shop-new') return { body: { keypair: {} } }
      if (path.startsWith('/network/v2.0/ports')) return { body: { ports: [{ id: 'p-9' }] } }
      return path.startsWith('/network/v2.0/security-group-rules') ? { body: { security_group_rules: [] } } : null
    })
    const attach = (volumeId: string) => pendingOf('openstack:compute/volumeAttach:VolumeAttach', { instanceId: 's-1', volumeId })
    assert.equal(await target.find(attach('v-1'), signal), 's-1/a-1')
    assert.equal(await target.find(attach('v-2'), signal), null)
    assert.equal(await target.find(pendingOf('openstack:compute/keypair:Keypair', {}, 'net-new', 'new'), signal), 'lifeboat-shop-new')
    assert.equal(await target.find(pendingOf('openstack:compute/keypair:Keypair', {}, 'net-old', 'old'), signal), null)
    const joined = pendingOf('openstack:networking/routerInterface:RouterInterface', { routerId: 'r-1', subnetId: 'n-1' }, 'net-new', 'new')
    assert.equal(await target.find(joined, signal), 'p-9')
    assert.equal(asked.at(-1)?.path, '/network/v2.0/ports?device_id=r-1&fixed_ips=subnet_id=n-1')
    const rule = { securityGroupId: 'g-1', direction: 'ingress', protocol: 'tcp', portRangeMin: 443, remoteIpPrefix: '0.0.0.0/0' }
    assert.equal(await target.find(pendingOf('openstack:networking/secGroupRule:SecGroupRule', rule), signal), null)
    assert.match(asked.at(-1)?.path ?? '', /port_range_min=443&remote_ip_prefix=0.0.0.0\/0$/)
  })
})

test('the mark that a volume holds data is metadata of it, and read back', async (t) => {
  const metadata: Record<string, string> = { 'lifeboat-project': 'shop' }
  const { target, asked } = await openCloud(t, ({ method, path, body }) => {
    if (path !== '/volumev3/volumes/v-7/metadata') return null
    if (method === 'POST') Object.assign(metadata, (body as { metadata: Record<string, string> }).metadata)
    return { body: { metadata } }
  })
  assert.equal(await target.holdsData({ volumeId: 'v-7', instanceId: 's-1' }, signal), false)
  await target.markHoldsData({ volumeId: 'v-7', instanceId: 's-1' }, signal)
  assert.equal(await target.holdsData({ volumeId: 'v-7' }, signal), true)
  assert.equal(await target.holdsData({ volumeId: 'v-8' }, signal), false, 'one that is gone holds none')
  assert.deepEqual(asked.find(({ method, path }) => method === 'POST' && path.startsWith('/volumev3'))?.body, { metadata: { 'lifeboat-holds-data': 'yes' } })
})

test('a server is off when OpenStack says so, and not when it does not know it', async (t) => {
  const states: Record<string, string> = { '/compute/servers/1': 'SHUTOFF', '/compute/servers/2': 'ACTIVE' }
  const { target } = await openCloud(t, ({ path }) => (states[path] === undefined ? null : { body: { server: { status: states[path] } } }))
  assert.deepEqual([await target.isOff?.('1', signal), await target.isOff?.('2', signal)], [true, false])
  await assert.rejects(async () => await target.isOff?.('3', signal), { code: 'target-unreachable' })
})

test('what OpenStack says is read as refused, unreachable or something else', () => {
  const said = {
    refused: [
      'Quota exceeded for instances: Requested 1, but already used 10 of 10 instances',
      'No valid host was found.',
      "Quota exceeded for resources: ['port'].",
    ],
    unreachable: ['The request you have made requires authentication.', 'Authentication failed', 'dial tcp: lookup cloud: no such host'],
    other: ['Invalid image identifier', ''],
  }
  for (const message of said.refused) assert.equal(readOpenstackFailure(message), 'refused', message)
  for (const message of said.unreachable) assert.equal(readOpenstackFailure(message), 'unreachable', message)
  for (const message of said.other) assert.equal(readOpenstackFailure(message), null, message)
})
