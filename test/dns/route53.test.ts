// What only Route 53 has: batches that quote what they delete, changes that are pending, sets that are no plain addresses.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ChangeResourceRecordSetsCommand, type Change as AwsChange } from '@aws-sdk/client-route-53'
import fc from 'fast-check'
import { Secret } from '../../src/core/secret.ts'
import type { Swap, Wanted } from '../../src/dns/provider.ts'
import { batchOf, type SetRecord } from '../../src/dns/route53/batch.ts'
import { route53 } from '../../src/dns/route53/index.ts'
import { readOne, refusedWith } from '../conformance/dns.ts'
import { missingMoto, startMoto, type Moto } from '../support/moto.ts'
import { keys, openHostedZone, setOf, type HostedZone } from '../support/route53-zone.ts'

const www = 'www.shop.example'
const owner = 'web-1/3f2a'
const wanted: Wanted = { a: ['203.0.113.11'], aaaa: [], ttl: 60, epoch: { token: 7, owner } }

describe('a batch', () => {
  const address = fc.integer({ min: 1, max: 3 }).map((last) => `192.0.2.${last}`)
  const held = fc.record({ a: fc.uniqueArray(address, { maxLength: 2 }), token: fc.option(fc.integer({ min: 1, max: 3 })), ttl: fc.constantFrom(5, 60) })
  type Held = { readonly a: readonly string[]; readonly token: number | null; readonly ttl: number }
  const sets = ({ a, token, ttl }: Held) => [
    ...(a.length > 0 ? [setOf(`${www}.`, 'A', ttl, ...a)] : []),
    ...(token === null ? [] : [setOf(`_lifeboat.${www}.`, 'TXT', ttl, `"v=1 epoch=${token} owner=${owner}"`)]),
  ]
  /** As the documentation says: a deletion must quote what is there, a creation must find nothing, all or none. */
  const apply = (zone: ReturnType<typeof sets>, batch: readonly AwsChange[]): ReturnType<typeof sets> | null => {
    const now = new Map(zone.map((set) => [`${set.Name} ${set.Type}`, set]))
    for (const { Action, ResourceRecordSet: set } of batch) {
      const key = `${set?.Name} ${set?.Type}`
      if (Action === 'DELETE' ? JSON.stringify(now.get(key)) !== JSON.stringify(set) : now.has(key)) return null
      if (Action === 'DELETE') now.delete(key)
      else if (set !== undefined) now.set(key, set)
    }
    return [...now.values()]
  }
  const change = (from: Held, to: Wanted) => {
    const records = sets(from).map((set): SetRecord => ({ type: set.Type ?? '', ttl: from.ttl, value: '', set }))
    const state = { name: www, a: from.a, aaaa: [], ttl: from.ttl, epoch: from.token === null ? null : { token: from.token, owner } }
    return { from: { state, oneTtl: true, addresses: records.filter(({ type }) => type === 'A'), epochs: records.filter(({ type }) => type === 'TXT') }, to }
  }

  test('that was made from what a zone holds leaves what is wanted, and any other zone refuses it', () => {
    fc.assert(
      fc.property(held, held, ({ a, token, ttl }, other) => {
        const batch = batchOf([change({ a, token, ttl }, wanted)])
        assert.deepEqual(apply(sets({ a, token, ttl }), batch), sets({ a: wanted.a, token: 7, ttl: 60 }))
        const isOther = JSON.stringify(sets(other)) !== JSON.stringify(sets({ a, token, ttl }))
        if (isOther) assert.equal(apply(sets(other), batch), null)
      }),
    )
  })

  test('has a size that Route 53 takes, or is refused before it is sent', () => {
    const many = Array.from({ length: 251 }, () => change({ a: ['192.0.2.1'], token: 1, ttl: 5 }, wanted))
    assert.equal(batchOf(many.slice(1)).length, 1000)
    assert.throws(() => batchOf(many), /1004 records with \d+ characters; Route 53 takes 1000 and 32000\.$/)
  })
})

describe('Route 53', { skip: missingMoto, timeout: 120_000 }, () => {
  let moto: Moto
  before(async () => void (moto = await startMoto()))
  after(async () => await moto.stop())

  const swapOf = async (zone: HostedZone, signal: AbortSignal): Promise<Swap> => ({ name: www, expected: await readOne(zone.provider, www, signal), wanted })

  /** Somebody else's change when the swap has looked and its batch is about to go out. */
  const atTheLast = (zone: HostedZone, act: () => Promise<void>): void => {
    let done = false
    zone.client.middlewareStack.add(
      (next) => async (args) => {
        const isBatch = 'ChangeBatch' in (args.input as object)
        if (isBatch && !done) {
          done = true
          await act()
        }
        return await next(args)
      },
      { step: 'initialize' },
    )
  }

  test('refuses a swap whose name changes in the very moment', async (t) => {
    const epoch = setOf(`_lifeboat.${www}`, 'TXT', 60, '"v=1 epoch=8 owner=web-1/ffff"')
    const acts: readonly ((zone: HostedZone) => Promise<void>)[] = [
      async (zone) => await zone.change('UPSERT', setOf(www, 'A', 10, '198.51.100.99')),
      async (zone) => await zone.change('UPSERT', setOf(www, 'A', 10, '192.0.2.10', '198.51.100.99')),
      async (zone) => await zone.change('DELETE', setOf(www, 'A', 10, '192.0.2.10')),
      async (zone) => await zone.change('CREATE', epoch),
    ]
    for (const act of acts) {
      const zone = await openHostedZone(t, moto)
      const swap = await swapOf(zone, t.signal)
      let left: readonly string[] = []
      atTheLast(zone, async () => {
        await act(zone)
        left = await zone.records(www, 'A')
      })
      await refusedWith('names-changed', zone.provider.swap([swap], t.signal))
      assert.deepEqual(await zone.records(www, 'A'), left)
      assert.equal(await zone.changes(), 2)
    }
  })

  test('refuses an execution whose name a newer one claims in the very moment, addresses as they were', async (t) => {
    const zone = await openHostedZone(t, moto)
    await zone.provider.swap([{ ...(await swapOf(zone, t.signal)), wanted: { ...wanted, a: ['192.0.2.10'], ttl: 10 } }], t.signal)
    const swap = { ...(await swapOf(zone, t.signal)), wanted: { ...wanted, ttl: 10 } }
    const claim = { a: ['192.0.2.10'], aaaa: [], ttl: 10, epoch: { token: 8, owner } }
    const newer = await openProvider(zone)
    atTheLast(zone, async () => await newer.swap([{ ...swap, wanted: claim }], t.signal))
    await refusedWith('names-changed', zone.provider.swap([swap], t.signal))
    assert.deepEqual(await zone.records(www, 'A'), ['10 A 192.0.2.10'])
  })

  const openProvider = async (zone: HostedZone) =>
    await route53.connect(
      'r53',
      route53.schema.parse({
        kind: 'route53',
        zoneId: zone.id,
        endpoint: moto.url,
        accessKey: new Secret(keys.accessKeyId),
        secretKey: new Secret(keys.secretAccessKey),
      }),
      { tell: () => {} },
    )

  test('is asked until all its servers have the change', async (t) => {
    const zone = await openHostedZone(t, moto)
    await moto.post('/lab/pending', { action: 'GetChange', count: 3 })
    const asked = async () => Number(((await moto.get('/lab/calls')) as Readonly<Record<string, number>>)['route53.GetChange'] ?? 0)
    const first = await asked()
    await zone.provider.swap([await swapOf(zone, t.signal)], t.signal)
    assert.equal(await asked(), first + 4)
  })

  test('may be busy, or lose its answer: the swap is made, once', async (t) => {
    for (const [door, order] of [
      ['/lab/refuse', { code: 'Throttling', count: 2 }],
      ['/lab/refuse', { code: 'PriorRequestNotComplete', count: 1 }],
      ['/lab/lose', { count: 1 }],
    ] as const) {
      const zone = await openHostedZone(t, moto)
      const swap = await swapOf(zone, t.signal)
      const made = await zone.changes()
      await moto.post(door, { action: 'ChangeResourceRecordSets', ...order })
      await zone.provider.swap([swap], t.signal)
      assert.deepEqual(await zone.records(www, 'A'), ['60 A 203.0.113.11'])
      assert.equal(await zone.changes(), made + 1)
    }
  })

  test('that refuses the account, or a clock that is off, is told without the secret', async (t) => {
    const zone = await openHostedZone(t, moto)
    const swap = await swapOf(zone, t.signal)
    for (const code of ['AccessDenied', 'InvalidClientTokenId', 'RequestExpired']) {
      await moto.post('/lab/refuse', { action: 'ChangeResourceRecordSets', code, count: 2, message: `not\nso ${code}` })
      const error = await refusedWith('dns-refused', zone.provider.swap([swap], t.signal))
      assert.match(error.message, new RegExp(`^Route 53 \\(r53\\) did not change www.*: ${code}: not so ${code}\\.$`))
      assert.ok(!error.message.includes(keys.secretAccessKey))
      await refusedWith('dns-refused', zone.provider.proveWrite([www], t.signal))
    }
    const none = await route53.connect(
      'r53',
      route53.schema.parse({ kind: 'route53', zoneId: 'ZNOBODY', endpoint: moto.url, accessKey: new Secret('a'), secretKey: new Secret('b') }),
      { tell: () => {} },
    )
    await refusedWith('dns-refused', none.read([www], t.signal))
    assert.equal(await zone.changes(), 1)
  })

  test('that nobody reaches is unreachable', async (t) => {
    const own = await startMoto()
    const zone = await openHostedZone(t, own)
    const swap = await swapOf(zone, t.signal)
    await own.stop()
    await refusedWith('dns-unreachable', zone.provider.swap([swap], t.signal))
  })

  test('has sets that are no plain addresses: they are refused, by read and by swap', async (t) => {
    const zone = await openHostedZone(t, moto)
    const alias = { HostedZoneId: zone.id, DNSName: 'www.shop.example.', EvaluateTargetHealth: false }
    await zone.client.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone.id,
        ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: { Name: 'alias.shop.example', Type: 'A', AliasTarget: alias } }] },
      }),
    )
    await zone.change('CREATE', { ...setOf('weighted.shop.example', 'A', 10, '192.0.2.1'), SetIdentifier: 'one', Weight: 1 })
    await zone.change('CREATE', setOf('cname.shop.example', 'CNAME', 10, 'www.shop.example.'))
    await zone.change('CREATE', setOf('sub.shop.example', 'NS', 10, 'ns.elsewhere.example.'))
    await zone.change('CREATE', setOf('*.wild.shop.example', 'A', 10, '192.0.2.1'))
    await zone.change('CREATE', setOf('foreign.shop.example', 'A', 10, '192.0.2.1'), setOf('_lifeboat.foreign.shop.example', 'TXT', 10, '"not ours"'))
    const cases = {
      alias: ['names-unfit', /is an alias of www\.shop\.example/],
      weighted: ['names-unfit', /has a routing policy .* \(set one\)/],
      cname: ['names-unfit', /is an alias \(CNAME\)/],
      'a.sub': ['names-unfit', /lies in sub\.shop\.example, which .* leaves to other servers/],
      'new.wild': ['names-unfit', /a wildcard \(\*\.wild\.shop\.example\) answers for it/],
      foreign: ['names-changed', /is not one that Lifeboat wrote: "not ours"/],
    } as const
    for (const [label, [code, text]] of Object.entries(cases)) {
      const name = `${label}.shop.example`
      assert.match((await refusedWith(code, zone.provider.read([name], t.signal))).message, text)
      const expected = { name, a: [], aaaa: [], ttl: null, epoch: null }
      await refusedWith(code, zone.provider.swap([{ name, expected, wanted }], t.signal))
    }
    await refusedWith('names-unfit', zone.provider.read(['www.elsewhere.example'], t.signal))
  })
})

test('its configuration wants one sort of credentials', () => {
  const parse = (more: object) => route53.schema.safeParse({ kind: 'route53', zoneId: 'Z1', ...more }).success
  assert.deepEqual([parse({}), parse({ profile: 'shop' }), parse({ accessKey: new Secret('a'), secretKey: new Secret('b') })], [true, true, true])
  assert.deepEqual(
    [
      parse({ accessKey: new Secret('a') }),
      parse({ profile: 'x', accessKey: new Secret('a'), secretKey: new Secret('b') }),
      parse({ zoneId: '/hostedzone/Z1' }),
    ],
    [false, false, false],
  )
})
