// The table of `status`: what does not fit into a column stands under it.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { MoveStatus } from '../../src/core/records.ts'
import { statusTable } from '../../src/ui/status-view.ts'

const move: MoveStatus = {
  name: 'web-1',
  phase: 'watch',
  step: 'await-finish',
  state: 'waiting',
  waitingFor: 'finish',
  lagSeconds: 1,
  remainingBytes: null,
  forecastPauseMs: 900,
  rollback: { possible: true, seconds: 2, writesLost: 0, why: 'Both sides answer.' },
  backFirst: [],
  backTogether: [],
  stragglers: 0,
  cached: null,
  namesSeen: null,
  rehearsal: null,
  startedAt: '2026-11-27T10:00:00.000Z',
}

test('names that are not as the switch left them stand under the table, and nothing of a foreign text moves the cursor', () => {
  const at = '2026-11-27T12:00:00.000Z'
  const changed = ['ns1.shop.example tells 198.51.100.7\u001b[2J for www.shop.example.']
  const lines = (seen: MoveStatus['namesSeen']): readonly string[] =>
    statusTable({ schema: 'lifeboat.status/1', moves: [{ ...move, namesSeen: seen }] }).split('\n')
  const told = lines({ at, changed })
  assert.match(
    told.at(-1) ?? '',
    /^! web-1: its names are not as the switch left them \(seen 2026-11-27T12:00:00\.000Z\): ns1\.shop\.example tells 198\.51\.100\.7/,
  )
  assert.equal(told.join().includes('\u001b'), false)
  assert.equal(lines({ at, changed: [] }).length, 2)
  assert.equal(lines(null).length, 2)
})
