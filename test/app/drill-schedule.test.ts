// Drills that are held by themselves: when they are due, and when they are not.
import assert from 'node:assert/strict'
import test from 'node:test'
import { drillSchedule } from '../../src/app/drill/schedule.ts'
import type { Config } from '../../src/config/schema.ts'
import type { DrillCard } from '../../src/core/drill.ts'
import type { Judged } from '../../src/core/judged.ts'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import type { StoredMove } from '../../src/workflows/store.ts'

const day = 86_400_000
const hour = 3_600_000
const start = Date.UTC(2026, 2, 1)
const config = { moves: { 'web-1': { standby: { drill: 7 * day } }, 'web-2': { standby: {} }, 'web-3': {} } } as unknown as Config
const lastPass = { seconds: 1, movedBytes: 0, movedFiles: 0, endedAt: '2026-03-01T00:00:00.000Z' }

function world(holds: (now: number) => DrillCard | Error) {
  const said: string[] = []
  const held: number[] = []
  const state: { trial: DrillCard | null; facts: Partial<MoveFacts>; judged: Partial<Judged> | null; now: number } = {
    trial: null,
    facts: { lastPass },
    judged: null,
    now: start,
  }
  const look = drillSchedule({
    config,
    store: {
      newestTrial: async () => await Promise.resolve(state.trial),
      move: async () => await Promise.resolve({ state: 'running', facts: { ...noFacts, ...state.facts } } as StoredMove),
      judged: async () => await Promise.resolve(state.judged as Judged | null),
    },
    drill: async (move) => {
      held.push((state.now - start) / hour)
      assert.equal(move, 'web-1', 'nobody asked for the others')
      const made = holds(state.now)
      if (made instanceof Error) throw made
      state.trial = made
      return await Promise.resolve(made)
    },
    onLog: (text) => void said.push(text),
  })
  const until = async (hours: number, everyHours = 0.5) => {
    for (const end = start + hours * hour; state.now < end; state.now += everyHours * hour) await look(state.now)
  }
  return { said, held, state, until }
}

const card = (now: number, passed = true) => ({ at: new Date(now).toISOString(), passed, report: 'page.html' }) as DrillCard

test('a standby is tried at once, and again when its last trial is as old as lifeboat.yaml says, whatever that came to', async () => {
  const { held, until, said } = world((now) => card(now, now === start))
  await until(15 * 24, 6)
  assert.deepEqual(held, [0, 7 * 24, 14 * 24])
  assert.deepEqual(said.slice(0, 2), ['The drill of web-1 passed: page.html', 'The drill of web-1 did not pass: page.html'])
})

test('one that could not be held is tried again in an hour, not at each look', async () => {
  const { held, until, said } = world(() => new Error('it waits for its window'))
  await until(3)
  assert.deepEqual(held, [0, 1, 2])
  assert.equal(said[0], 'The drill of web-1 could not be held: it waits for its window')
})

test('nothing is tried while the source is suspected, before there is a copy, or once the target serves', async () => {
  const { held, state, until } = world((now) => card(now))
  for (const facts of [{ lastPass: null }, { lastPass, serving: 'target' as const }]) {
    state.facts = facts
    await until((state.now - start) / hour + 2)
  }
  state.facts = { lastPass }
  for (const standing of ['suspected', 'agreed', 'confirmed'] as const) {
    state.judged = { standing, at: state.now, staleMs: 10 * hour }
    await until((state.now - start) / hour + 2)
  }
  assert.deepEqual(held, [])
  // Nobody has looked since: that says nothing of now.
  await until((state.now - start) / hour + 10)
  assert.equal(held.length, 1)
})
