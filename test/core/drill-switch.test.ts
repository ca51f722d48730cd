// How a drill there and back goes, by records of its journal.
import assert from 'node:assert/strict'
import test from 'node:test'
import { stageOf, switchDrilled } from '../../src/core/drill-switch.ts'
import type { JournalRecord } from '../../src/core/records.ts'

type Line = readonly [step: string, state: JournalRecord['state'], details?: Readonly<Record<string, unknown>>]

/** A record each second. */
const journal = (...lines: readonly Line[]): JournalRecord[] =>
  lines.map(([step, state, details = {}], seq) => ({
    schema: 'lifeboat.journal/1',
    seq,
    at: `2026-03-01T10:00:${String(seq).padStart(2, '0')}.000Z`,
    move: 'web-1',
    run: 1,
    step,
    state,
    text: `${step} ${state}.`,
    details,
    hash: null,
  }))

const there: readonly Line[] = [
  ['await-approval', 'done'],
  ['hold-clients', 'started'],
  ['hold-clients', 'done'],
  ['commit-switch', 'started'],
  ['commit-switch', 'done'],
  ['switch-dns', 'started'],
  ['switch-dns', 'done'],
  ['watch-target', 'started'],
]
const home: readonly Line[] = [...there, ['hold-clients-back', 'started'], ['hold-clients-back', 'done'], ['move', 'undone']]

test('each way to its end is a stage of its own', () => {
  const stages: readonly (readonly [readonly Line[], string])[] = [
    [[], 'under-way'],
    [[['await-approval', 'waiting', { waitingFor: 'turn' }]], 'under-way'],
    [[['await-approval', 'waiting', { waitingFor: 'window' }]], 'waits'],
    [there, 'there'],
    [[...there.slice(0, 3), ['freeze-source', 'failed'], ['attempt', 'undone', { serves: 'source' }]], 'stayed'],
    [[...there, ['attempt', 'undone', { serves: 'target', again: true }]], 'there'],
    [[...there, ['attempt', 'undone', { serves: 'target' }]], 'stuck'],
    [[...there, ['move', 'done']], 'stuck'],
    [home, 'back'],
  ]
  for (const [lines, at] of stages) assert.equal(stageOf(journal(...lines)).at, at, JSON.stringify(lines.at(-1)))
})

test('who went there and back passed, with each step and its time, and how long it took until the names led there', () => {
  const records = journal(...home)
  const { checks, recoverySeconds, tried } = switchDrilled(records, stageOf(records))
  assert.deepEqual([tried, recoverySeconds], [true, 6])
  assert.deepEqual(
    checks.map(({ about, code, severity, ms }) => `${about} ${code} ${severity} ${ms}`),
    ['there hold-clients ok 1000', 'there commit-switch ok 1000', 'there switch-dns ok 1000', 'back hold-clients-back ok 1000'],
  )
})

test('who stayed, or did not come back, did not pass, and the step that failed is named', () => {
  const stayed = journal(...there.slice(0, 3), ['freeze-source', 'failed'], ['attempt', 'undone', { serves: 'source' }])
  const stuck = journal(...there, ['attempt', 'undone', { serves: 'target' }])
  for (const records of [stayed, stuck]) {
    const { checks } = switchDrilled(records, stageOf(records))
    assert.deepEqual(checks.at(-1)?.severity, 'error')
  }
  const { checks, recoverySeconds } = switchDrilled(stayed, stageOf(stayed))
  assert.equal(recoverySeconds, null)
  assert.deepEqual(
    checks.map(({ severity, text }) => `${severity} ${text}`),
    ['ok Hold the clients: hold-clients done.', 'warning Stop writes on the source: freeze-source failed.', 'error attempt undone.'],
  )
})
