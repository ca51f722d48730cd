// Finding our objects at DigitalOcean, the mark of what holds data, and whether a droplet runs: against answers in the shapes
// of its documentation.
import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { Secret } from '../../../src/core/secret.ts'
import { readDigitaloceanFailure } from '../../../src/providers/digitalocean/account.ts'
import { digitaloceanSchema } from '../../../src/providers/digitalocean/schema.ts'
import { createDigitaloceanTarget } from '../../../src/providers/digitalocean/target.ts'
import { startJsonService } from '../../support/json-service.ts'
import { pendingOf } from '../../support/pending.ts'

const signal = AbortSignal.timeout(30_000)
const at = (endpoint: string) =>
  createDigitaloceanTarget('new', digitaloceanSchema.parse({ kind: 'digitalocean', token: new Secret('canary'), region: 'fra1', endpoint }))
const marks = ['lifeboat-project:shop', 'lifeboat-stack:node-web-1', 'lifeboat-object:web-1']

describe('a pending object', () => {
  it('is found by all its tags, on whatever page of the list it stands', async (t) => {
    const { url } = await startJsonService(t, ({ path }) => {
      const next = { pages: { next: 'https://api.example/v2/droplets?page=2' } }
      if (path.endsWith('page=1')) return { body: { droplets: [{ id: 1, name: 'web-1', tags: marks.slice(1) }], links: next } }
      return { body: { droplets: [{ id: 42, name: 'other', tags: [...marks, 'more'] }], links: { pages: { prev: 'x' } } } }
    })
    assert.equal(await at(url).find(pendingOf('digitalocean:index/droplet:Droplet'), signal), '42')
  })
  it('is found by its name where it takes no tags', async (t) => {
    const { url, asked } = await startJsonService(t, () => ({
      body: {
        ssh_keys: [
          { id: 7, name: 'lifeboat-shop-new' },
          { id: 8, name: 'new' },
        ],
        links: {},
      },
    }))
    assert.equal(await at(url).find(pendingOf('digitalocean:index/sshKey:SshKey', {}, 'net-new', 'new'), signal), '7')
    assert.equal(await at(url).find(pendingOf('digitalocean:index/sshKey:SshKey', {}, 'net-old', 'old'), signal), null)
    assert.equal(asked[0]?.path, '/v2/account/keys?per_page=200&page=1')
  })
})

test('the mark that a volume holds data is a tag on it, and read back', async (t) => {
  const tags: string[] = [...marks]
  const { url, asked } = await startJsonService(t, ({ method, path }) => {
    if (method === 'GET') return path === '/v2/volumes/v-7' ? { body: { volume: { tags } } } : null
    if (path.endsWith('/resources')) tags.push('lifeboat-holds-data:yes')
    return { status: 201, body: {} }
  })
  const target = at(url)
  assert.equal(await target.holdsData({ volumeId: 'v-7', instanceId: '42' }, signal), false)
  await target.markHoldsData({ volumeId: 'v-7', instanceId: '42' }, signal)
  assert.equal(await target.holdsData({ volumeId: 'v-7' }, signal), true)
  assert.equal(await target.holdsData({ volumeId: 'v-8' }, signal), false, 'one that is gone holds none')
  const put = asked.find(({ path }) => path.endsWith('/resources'))
  assert.deepEqual(put?.body, { resources: [{ resource_id: 'v-7', resource_type: 'volume' }] })
})

test('a droplet is off when DigitalOcean says so, and not when it does not know it', async (t) => {
  const states: Record<string, string> = { '/v2/droplets/1': 'off', '/v2/droplets/2': 'active' }
  const { url } = await startJsonService(t, ({ path }) => (states[path] === undefined ? null : { body: { droplet: { status: states[path] } } }))
  assert.deepEqual([await at(url).isOff?.('1', signal), await at(url).isOff?.('2', signal)], [true, false])
  await assert.rejects(async () => await at(url).isOff?.('3', signal), { code: 'target-unreachable' })
})

test('what DigitalOcean says is read as refused, unreachable or something else', () => {
  const said = {
    refused: ['creating this/these droplet(s) will exceed your droplet limit', 'Size is not available in this region.'],
    unreachable: ['Error: GET https://api: 401 Unable to authenticate you', 'dial tcp: lookup api: no such host'],
    other: ['name must be a valid hostname', 'Too many requests', ''],
  }
  for (const message of said.refused) assert.equal(readDigitaloceanFailure(message), 'refused', message)
  for (const message of said.unreachable) assert.equal(readDigitaloceanFailure(message), 'unreachable', message)
  for (const message of said.other) assert.equal(readDigitaloceanFailure(message), null, message)
})
