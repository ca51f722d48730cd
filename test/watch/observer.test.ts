// The rounds of an observer: when it looks, what it keeps, that it is bounded and ends. Ladders stand in, as nothing of the
// network matters here.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Evidence } from '../../src/core/evidence.ts'
import { evidenceSchema } from '../../src/core/evidence.ts'
import { sleep } from '../../src/io/wait.ts'
import type { Try } from '../../src/watch/attempt.ts'
import { observe, type ObserverOptions, type Watched } from '../../src/watch/observer.ts'

const well = (ms = 1): Try => ({ rung: 'echo', connection: 'kept', at: new Date().toISOString(), ms, outcome: 'ok', text: '' })

function options(t: TestContext, kept: Evidence[], stop: AbortSignal, watched: readonly Watched[], more: Partial<ObserverOptions> = {}): ObserverOptions {
  const signal = AbortSignal.any([t.signal, stop])
  const log: ObserverOptions['log'] = { append: async (evidence) => await Promise.resolve((kept.push(...evidence), [])) }
  const names = { observer: 'here', failureDomain: 'office' }
  return { ...names, watched, views: [], intervalMs: 1000, suspiciousMs: 50, atOnce: 8, log, onLost: (text) => assert.fail(text), signal, ...more }
}

test('a target that looks bad is looked at sooner than one that is well, until it is well again', async (t) => {
  const stop = new AbortController()
  const rounds = { sick: 0, well: 0 }
  const closed: string[] = []
  const ladder = (name: 'sick' | 'well'): Watched => ({
    target: name,
    role: 'node',
    ladder: {
      round: async () => {
        rounds[name] += 1
        if (rounds.sick >= 8) stop.abort()
        return await Promise.resolve([well(name === 'sick' && rounds.sick < 8 ? 1500 : 2)])
      },
      close: () => void closed.push(name),
    },
  })
  const kept: Evidence[] = []
  await observe(options(t, kept, stop.signal, [ladder('sick'), ladder('well')], { intervalMs: 60_000 }))
  assert.equal(rounds.sick, 8)
  assert.ok(rounds.well <= 1, `${rounds.well} rounds of the target that is well`)
  assert.deepEqual(closed.toSorted(), ['sick', 'well'])
})

test('five hundred targets: so many rounds at once and no more, one round of each in memory, and every record valid', async (t) => {
  const stop = new AbortController()
  const kept: Evidence[] = []
  let [under, most, waiting, mostWaiting] = [0, 0, 0, 0]
  const seen = new Set<string>()
  const watched = Array.from({ length: 500 }, (_, nth): Watched => {
    const target = `node-${nth}`
    const round = async (signal: AbortSignal) => {
      most = Math.max(most, ++under)
      await sleep(2, signal).finally(() => (under -= 1))
      seen.add(target)
      return [well(), { ...well(), rung: 'tcp' as const, connection: 'fresh' as const }]
    }
    return { target, role: 'node', ladder: { round, close: () => undefined } }
  })
  const append: ObserverOptions['log']['append'] = async (evidence) => {
    waiting += evidence.length
    mostWaiting = Math.max(mostWaiting, waiting)
    await sleep(20, t.signal)
    waiting -= evidence.length
    kept.push(...evidence)
    if (seen.size === 500 && kept.some(({ kind }) => kind === 'health')) stop.abort()
    return []
  }
  await observe(options(t, kept, stop.signal, watched, { atOnce: 16, intervalMs: 200, log: { append } }))
  assert.equal(most, 16)
  assert.ok(mostWaiting <= 2 * 500 + 1, `${mostWaiting} records waited for the log`)
  for (const each of kept) evidenceSchema.parse(each)
  assert.ok(kept.some((each) => each.kind === 'health' && each.failureDomain === 'office' && each.observer === 'here'))
})

test('an observer whose own event loop was held up says so', async (t) => {
  const stop = new AbortController()
  const kept: Evidence[] = []
  const busy: Watched['ladder'] = {
    round: async () => {
      for (const began = performance.now(); performance.now() - began < 400;);
      return await Promise.resolve([well(1500)])
    },
    close: () => undefined,
  }
  const onKept = (evidence: readonly Evidence[]): void => void (evidence.some((each) => each.kind === 'health' && each.loopLagMs > 200) && stop.abort())
  await observe(options(t, kept, stop.signal, [{ target: 'web-1', role: 'node', ladder: busy }], { onKept }))
  assert.ok(kept.filter(({ kind }) => kind === 'health').length < 10)
})

test('what cannot be kept is said, and the observer looks on', async (t) => {
  const stop = new AbortController()
  const lost: string[] = []
  const onLost = (text: string): void => void (lost.push(text) === 3 && stop.abort())
  const append = async () => await Promise.reject(new Error('the disk is full'))
  const watched: Watched[] = [{ target: 'web-1', role: 'node', ladder: { round: async () => await Promise.resolve([well()]), close: () => undefined } }]
  await observe(options(t, [], stop.signal, watched, { intervalMs: 20, log: { append }, onLost }))
  assert.equal(lost[0], '1 records of evidence could not be kept: the disk is full')
})

test('what the provider says of its nodes is kept beside what was seen', async (t) => {
  const stop = new AbortController()
  const kept: Evidence[] = []
  const said: Try = { ...well(30), rung: 'view', connection: 'fresh', outcome: 'fail', text: 'the provider says that it is off' }
  const ask = async () => await Promise.resolve(new Map([['web-1', said]]))
  await observe(options(t, kept, stop.signal, [], { views: [{ everyMs: 10, ask }], onKept: () => stop.abort() }))
  const [first] = kept
  assert.deepEqual(first, { kind: 'sample', observer: 'here', target: 'web-1', role: 'node', ...said })
})
