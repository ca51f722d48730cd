// From evidence to a standing: golden stories (test/core/cases/judge, one each), and what holds of any evidence.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Evidence } from '../../src/core/evidence.ts'
import { judge, targetView } from '../../src/core/judge.ts'
import { largestGroup } from '../../src/core/judge-rules.ts'
import { seedOfRun } from '../support/draw.ts'
import { casesOf } from './planning.ts'
import { ladder, play, rounds, rulesOf, start, told, type Play } from './judging.ts'

describe('the judge', () => {
  for (const { name, given, expect } of casesOf('judge')) {
    it(name, () => {
      const views = play(given as unknown as Play, Object.keys(expect).map(Number))
      assert.deepEqual(Object.fromEntries([...views].map(([second, view]) => [second, told(view)])), expect)
    })
  }
})

const names = ['paris', 'oslo', 'rome', 'bern', 'wien']
const said = fc.oneof(
  fc
    .tuple(fc.constantFrom('', 'fresh:', 'kept:'), fc.constantFrom('ladder', ...ladder), fc.constantFrom('slow', 'fail', 'unknown', 'absent', 'ok'))
    .map(([connection, rung, how]) => `${connection}${rung} ${how}`),
  fc.constantFrom('silent', 'lag 300', 'controls-bad 3', 'controls-bad 1', 'no-controls', 'in elsewhere'),
)
const line = fc
  .record({ from: fc.nat(24), rounds: fc.integer({ min: 1, max: 24 }), who: fc.subarray(names, { minLength: 1 }), what: said })
  .map(({ from, rounds: many, who, what }) => `${from * 5}-${(from + many) * 5} ${who.join(',')}: ${what}`)
const firing = fc
  .tuple(fc.nat(24), fc.constantFrom('firing', 'resolved', 'blind', 'firing other'))
  .map(([at, state]) => `${at * 5}-${at * 5 + 5} monitor: ${state}`)
const anyPlay: fc.Arbitrary<Play> = fc
  .record({
    domains: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 2, maxLength: 5 }),
    quorum: fc.integer({ min: 1, max: 4 }),
    holdSeconds: fc.constantFrom(0, 10, 30),
    story: fc.array(fc.oneof({ weight: 5, arbitrary: line }, { weight: 1, arbitrary: firing }), { maxLength: 6 }),
    // So that many stories come to an outage that all see.
    outage: fc.constantFrom('ladder fail', 'echo slow', 'ladder ok'),
  })
  .map(({ domains, outage, story, ...rest }) => ({
    ...rest,
    story: [`20-100 all: ${outage}`, ...story],
    observers: Object.fromEntries(domains.map((domain, nth) => [names[nth] ?? '', domain])),
  }))
const settings = { seed: seedOfRun(), numRuns: process.env['LIFEBOAT_SCENARIOS'] === 'all' ? 100 : 6 }

describe('any evidence', () => {
  it('confirms nothing without a quorum of more observers than share a failure domain, well themselves, on new connections, for as long as they must agree', () => {
    let confirmed = 0
    fc.assert(
      fc.property(anyPlay, (given) => {
        const rules = rulesOf(given)
        for (const { state, view } of rounds(given, 120)) {
          if (view.standing !== 'confirmed') continue
          confirmed++
          const down = view.votes.filter(({ noVote, verdict }) => noVote === null && (verdict === 'gray' || verdict === 'hard-down'))
          assert.ok(down.length > largestGroup(Object.values(given.observers)))
          assert.ok(down.length + (view.monitorFires ? 1 : 0) >= given.quorum)
          assert.ok(view.agreedSince !== null && state.at - view.agreedSince >= rules.holdMs)
          for (const { observer } of down) {
            const looks = Object.values(state.sights.get('web-1')?.get(observer)?.rungs ?? {}).flatMap(({ fresh }) => fresh)
            assert.ok(looks.some(({ at }) => state.at - at <= rules.staleMs))
            const controls = Object.values(state.observers.get(observer)?.controls ?? {}).filter(({ at }) => state.at - at <= rules.staleMs)
            assert.ok(controls.filter(({ ok }) => ok).length >= (controls.length * 2) / 3 && controls.length > 0)
          }
        }
      }),
      // Few stories are drawn: one of them is an outage that three see who share nothing.
      { ...settings, examples: [[{ observers: { paris: 'a', oslo: 'b', rome: 'c' }, quorum: 2, holdSeconds: 10, story: ['20-100 all: ladder fail'] }]] },
    )
    assert.ok(confirmed > 0, 'no story came to a confirmation: the property looked at nothing')
  })

  it('says the same in whatever order it comes, and however often', () => {
    fc.assert(
      fc.property(anyPlay, fc.nat(), (given, seed) => {
        const mixed = (round: Evidence[]): Evidence[] =>
          [...round, ...round.slice(0, seed % (round.length + 1))].sort(
            (a, b) => ((JSON.stringify(a).length * (seed + 7)) % 13) - ((JSON.stringify(b).length * (seed + 7)) % 13),
          )
        const sayings = (mix?: typeof mixed): string[] => [...rounds(given, 120, mix)].map(({ view }) => told(view))
        assert.deepEqual(sayings(mixed), sayings())
      }),
      settings,
    )
  })

  it('is not changed by a signal without weight', () => {
    const late = [0, 30, 60, 90].map((at) => `${at}-${at + 5} monitor: firing-late`)
    fc.assert(
      fc.property(anyPlay, (given) => {
        const tell = (one: Play): string[] => [...rounds(one, 120)].map(({ view }) => told(view))
        assert.deepEqual(tell({ ...given, story: [...given.story, ...late] }), tell(given))
      }),
      settings,
    )
  })
})

it('a hold does not go on while nobody judges, even if evidence of that time comes later', () => {
  const given: Play = { observers: { paris: 'a', oslo: 'b', rome: 'c' }, quorum: 3, story: ['0-100 all: ladder fail'] }
  const rules = rulesOf(given)
  const batches: Evidence[][] = []
  const all = [...rounds(given, 90, (round) => (batches.push(round), round))]
  const before = all.findIndex(({ second }) => second === 20)
  const { view, state } = all[before] ?? assert.fail()
  assert.deepEqual([view.standing, all.at(-1)?.view.standing], ['agreed', 'confirmed'])
  const late = judge(state, batches.slice(before + 1).flat(), start + 90_000, rules)
  assert.equal(targetView(late, 'web-1', rules).standing, 'agreed')
})

it('knows since when nothing answers, and not of a node that answers slowly', () => {
  const observers = { paris: 'a', oslo: 'b', rome: 'c' }
  const silent = (story: readonly string[], second: number): number | null => {
    const since = play({ observers, quorum: 3, story }, [second]).get(second)?.silentSince ?? null
    return since === null ? null : (since - start) / 1000
  }
  assert.equal(silent(['0-200 all: ladder fail'], 100), 0)
  assert.equal(silent(['0-60 all: echo slow', '60-200 all: ladder fail'], 100), 60)
  assert.equal(silent(['0-200 all: echo slow'], 100), null)
  assert.equal(silent(['0-200 all: ladder fail', '100-110 paris: tcp ok'], 150), 110)
  // Whoever still gets an answer keeps it from being silent, whatever the others say.
  assert.equal(silent(['0-200 all: ladder fail', '0-200 rome: echo slow, tcp ok'], 100), null)
})
