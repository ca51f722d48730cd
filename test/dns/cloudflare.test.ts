// What only Cloudflare has: records with ids, a batch that compares nothing else, a first claim without anything to compare.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { Secret } from '../../src/core/secret.ts'
import { batchOf, type IdRecord } from '../../src/dns/cloudflare/batch.ts'
import { cloudflare } from '../../src/dns/cloudflare/index.ts'
import type { DnsProvider, Swap, Wanted } from '../../src/dns/provider.ts'
import { readOne, refusedWith } from '../conformance/dns.ts'
import { startCloudflare, type SimulatedZone } from '../support/cloudflare.ts'

const www = 'www.shop.example'
const owner = 'web-1/3f2a'
const wanted: Wanted = { a: ['203.0.113.11'], aaaa: [], ttl: 60, epoch: { token: 7, owner } }

async function connect({ url, zoneId, token }: Pick<SimulatedZone, 'url' | 'zoneId' | 'token'>, more: object = {}): Promise<DnsProvider> {
  const config = { kind: 'cloudflare', zoneId, token: new Secret(token), endpoint: url, ...more }
  return await cloudflare.connect('cf', cloudflare.schema.parse(config), { tell: () => {} })
}

async function scene(t: TestContext): Promise<{ readonly zone: SimulatedZone; readonly provider: DnsProvider; readonly swap: Swap }> {
  const zone = await startCloudflare(t)
  const provider = await connect(zone)
  return { zone, provider, swap: { name: www, expected: await readOne(provider, www, t.signal), wanted } }
}

test('a batch names every record that was found and leaves exactly what is wanted, each address at most once', () => {
  const address = fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1', '2001:db8::2')
  const some = fc.uniqueArray(address, { maxLength: 4 })
  fc.assert(
    fc.property(some, some, (had, wants) => {
      const typeOf = (value: string) => (value.includes(':') ? 'AAAA' : 'A')
      const addresses = had.map((value, at): IdRecord => ({ id: `${at}`, type: typeOf(value), ttl: 5, value }))
      const state = { name: www, a: [], aaaa: [], ttl: 5, epoch: null }
      const epochs = [{ id: 'seed', type: 'TXT', ttl: 5, value: '' }]
      const to = { ...wanted, a: wants.filter((one) => typeOf(one) === 'A'), aaaa: wants.filter((one) => typeOf(one) === 'AAAA') }
      const { deletes, patches, posts } = batchOf([{ from: { state, oneTtl: true, addresses, epochs }, to }])
      assert.deepEqual([...deletes, ...patches].map(({ id }) => id).toSorted(), [...had.keys()].map(String).concat('seed'))
      for (const { id, content } of patches) assert.equal(typeOf(content), addresses[Number(id)]?.type)
      const left = [...patches, ...posts.filter(({ type }) => type !== 'TXT')].map(({ content }) => content)
      assert.deepEqual(left.toSorted(), wants.toSorted())
      // A name that keeps an address is changed in place: it is never without one on the way.
      for (const type of ['A', 'AAAA']) {
        const [before, after] = [had, wants].map((all) => all.filter((one) => typeOf(one) === type).length)
        const gone = deletes.filter(({ id }) => addresses[Number(id)]?.type === type).length
        assert.equal(gone, Math.max(0, (before ?? 0) - (after ?? 0)))
      }
    }),
  )
})

describe('Cloudflare, as our simulator tells it', () => {
  test('refuses a swap whose name changes in the very moment', async (t) => {
    const newer = async (zone: SimulatedZone) => await claim(await connect(zone), { token: 8, owner }, t.signal)
    const acts: readonly ((zone: SimulatedZone) => Promise<void>)[] = [
      async (zone) => await newer(zone),
      async (zone) => await Promise.resolve(zone.drop(www, 'A')),
      async (zone) => await Promise.resolve(zone.drop(`_lifeboat.${www}`, 'TXT')),
    ]
    for (const act of acts) {
      const { zone, provider, swap } = await scene(t)
      await claim(provider, { token: 6, owner }, t.signal)
      const expected = await readOne(provider, www, t.signal)
      let left: readonly string[] = []
      zone.next.before = async () => {
        await act(zone)
        left = await zone.records(www, 'A')
      }
      const end = provider.swap([{ ...swap, expected }], t.signal)
      await refusedWith('names-changed', end)
      assert.deepEqual(await zone.records(www, 'A'), left)
    }
  })

  test('has exactly one first claim, also of a name that has nothing to compare', async (t) => {
    const { zone, provider } = await scene(t)
    const name = 'new.shop.example'
    const expected = await readOne(provider, name, t.signal)
    const swaps = Array.from({ length: 20 }, (_, at): Swap => {
      return { name, expected, wanted: { ...wanted, a: [`203.0.113.${at + 1}`], epoch: { token: 1, owner: `web-${at}/3f2a` } } }
    })
    const ends = await Promise.allSettled(swaps.map(async (swap) => await provider.swap([swap], t.signal)))
    const winners = swaps.filter((_, at) => ends[at]?.status === 'fulfilled')
    assert.equal(winners.length, 1)
    assert.deepEqual(await readOne(provider, name, t.signal), { name, ...winners[0]?.wanted })
    assert.deepEqual(await zone.records(name, 'A'), [`60 A ${winners[0]?.wanted.a[0]}`])
  })

  test('takes a seed that a dead execution left for no claim, and away with the next one', async (t) => {
    const { zone, provider, swap } = await scene(t)
    zone.add({ name: `_lifeboat.${www}`, type: 'TXT', content: '"v=1 epoch=0 owner=nobody"', ttl: 60, proxied: false })
    assert.equal((await readOne(provider, www, t.signal)).epoch, null)
    await provider.swap([swap], t.signal)
    assert.deepEqual(await zone.records(`_lifeboat.${www}`, 'TXT'), ['60 TXT "v=1 epoch=7 owner=web-1/3f2a"'])
  })

  test('may be busy, or lose its answer: the swap is made, once; what is no answer of it is told', async (t) => {
    for (const answer of ['busy', 'lost', 'garbage'] as const) {
      const { zone, provider, swap } = await scene(t)
      zone.next = { answer }
      await provider.swap([swap], t.signal)
      assert.deepEqual(await zone.records(www, 'A'), ['60 A 203.0.113.11'])
      assert.equal(await zone.changes(), 1)
    }
  })

  test('refuses a token without telling it', async (t) => {
    const { zone } = await scene(t)
    const wrong = await connect({ ...zone, token: 'canary-wrong-token' })
    for (const call of [wrong.read([www], t.signal), wrong.proveWrite([www], t.signal)]) {
      const error = await refusedWith('dns-refused', call)
      assert.equal(error.message, `Cloudflare (cf) did not show the zone ${zone.zoneId}: Invalid access token (9109).`)
      assert.ok(!JSON.stringify(error).includes('canary'))
    }
  })

  test('is unreachable when nobody answers', async () => {
    const nobody = await connect({ url: 'http://127.0.0.1:9', zoneId: 'b'.repeat(32), token: 'x' })
    await refusedWith('dns-unreachable', nobody.read([www], AbortSignal.timeout(20_000)))
  })

  test('has an automatic TTL, a shortest one, and names that no swap could move', async (t) => {
    const zone = await startCloudflare(t, 60)
    const provider = await connect(zone)
    const add = (label: string, type: string, content: string, proxied = false) => zone.add({ name: `${label}.shop.example`, type, content, ttl: 1, proxied })
    add('auto', 'A', '192.0.2.1')
    add('behind', 'A', '192.0.2.1', true)
    add('cname', 'CNAME', www)
    add('sub', 'NS', 'ns.elsewhere.example')
    add('*.wild', 'A', '192.0.2.1')
    assert.equal((await readOne(provider, 'auto.shop.example', t.signal)).ttl, 300)
    assert.equal(provider.shortestTtl, 60)
    const expected = await readOne(provider, www, t.signal)
    const error = await refusedWith('dns-refused', provider.swap([{ name: www, expected, wanted: { ...wanted, ttl: 5 } }], t.signal))
    assert.match(error.message, /Invalid TTL\. Must be between 60 and 86400/)
    for (const [label, text] of [
      ['behind', /is proxied at/],
      ['cname', /is an alias/],
      ['a.sub', /leaves to other servers/],
      ['new.wild', /a wildcard/],
    ] as const) {
      assert.match((await refusedWith('names-unfit', provider.read([`${label}.shop.example`], t.signal))).message, text)
    }
  })

  test('its token goes to nobody over an open line', () => {
    const parse = (endpoint: string) => cloudflare.schema.safeParse({ kind: 'cloudflare', zoneId: 'a'.repeat(32), token: new Secret('x'), endpoint }).success
    assert.deepEqual([parse('http://api.example'), parse('https://api.example'), parse('http://127.0.0.1:1')], [false, true, true])
  })
})

async function claim(provider: DnsProvider, epoch: Wanted['epoch'], signal: AbortSignal): Promise<void> {
  const expected = await readOne(provider, www, signal)
  await provider.swap([{ name: www, expected, wanted: { a: expected.a, aaaa: expected.aaaa, ttl: 10, epoch } }], signal)
}
