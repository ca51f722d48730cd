// How one step of a run is performed.
import assert from 'node:assert/strict'
import test from 'node:test'
import { noFacts } from '../../src/core/stored-move.ts'
import { perform, type Run } from '../../src/workflows/run.ts'

test('a run that began as a way back, which failed, hears the next word to go back', async () => {
  const stored = { facts: noFacts }
  const signals = { waits: async () => await Promise.resolve(true) }
  const services = { signals, store: { move: async () => await Promise.resolve(stored) }, journal: { append: async () => await Promise.resolve() } }
  const none = new AbortController().signal
  const run = { move: 'web-1', run: 1, want: 'rollback', services, stop: none, ports: {}, rollbackAsked: () => none } as unknown as Run
  assert.deepEqual(await perform(run, 'await-finish', async () => await Promise.reject(new Error('It waits.'))), { state: 'interrupted' })
})
