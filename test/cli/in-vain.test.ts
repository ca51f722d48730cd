// When a command that watches several moves may stop waiting for one that waits for another.
import assert from 'node:assert/strict'
import test from 'node:test'
import { waitsInVain } from '../../src/commands/in-vain.ts'
import type { JournalRecord } from '../../src/core/records.ts'

const record = (move: string, changes: Partial<JournalRecord>): JournalRecord => ({
  schema: 'lifeboat.journal/1',
  seq: 1,
  at: '2026-11-27T12:00:00.000Z',
  move,
  run: 1,
  step: 'await-approval',
  state: 'waiting',
  text: 'Approved; waits.',
  details: {},
  hash: null,
  ...changes,
})
const waits = (move: string, on: string, cause = on, state = 'running') =>
  record(move, { details: { waitingFor: 'after', move: on, cause, state }, text: `Approved; waits for ${on}.` })

const failuresOf = (found: ReturnType<ReturnType<typeof waitsInVain>['failures']>) => found.map(([move, { code, message }]) => ({ move, code, message }))

test('while what it waits for is watched and has not ended, a move is waited for, whatever was said of it before', () => {
  const inVain = waitsInVain(new Set(['db-1', 'web-1']))
  inVain.note(waits('web-1', 'db-1', 'db-1', 'failed'))
  assert.deepEqual(inVain.failures(new Map()), [])
  assert.deepEqual(inVain.failures(new Map([['db-1', { status: 0 }]])), [])
})

test('once that has ended otherwise, so has the wait, and that of whoever waits for it in turn', () => {
  const inVain = waitsInVain(new Set(['db-1', 'api-1', 'web-1']))
  inVain.note(waits('web-1', 'api-1'))
  inVain.note(waits('api-1', 'db-1'))
  const verdicts = new Map([['db-1', { status: 3 }]])
  assert.deepEqual(failuresOf(inVain.failures(verdicts)), [{ move: 'api-1', code: 'waiting-after', message: 'api-1 keeps in step: Approved; waits for db-1.' }])
  verdicts.set('api-1', { status: 4 })
  assert.deepEqual(
    failuresOf(inVain.failures(verdicts)).map(({ move }) => move),
    ['web-1'],
  )
})

test('what is not watched counts by how it stands: a move that rests ends the wait, one that runs does not', () => {
  const inVain = waitsInVain(new Set(['web-1']))
  inVain.note(waits('web-1', 'db-1'))
  assert.deepEqual(inVain.failures(new Map()), [])
  inVain.note(waits('web-1', 'db-1', 'db-1', 'not-begun'))
  assert.equal(inVain.failures(new Map()).length, 1)
  inVain.note(record('web-1', { step: 'check-ready', state: 'started' }))
  assert.deepEqual(inVain.failures(new Map()), [])
})

test('who waits for one that shares its freeze waits in vain by the same rules', () => {
  const inVain = waitsInVain(new Set(['db-1', 'web-1']))
  const { details, ...rest } = waits('db-1', 'web-1')
  inVain.note({ ...rest, details: { ...details, waitingFor: 'freeze' } })
  assert.deepEqual(inVain.failures(new Map()), [])
  assert.equal(inVain.failures(new Map([['web-1', { status: 4 }]])).length, 1)
})
