// Any estate in a simulated world that is unkind to it: questions and answers are lost, the controller is killed and started
// again. The workflows, their database, limits and journal are the real ones. `npm test` plays one world by a seed that is
// printed; `npm run test:sim` plays many.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import fc from 'fast-check'
import type { JournalRecord } from '../../src/core/records.ts'
import { seedOfRun } from '../support/draw.ts'
import { sourceAddress, type Estate, type SimulatedMove } from './estate.ts'
import { openFleet, type Fleet } from './fleet.ts'
import { serves } from './machine.ts'
import { hopelessOf, operate } from './operator.ts'
import { ordersOn } from './promises.ts'
import { nameOf } from './world.ts'

const worlds = Number(process.env['LIFEBOAT_WORLDS'] ?? 1)
const endsWithinMs = 240_000

const moveArbitrary = fc.record({
  source: fc.nat(1),
  target: fc.nat(1),
  /** Of those before it. */
  after: fc.array(fc.nat(9), { maxLength: 2 }),
  doomed: fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom('copy' as const, 'checks' as const) }),
  goesBack: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})

const worldArbitrary = fc.record({
  moves: fc.array(moveArbitrary, { minLength: 3, maxLength: 9 }),
  perSource: fc.integer({ min: 1, max: 3 }),
  perTarget: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(1_000_000),
  lostPerMille: fc.constantFrom(0, 2, 6),
  /** After so many things that were done since the last start. */
  kills: fc.array(fc.integer({ min: 5, max: 400 }), { maxLength: 3 }),
})

type Drawn = typeof worldArbitrary extends fc.Arbitrary<infer World> ? World : never

function estateOf({ moves, perSource, perTarget }: Drawn): Estate {
  const all = moves.map(({ source, target, after, doomed }, nth): SimulatedMove => ({
    name: `node-${nth}`,
    from: `old-${source}`,
    to: `new-${target}`,
    address: sourceAddress(nth),
    after: nth === 0 ? [] : [...new Set(after.map((each) => `node-${each % nth}`))],
    doomed,
  }))
  return { moves: all, limits: { perSource, perTarget, startsPerHour: 1000 } }
}

/** Kills the controller after each of these numbers of things, counted from its start. */
function killAfter(fleet: Fleet, kills: readonly number[]): void {
  const left = [...kills]
  let next = left.shift()
  fleet.world.onDone = (count) => {
    if (next === undefined || count < next) return
    const [more] = left
    next = left.shift() === undefined ? undefined : count + (more ?? 0)
    void fleet.kill()
  }
}

async function play(t: TestContext, drawn: Drawn): Promise<void> {
  const estate = estateOf(drawn)
  const fleet = openFleet(estate, { seed: drawn.seed, latencyMs: 4, lostPerMille: drawn.lostPerMille })
  const began = performance.now()
  try {
    killAfter(fleet, drawn.kills)
    const goBack = new Set(estate.moves.filter((_, nth) => drawn.moves[nth]?.goesBack).map(({ name }) => name))
    await operate(fleet, estate, goBack, AbortSignal.timeout(endsWithinMs))
    await holdsWhatWasPromised(fleet, estate)
    t.diagnostic(
      `${estate.moves.length} moves, ${drawn.kills.length} kills, ${drawn.lostPerMille} ‰ lost: ${((performance.now() - began) / 1000).toFixed(1)} s`,
    )
  } catch (error) {
    t.diagnostic(`${JSON.stringify(drawn)}\nbroken: ${[...fleet.world.broken].join('; ')}\n${fleet.log().slice(-3000)}`)
    throw error
  } finally {
    await fleet.close()
  }
}

async function holdsWhatWasPromised(fleet: Fleet, estate: Estate): Promise<void> {
  const { world } = fleet
  const { perSource, perTarget } = estate.limits
  assert.deepEqual([...world.broken], [])
  assert.ok(world.most.copiedFrom <= perSource && world.most.copiedTo <= perTarget && world.most.held <= 1, JSON.stringify(world.most))
  const hopeless = hopelessOf(estate)
  for (const { name, source, target, acknowledged, committed } of world.moves.values()) {
    const named = world.zone.names.get(nameOf(name))?.a ?? []
    if (hopeless.has(name)) {
      assert.deepEqual([named, serves(source), committed.size], [[source.address], true, 0], `${name} stayed where it was`)
      continue
    }
    assert.ok(target !== null && acknowledged > 0)
    assert.deepEqual([named, serves(target), source.isOn, target.helper], [[target.address], true, false, null], `${name} is switched and finished`)
    assert.ok(ordersOn(target) >= acknowledged, `${name}: ${ordersOn(target)} of ${acknowledged} orders`)
  }
  const records = (await fleet.client().get('/api/v1/journal', AbortSignal.timeout(60_000))) as readonly JournalRecord[]
  const nameless = records.filter(({ state, details }) => state === 'failed' && (details['code'] === 'defect' || typeof details['code'] !== 'string'))
  assert.deepEqual(nameless, [], 'every failure has its name')
}

test('whatever is lost and whoever is killed: every move ends, in order, within its limits, once, and no order is lost', async (t) => {
  const property = fc.asyncProperty(worldArbitrary, async (drawn) => await play(t, drawn))
  await fc.assert(property, { seed: seedOfRun(), numRuns: worlds, endOnFailure: true })
})
