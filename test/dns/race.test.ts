// A thousand controllers that were overtaken send what they had decided, while the one in charge goes on switching, and a
// client asks all the time. They send by themselves, without looking first: what refuses them is the name server alone.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ask, plainExchange } from '../../src/dns/authority.ts'
import { rcodeOf } from '../../src/dns/codec.ts'
import type { NameState, Wanted } from '../../src/dns/provider.ts'
import { types } from '../../src/dns/record-data.ts'
import { signedExchange } from '../../src/dns/rfc2136/signed.ts'
import { updateMessage } from '../../src/dns/rfc2136/update.ts'
import { readOne } from '../conformance/dns.ts'
import { startBind } from '../support/bind.ts'
import { missing, providerOf, type NameServer } from '../support/dns-server.ts'
import { startKnot } from '../support/knot.ts'

const www = 'www.shop.example'
const owner = 'web-1/3f2a'
const stale = 1000
const atOnce = 20
const everyMs = 10

test(
  'of a thousand stale controllers on BIND none is heard, and no answer is empty meanwhile',
  { skip: await missing('named'), timeout: 300_000 },
  async (t) => {
    await race(t, await startBind(t))
  },
)
test(
  'of a thousand stale controllers on Knot none is heard, and no answer is empty meanwhile',
  { skip: await missing('knotd'), timeout: 300_000 },
  async (t) => {
    await race(t, await startKnot(t))
  },
)

async function race(t: TestContext, server: NameServer): Promise<void> {
  const provider = providerOf(server)
  const wanted = (last: number, token: number): Wanted => ({ a: [`203.0.113.${last}`], aaaa: [], ttl: 5, epoch: { token, owner } })
  const swap = async (expected: NameState, to: Wanted) => await provider.swap([{ name: www, expected, wanted: to }], t.signal)
  /** All that a controller of an earlier epoch may have read. */
  const seen: NameState[] = []
  for (const token of [0, 1, 2, 3]) {
    const state = await readOne(provider, www, t.signal)
    seen.push(state)
    // The addresses of then are often those of now: the epoch alone tells.
    await swap(state, wanted(10 + (token % 2), token + 1))
  }
  let done = false
  const accepted: number[] = []
  const exchange = signedExchange(server, server.key, Date.now)
  const controllers = async (from: number) => {
    for (let at = from; at < stale; at += atOnce) {
      const state = seen[at % seen.length] ?? assert.fail()
      const message = updateMessage(at, server.zone, [{ from: state, to: wanted(200, 99) }])
      const [reply] = await exchange.send([message], t.signal)
      if (reply?.rcode !== rcodeOf('NXRRSET') && reply?.rcode !== rcodeOf('YXRRSET')) accepted.push(at)
    }
  }
  let [switches, samples, empty] = [0, 0, 0]
  const inCharge = async () => {
    for (let token = 5; !done; token += 1) {
      await swap(await readOne(provider, www, t.signal), wanted(10 + (token % 2), token))
      switches += 1
    }
  }
  const client = async () => {
    const plain = plainExchange(server)
    while (!done) {
      const [reply] = await ask(plain, [{ name: www, type: types.A }], t.signal)
      samples += 1
      if (reply?.answers.length !== 1) empty += 1
      await delay(everyMs)
    }
  }
  // One answer may take longer than the time between two: several ask in turn.
  const others = [inCharge(), ...Array.from({ length: 4 }, client)]
  await Promise.all(Array.from({ length: atOnce }, async (_, from) => await controllers(from)))
  done = true
  await Promise.all(others)
  t.diagnostic(`${stale} stale updates, ${accepted.length} accepted; ${switches} switches of the one in charge; ${samples} answers, ${empty} empty`)
  assert.deepEqual(accepted, [])
  assert.equal(empty, 0)
  assert.ok(switches >= 3 && samples >= 30, `${switches} switches, ${samples} answers`)
  assert.match((await readOne(provider, www, t.signal)).a.join(), /^203\.0\.113\.1[01]$/)
}
