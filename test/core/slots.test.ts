// Who may go when: places with limits, and moves that come after others. For any estate, limits, failures and order of
// events nobody goes too early, no limit is exceeded, and whoever can come to an end does.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { obstacleOf, type Standing } from '../../src/core/after.ts'
import { describeWait, fullFor, type Limits, type Place, type Slot } from '../../src/core/slots.ts'

const limits: Limits = { perSource: 1, perTarget: 2, startsPerHour: 20 }
const copying = (source: string, target: string): readonly Slot[] => [
  { kind: 'source', of: source },
  { kind: 'target', of: target },
]
const has = (move: string, slots: readonly Slot[]): Place => ({ move, slots, held: true })
const waits = (move: string, slots: readonly Slot[]): Place => ({ move, slots, held: false })

test('who asked first goes first', () => {
  const line = [waits('a', copying('old', 'new')), waits('b', copying('old', 'new'))]
  assert.equal(fullFor('a', line, limits), null)
  assert.deepEqual(fullFor('b', line, limits), { kind: 'source', of: 'old' })
  assert.deepEqual(fullFor('a', [has('b', copying('old', 'new')), waits('a', copying('old', 'new'))], limits), { kind: 'source', of: 'old' })
  assert.equal(fullFor('b', [has('b', copying('old', 'new'))], limits), null, 'who has it keeps it')
})

test('nobody waits behind one that could not go anyway, and nobody takes half of what it needs', () => {
  const full = [has('x', copying('other', 'new')), has('y', copying('third', 'new'))]
  const line = [...full, waits('a', copying('old', 'new')), waits('b', copying('old', 'elsewhere'))]
  assert.deepEqual(fullFor('a', line, limits), { kind: 'target', of: 'new' })
  assert.equal(fullFor('b', line, limits), null)
})

test('a wait is told with its limit', () => {
  const text = 'Waits for one of the 2 places of moves that copy to new at the same time (limits: perTarget).'
  assert.equal(describeWait({ kind: 'target', of: 'new' }, limits), text)
})

type Phase = 'asks' | 'copies' | 'ready' | 'holds' | 'switched' | 'failed'
type Mover = { readonly name: string; readonly source: string; readonly target: string; readonly after: readonly string[]; phase: Phase; failures: number }

const estates = fc.record({
  limits: fc.record({ perSource: fc.integer({ min: 1, max: 3 }), perTarget: fc.integer({ min: 1, max: 3 }), startsPerHour: fc.constant(20) }),
  moves: fc.array(
    fc.record({
      source: fc.constantFrom('s1', 's2'),
      target: fc.constantFrom('t1', 't2'),
      after: fc.array(fc.nat(), { maxLength: 2 }),
      /** How often it fails before it succeeds; 9: always. */
      failures: fc.constantFrom(0, 0, 0, 1, 2, 9),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  /** Which move does its next thing, and whether a controller dies instead. */
  events: fc.array(fc.record({ who: fc.nat(), dies: fc.boolean() }), { maxLength: 60 }),
})

/** A world in which moves do one thing at a time, by the two rules under test and nothing else. */
function worldOf({
  moves,
  limits: own,
}: {
  readonly moves: readonly (Omit<Mover, 'name' | 'after' | 'phase'> & { readonly after: readonly number[] })[]
  readonly limits: Limits
}) {
  const name = (index: number): string => `m${index}`
  const all = moves.map((move, index): Mover => ({
    ...move,
    name: name(index),
    after: index === 0 ? [] : [...new Set(move.after.map((each) => name(each % index)))],
    phase: 'asks',
  }))
  let line: Place[] = []
  const estate = (): Map<string, Standing> =>
    new Map(
      all.map(({ name: key, phase, after }) => [
        key,
        { state: phase === 'failed' ? 'failed' : 'running', serving: phase === 'switched' ? 'target' : 'source', after },
      ]),
    )
  const leave = (move: Mover): void => void (line = line.filter((place) => place.move !== move.name))
  /** Joins the line, and goes when it may. */
  const ask = (move: Mover, slots: readonly Slot[], next: Phase): void => {
    if (!line.some((place) => place.move === move.name)) line.push(waits(move.name, slots))
    if (
      fullFor(
        move.name,
        line.filter((place) => place.slots.some((slot) => slots.some(({ kind }) => kind === slot.kind))),
        own,
      ) !== null
    )
      return
    line = line.map((place) => (place.move === move.name ? { ...place, held: true } : place))
    move.phase = next
    if (next !== 'holds') return
    for (const other of move.after) assert.equal(all.find((each) => each.name === other)?.phase, 'switched', `${move.name} goes before ${other}`)
  }
  const end = (move: Mover, next: Phase, otherwise: Phase): void => {
    leave(move)
    move.phase = move.failures > 0 ? otherwise : next
    if (move.failures > 0 && move.failures < 9) move.failures--
  }
  const act = (move: Mover): void => {
    if (move.phase === 'asks') return ask(move, copying(move.source, move.target), 'copies')
    if (move.phase === 'copies') return end(move, 'ready', 'failed')
    if (move.phase === 'holds') return end(move, 'switched', 'ready')
    if (move.phase === 'failed' && move.failures < 9) move.phase = 'asks'
    if (move.phase === 'ready' && obstacleOf(move.after, estate()) === null) ask(move, [{ kind: 'hold', of: move.source }], 'holds')
  }
  return {
    all,
    estate,
    act,
    /** Its place has run out; the next controller begins the step again. */
    die: (move: Mover): void => {
      leave(move)
      if (move.phase === 'copies') move.phase = 'asks'
      if (move.phase === 'holds') move.phase = 'ready'
    },
  }
}

/** Counted by what the moves do, not by what the line says. */
function refuseTooMany(all: readonly Mover[], { perSource, perTarget }: Limits): void {
  const count = (phase: Phase, key: 'source' | 'target', of: string): number => all.filter((move) => move.phase === phase && move[key] === of).length
  for (const source of ['s1', 's2']) {
    assert.ok(count('copies', 'source', source) <= perSource)
    assert.ok(count('holds', 'source', source) <= 1)
  }
  for (const target of ['t1', 't2']) assert.ok(count('copies', 'target', target) <= perTarget)
}

/** Whether it, or something that it comes after, always fails. */
function isDoomed(move: Mover, all: readonly Mover[]): boolean {
  return move.failures === 9 || move.after.some((name) => all.some((other) => other.name === name && isDoomed(other, all)))
}

test('for any estate nobody goes too early, no limit is exceeded, and whoever can come to an end does', () => {
  fc.assert(
    fc.property(estates, ({ events, ...given }) => {
      const { all, act, die, estate } = worldOf(given)
      const next = (move: Mover, dies: boolean): void => {
        if (dies) die(move)
        else act(move)
        refuseTooMany(all, given.limits)
      }
      for (const { who, dies } of events) next(all[who % all.length] as Mover, dies)
      // Everybody goes on for long enough; the last ones first, so that the order is no help.
      for (let round = 0; round < 20 * all.length; round++) for (const move of all.toReversed()) next(move, false)
      for (const move of all) {
        assert.equal(move.phase === 'switched', !isDoomed(move, all), `${move.name} ${move.phase}`)
        // One that waits for another in vain knows it.
        if (move.failures !== 9 && move.phase !== 'switched') assert.notEqual(obstacleOf(move.after, estate())?.state, 'running')
      }
    }),
    { numRuns: 300 },
  )
})
