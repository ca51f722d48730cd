// Which drill of a standby counts for the policy, with the store in a real database.
import assert from 'node:assert/strict'
import test from 'node:test'
import { lastDrill } from '../../src/app/drill/drills.ts'
import type { DrillCard } from '../../src/core/drill.ts'
import { ownStore } from '../support/own-store.ts'

const { store } = ownStore('drills')

const card = (move: string, changes: Partial<DrillCard>): DrillCard => ({
  schema: 'lifeboat.drill/1',
  move,
  level: 'D1',
  at: '2026-03-01T10:00:00.000Z',
  plan: 'plan-1',
  passed: true,
  tried: true,
  checks: [{ about: 'standby', code: 'started', severity: 'ok', text: 'shop.service started.', hint: null, ms: 40 }],
  isolation: { packetsLeft: 0, packetsRefused: 2 },
  notDrilled: [],
  recoverySeconds: 0.3,
  expiresAt: '2026-03-15T10:00:00.000Z',
  ...changes,
})
const passed = { passedAt: Date.parse('2026-03-01T10:00:00.000Z'), plan: 'plan-1' }

test('the newest drill in which the standby was tried counts, and only while it is one that passed', async () => {
  const { saveDrill, newestDrill } = store()
  assert.equal(await lastDrill(store(), 'web-1'), null)
  await saveDrill(card('web-1', {}))
  assert.deepEqual(await lastDrill(store(), 'web-1'), passed)
  assert.deepEqual(await newestDrill('web-1'), card('web-1', {}), 'it is as it was written')

  await saveDrill(card('web-1', { tried: false, at: '2026-03-02T10:00:00.000Z', passed: false }))
  await saveDrill(card('web-2', { at: '2026-03-02T10:00:00.000Z', passed: false }))
  assert.deepEqual(await lastDrill(store(), 'web-1'), passed, 'neither one that tried nothing nor one of another move')
  assert.equal((await newestDrill('web-1'))?.tried, false)

  await saveDrill(card('web-1', { at: '2026-03-03T10:00:00.000Z', passed: false }))
  assert.equal(await lastDrill(store(), 'web-1'), null, 'what failed since is what is known')
  await saveDrill(card('web-1', { at: '2026-03-04T10:00:00.000Z', plan: 'plan-2' }))
  assert.deepEqual(await lastDrill(store(), 'web-1'), { passedAt: Date.parse('2026-03-04T10:00:00.000Z'), plan: 'plan-2' })
})
