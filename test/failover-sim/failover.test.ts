// Days of a protected workload by seed (simulate.ts), with the product's judge, policy and failover: what must never be never is. A
// seed that breaks something is printed; `LIFEBOAT_SEED` plays it again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { seedOfRun } from '../support/draw.ts'
import { simulate } from './simulate.ts'
import type { Lock } from './world.ts'

const days = Number(process.env['LIFEBOAT_DAYS'] ?? 200)
const hours = Number(process.env['LIFEBOAT_HOURS'] ?? 2)
/** Seeds of one run lie together, and those of another one elsewhere. */
const firstSeed = seedOfRun() * 1000

test(`whatever happens in ${days} times ${hours} hours: one side is writable, no more is lost than allowed, the name leads to who serves`, (t) => {
  const outcomes = Array.from({ length: days }, (_, nth) => simulate(firstSeed + nth, { hours }))
  for (const { seed, broken, told } of outcomes) assert.deepEqual([...broken], [], `seed ${seed}:\n${told.join('\n')}`)
  const sum = (of: (each: (typeof outcomes)[number]) => number): number => outcomes.reduce((total, each) => total + of(each), 0)
  const ended = (how: string): number => sum(({ endings }) => endings.filter((each) => each === `end ${how}`).length)
  t.diagnostic(
    `${sum(({ rounds }) => rounds)} rounds, ${sum(({ promotions }) => promotions)} promotions; ended: ${ended('done')} done, ${ended('given-up')} given up, ${ended('manual')} left to a person`,
  )
  if (days >= 100) assert.ok(ended('done') > 0 && ended('given-up') > 0, 'nothing happened that could have gone wrong')
})

test('an outage that stays is over within two minutes, by one failover, though an observer is dead and questions are lost', (t) => {
  const outcomes = Array.from({ length: 40 }, (_, nth) => simulate(firstSeed + nth, { hours: 0.5, liveness: true }))
  for (const { seed, servedAfterMs, promotions, endings, told, broken } of outcomes) {
    assert.ok(servedAfterMs !== null && servedAfterMs <= 120_000, `seed ${seed}: ${servedAfterMs} ms\n${told.join('\n')}`)
    assert.deepEqual([promotions, endings, [...broken]], [1, ['end done'], []], `seed ${seed}:\n${told.join('\n')}`)
  }
  const sorted = outcomes.map(({ servedAfterMs }) => servedAfterMs ?? 0).toSorted((a, b) => a - b)
  t.diagnostic(`from impact to serving, simulated: half within ${(sorted[20] ?? 0) / 1000} s, the slowest ${(sorted.at(-1) ?? 0) / 1000} s`)
})

test('the same seed is the same day', () => {
  assert.deepEqual(simulate(firstSeed, { hours: 12 }), simulate(firstSeed, { hours: 12 }))
})

/** Days on which a lock mattered. */
const found: readonly (readonly [lock: Lock, seed: number, hours: number, harm: string])[] = [
  ['fence-is-confirmed', 6, 8, 'I1: both sides are writable'],
  ['fence-is-durable', 14, 8, 'I1: both sides are writable'],
  ['standby-compares-epochs', 35, 12, 'I1: both sides are writable'],
]
for (const [lock, seed, length, harm] of found) {
  test(`without a lock a day goes wrong that goes well with it: ${lock}`, () => {
    assert.deepEqual([...simulate(seed, { hours: length }).broken], [])
    const { broken, told } = simulate(seed, { hours: length, without: [lock] })
    assert.ok(broken.includes(harm), told.join('\n'))
  })
}
