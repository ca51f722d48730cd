// What caches still tell after a switch, with a real one that keeps answers longer than it should.
import assert from 'node:assert/strict'
import test from 'node:test'
import { askCaches } from '../../src/dns/caches.ts'
import { endpointText } from '../../src/io/dns-wire.ts'
import { startBind } from '../support/bind.ts'
import { freePort, missing, providerOf } from '../support/dns-server.ts'

const names = ['www.shop.example', 'api.shop.example']

test('a cache that still tells an old address is counted, one that is silent is not', { skip: await missing('named') }, async (t) => {
  const authority = await startBind(t)
  const caches = [authority, await startBind(t, { cacheOf: authority })].map(endpointText)
  const provider = providerOf(authority)
  const look = async () => await askCaches(await provider.read(names, t.signal), [...caches, `127.0.0.1:${await freePort()}`], t.signal)

  assert.deepEqual(await look(), { asked: 4, stale: 0 })
  await authority.nsupdate(['update delete www.shop.example A', 'update add www.shop.example 1 A 203.0.113.11'])
  assert.deepEqual(await look(), { asked: 4, stale: 1 })
  // An old IPv6 address beside the right IPv4 one is as old.
  await authority.nsupdate(['update delete api.shop.example AAAA'])
  assert.deepEqual(await look(), { asked: 4, stale: 2 })
})

test('where nobody answers, nothing is known', async (t) => {
  const state = { name: 'www.shop.example', a: ['192.0.2.10'], aaaa: [], ttl: 5, epoch: null }
  assert.equal(await askCaches([state], [`127.0.0.1:${await freePort()}`], t.signal), null)
})
