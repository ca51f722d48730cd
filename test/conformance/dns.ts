// What every DnsProvider that writes must do, against a real server. The zone holds `shopZone` (support/dns-server.ts).
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../../src/core/errors.ts'
import { disagreements } from '../../src/dns/agreement.ts'
import type { DnsProvider, NameState, Swap, Wanted } from '../../src/dns/provider.ts'

export type DnsSubject = {
  readonly provider: DnsProvider
  /** `TTL TYPE data` of each record, told by a program that is not ours. */
  readonly records: (name: string, type: string) => Promise<readonly string[]>
  /** A number that rises by one with each change of the zone, such as its serial. */
  readonly changes: () => Promise<number>
  /** Sequences of swaps that are tried; default 25. */
  readonly sequences?: number
}

const www = 'www.shop.example'
const api = 'api.shop.example'
const files = 'files.shop.example'
const owner = 'web-1/3f2a'

const wanted: Wanted = { a: ['203.0.113.11'], aaaa: ['2001:db8::b'], ttl: 60, epoch: { token: 7, owner } }

/** Runs the suite; `skip` is the reason why it cannot run here, or false. */
export function dnsConformance(kind: string, skip: string | false, start: (t: TestContext) => Promise<DnsSubject>): void {
  describe(`every DNS provider: ${kind}`, { skip }, () => {
    for (const [title, body] of Object.entries(facts)) {
      test(title, { timeout: 60_000 }, async (t) => {
        await body(await start(t), t.signal)
      })
    }
  })
}

type Fact = (subject: DnsSubject, signal: AbortSignal) => Promise<void>

const facts: Readonly<Record<string, Fact>> = {
  'reading tells what the zone holds, in the order asked': async ({ provider }, signal) => {
    assert.deepEqual(await provider.read([api, 'nobody.shop.example', 'WWW.Shop.Example.'], signal), [
      { name: api, a: ['192.0.2.20', '192.0.2.21'], aaaa: ['2001:db8::20'], ttl: 10, epoch: null },
      { name: 'nobody.shop.example', a: [], aaaa: [], ttl: null, epoch: null },
      { name: www, a: ['192.0.2.10'], aaaa: [], ttl: 10, epoch: null },
    ])
    assert.deepEqual(await provider.read([], signal), [])
  },

  'a swap replaces both address sets, their TTL and the epoch together': async ({ provider, records }, signal) => {
    await provider.swap([{ name: www, expected: await readOne(provider, www, signal), wanted }], signal)
    assert.deepEqual(await records(www, 'A'), ['60 A 203.0.113.11'])
    assert.deepEqual(await records(www, 'AAAA'), ['60 AAAA 2001:db8::b'])
    assert.deepEqual(await records(`_lifeboat.${www}`, 'TXT'), ['60 TXT "v=1 epoch=7 owner=web-1/3f2a"'])
    assert.deepEqual(await readOne(provider, www, signal), { name: www, ...wanted })
  },

  'the same swap again writes nothing': async ({ provider, changes }, signal) => {
    const swap = { name: www, expected: await readOne(provider, www, signal), wanted }
    await provider.swap([swap], signal)
    const before = await changes()
    await provider.swap([swap], signal)
    assert.equal(await changes(), before)
  },

  'addresses that were written in another spelling are the same addresses': async ({ provider, changes }, signal) => {
    const swap = { name: www, expected: await readOne(provider, www, signal), wanted }
    await provider.swap([swap], signal)
    const before = await changes()
    const spelled = { ...wanted, a: ['203.0.113.11', '203.0.113.11'], aaaa: ['2001:0DB8:0:0::000B'] }
    await provider.swap([{ ...swap, name: 'WWW.shop.example.', wanted: spelled }], signal)
    assert.equal(await changes(), before)
  },

  'a name whose addresses changed since they were read is left alone': async ({ provider, changes, records }, signal) => {
    const read = await readOne(provider, www, signal)
    const before = await changes()
    const stale = [
      { ...read, a: ['192.0.2.11'] },
      { ...read, a: ['192.0.2.10', '192.0.2.11'] },
      { ...read, aaaa: ['2001:db8::1'] },
      { ...read, a: [] },
      { ...read, epoch: { token: 6, owner } },
    ]
    for (const expected of stale) await refusedWith('names-changed', provider.swap([{ name: www, expected, wanted }], signal))
    assert.equal(await changes(), before)
    assert.deepEqual(await records(www, 'A'), ['10 A 192.0.2.10'])
  },

  'an execution with an older epoch, or of another owner, is refused': async ({ provider, changes }, signal) => {
    const old = await readOne(provider, www, signal)
    await provider.swap([{ name: www, expected: old, wanted }], signal)
    const mine = await readOne(provider, www, signal)
    const before = await changes()
    const next = { ...wanted, a: ['198.51.100.1'], epoch: { token: 9, owner } }
    await refusedWith('names-changed', provider.swap([{ name: www, expected: { ...mine, epoch: null }, wanted: next }], signal))
    await refusedWith('names-changed', provider.swap([{ name: www, expected: { ...mine, epoch: { token: 6, owner } }, wanted: next }], signal))
    await refusedWith('names-changed', provider.swap([{ name: www, expected: { ...mine, epoch: { token: 7, owner: 'web-1/0000' } }, wanted: next }], signal))
    await refusedWith('token-stale', provider.swap([{ name: www, expected: mine, wanted: { ...next, epoch: { token: 6, owner } } }], signal))
    assert.equal(await changes(), before)
    await provider.swap([{ name: www, expected: mine, wanted: next }], signal)
    assert.deepEqual((await readOne(provider, www, signal)).a, ['198.51.100.1'])
  },

  'of twenty swaps at once exactly one wins': async ({ provider }, signal) => {
    const expected = await readOne(provider, www, signal)
    const swaps = Array.from({ length: 20 }, (_, at): Swap => {
      return { name: www, expected, wanted: { a: [`203.0.113.${at + 1}`], aaaa: [], ttl: 60, epoch: { token: 7 + at, owner: `web-${at}/3f2a` } } }
    })
    const ends = await Promise.allSettled(swaps.map((swap) => provider.swap([swap], signal)))
    const winners = swaps.filter((_, at) => ends[at]?.status === 'fulfilled')
    assert.deepEqual(await readOne(provider, www, signal), { name: www, ...winners[0]?.wanted })
    assert.equal(winners.length, 1)
    for (const end of ends) if (end.status === 'rejected') assert.equal(codeOf(end.reason), 'names-changed')
  },

  'one swap that is called twenty times at once succeeds every time and is made once': async ({ provider, changes }, signal) => {
    const swap = { name: www, expected: await readOne(provider, www, signal), wanted }
    const before = await changes()
    await Promise.all(Array.from({ length: 20 }, () => provider.swap([swap], signal)))
    assert.equal(await changes(), before + 1)
  },

  'records that were not named stay as they are': async ({ provider, records }, signal) => {
    const look = async () =>
      Promise.all([records(api, 'A'), records(api, 'AAAA'), records(files, 'A'), records('ns1.shop.example', 'A'), records('shop.example', 'NS')])
    const before = await look()
    await provider.swap([{ name: www, expected: await readOne(provider, www, signal), wanted }], signal)
    assert.deepEqual(await look(), before)
  },

  'a name is never left without any address': async ({ provider, changes }, signal) => {
    const before = await changes()
    const expected = await readOne(provider, www, signal)
    await refusedWith('names-unfit', provider.swap([{ name: www, expected, wanted: { ...wanted, a: [], aaaa: [] } }], signal))
    assert.equal(await changes(), before)
  },

  'one family may go while the other stays': async ({ provider, records }, signal) => {
    await provider.swap([{ name: api, expected: await readOne(provider, api, signal), wanted: { ...wanted, aaaa: [] } }], signal)
    assert.deepEqual(await records(api, 'AAAA'), [])
    assert.deepEqual(await records(api, 'A'), ['60 A 203.0.113.11'])
  },

  'a claim changes the epoch and nothing else': async ({ provider, records }, signal) => {
    const read = await readOne(provider, api, signal)
    await provider.swap([{ name: api, expected: read, wanted: { a: read.a, aaaa: read.aaaa, ttl: 10, epoch: { token: 1, owner } } }], signal)
    assert.deepEqual(await readOne(provider, api, signal), { ...read, epoch: { token: 1, owner } })
    assert.deepEqual(await records(api, 'A'), ['10 A 192.0.2.20', '10 A 192.0.2.21'])
  },

  'a name without addresses can be claimed and then given some': async ({ provider }, signal) => {
    const name = 'new.shop.example'
    await provider.swap([{ name, expected: await readOne(provider, name, signal), wanted: { ...wanted, a: [], aaaa: [] } }], signal)
    const claimed = await readOne(provider, name, signal)
    assert.deepEqual(claimed, { name, a: [], aaaa: [], ttl: null, epoch: wanted.epoch })
    await provider.swap([{ name, expected: claimed, wanted }], signal)
    assert.deepEqual(await readOne(provider, name, signal), { name, ...wanted })
  },

  'a TTL alone can change': async ({ provider, records }, signal) => {
    const read = await readOne(provider, api, signal)
    await provider.swap([{ name: api, expected: read, wanted: { a: read.a, aaaa: read.aaaa, ttl: 5, epoch: wanted.epoch } }], signal)
    assert.deepEqual(await records(api, 'A'), ['5 A 192.0.2.20', '5 A 192.0.2.21'])
    assert.deepEqual(await records(api, 'AAAA'), ['5 AAAA 2001:db8::20'])
  },

  'two names in one call change together or not at all': async ({ provider, changes }, signal) => {
    const [first, second] = await provider.read([www, files], signal)
    assert.ok(first && second)
    const before = await changes()
    const stale = { ...second, a: ['192.0.2.99'] }
    const swaps = (expected: NameState): Swap[] => [
      { name: www, expected: first, wanted },
      { name: files, expected, wanted: { ...wanted, a: ['203.0.113.12'] } },
    ]
    await refusedWith('names-changed', provider.swap(swaps(stale), signal))
    assert.equal(await changes(), before)
    await provider.swap(swaps(second), signal)
    assert.deepEqual(
      (await provider.read([www, files], signal)).map(({ a }) => a),
      [['203.0.113.11'], ['203.0.113.12']],
    )
  },

  'proving the right to write changes nothing': async ({ provider, changes }, signal) => {
    const before = await changes()
    await provider.proveWrite([www, api, 'nobody.shop.example'], signal)
    assert.equal(await changes(), before)
    assert.equal((await readOne(provider, www, signal)).epoch, null)
  },

  'all authorities agree after a swap': async ({ provider }, signal) => {
    const swap = { name: www, expected: await readOne(provider, www, signal), wanted }
    const before = await disagreements(provider, [swap], signal)
    assert.ok(before.length >= 1)
    assert.deepEqual(before[0]?.found?.a, ['192.0.2.10'])
    await provider.swap([swap], signal)
    assert.deepEqual(await disagreements(provider, [swap], signal), [])
  },

  'an aborted call ends with the reason of the abort': async ({ provider }) => {
    const reason = new Error('enough')
    await assert.rejects(provider.read([www], AbortSignal.abort(reason)), reason)
  },

  'any sequence of swaps leaves what a register with compare-and-swap would hold': async ({ provider, sequences = 25 }, signal) => {
    const last = fc.integer({ min: 1, max: 3 })
    const step = fc.record({
      name: fc.constantFrom(www, files),
      a: last,
      aaaa: fc.option(last),
      ttl: fc.constantFrom(5, 60),
      isStale: fc.boolean(),
      raise: fc.nat(1),
    })
    let register = await provider.read([www, files], signal)
    const attempt = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      for (const { name, a, aaaa, ttl, isStale, raise } of steps) {
        const now = register.find((state) => state.name === name)
        assert.ok(now)
        const expected = isStale ? { ...now, a: ['192.0.2.200'] } : now
        const token = (now.epoch?.token ?? 0) + raise
        const next: Wanted = { a: [`203.0.113.${a}`], aaaa: aaaa === null ? [] : [`2001:db8::${aaaa}`], ttl, epoch: { token, owner } }
        const isSame = JSON.stringify({ name, ...next }) === JSON.stringify(now)
        const swap = provider.swap([{ name, expected, wanted: next }], signal)
        if (isStale && !isSame) await refusedWith('names-changed', swap)
        else {
          await swap
          register = register.map((state) => (state.name === name ? { name, ...next } : state))
        }
        assert.deepEqual(await provider.read([www, files], signal), register)
      }
    })
    await fc.assert(attempt, { numRuns: sequences })
  },
}

/** The state of one name. */
export async function readOne(provider: DnsProvider, name: string, signal: AbortSignal): Promise<NameState> {
  const [state] = await provider.read([name], signal)
  assert.ok(state)
  return state
}

/** The call fails with this code, and its sentence is one. */
export async function refusedWith(code: string, call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error, `expected ${code}, but the call succeeded`)
  assert.equal(codeOf(error), code, error.message)
  assert.match(error.message, /^[^\n]+\.$/)
  return error
}
