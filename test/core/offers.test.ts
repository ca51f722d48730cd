import assert from 'node:assert/strict'
import test from 'node:test'
import { offersFor } from '../../src/core/offers.ts'

const cases = [
  ['prepare', null, 'watch pause rollback'],
  ['sync', 'slot', 'watch pause rollback'],
  ['sync', 'approval', 'watch approve rehearse rollback'],
  ['switch', null, 'watch rollback'],
  ['switch', 'verdict', 'open watch'],
  ['watch', 'finish', 'finish rollback'],
  ['failed', null, 'rollback'],
  ['rolled-back', null, ''],
  ['finished', null, ''],
] as const

for (const [phase, waitingFor, offers] of cases)
  test(`${phase}${waitingFor === null ? '' : `, waiting for ${waitingFor}`}: ${offers === '' ? 'nothing' : offers}`, () => {
    assert.equal(offersFor({ phase, waitingFor }).join(' '), offers)
  })

test('watch, waiting for finish, its source given up: reprotect finish', () => {
  const failedOver = { at: '2026-03-01T10:00:00.000Z', complete: '2026-03-01T09:59:58.000Z' }
  assert.equal(offersFor({ phase: 'watch', waitingFor: 'finish', failedOver }).join(' '), 'reprotect finish')
})
