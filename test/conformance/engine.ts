// What every engine promises, whatever is behind it. An engine's own test gives a layer that it can really make.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Changes, Engine, EngineEvent, StackRequest } from '../../src/provision/engine.ts'

export type EngineUnderTest = {
  readonly engine: Engine
  /** A layer with at least one object and one output. */
  readonly layer: StackRequest
  /** Changes the object behind the engine's back. */
  readonly disturb: () => Promise<void>
}

const none = (changes: Changes) => ({ ...changes, same: 0 })
const nothing = { create: 0, update: 0, replace: 0, delete: 0, same: 0 }

/** Runs the promises as one test with parts: each builds on the part before. */
export function engineConformance(name: string, make: () => Promise<EngineUnderTest>, options: { skip: string | false }): void {
  void test(`${name} keeps the promises of an engine`, options, async (t) => {
    const { engine, layer, disturb } = await make()
    const signal = AbortSignal.timeout(170_000)
    const find = async () => null
    const drift = async () => await engine.drift([layer], ['cloud', 'code'], signal)

    await t.test('what was never made has no outputs, no drift, and nothing to destroy or recover', async () => {
      assert.equal(await engine.outputs(layer, signal), null)
      assert.deepEqual(await engine.destroy(layer, () => {}, signal), nothing)
      assert.deepEqual(await drift(), [{ stack: layer.stack, exists: false, differences: [] }])
      assert.deepEqual(await engine.recover(layer, find, signal), [])
    })
    await t.test('a preview says what would be made and makes nothing', async () => {
      assert.ok((await engine.preview(layer, signal)).create > 0)
      assert.equal(await engine.outputs(layer, signal), null)
    })
    await t.test('up makes it, says so, and answers the outputs', async () => {
      const events: EngineEvent[] = []
      const { changes, outputs } = await engine.up(layer, (event) => events.push(event), signal)
      assert.ok(changes.create > 0)
      assert.ok(events.some(({ state }) => state === 'running') && events.some(({ state }) => state === 'done'))
      assert.ok(Object.keys(outputs).length > 0)
      assert.deepEqual(await engine.outputs(layer, signal), outputs)
    })
    await t.test('a second up finds nothing to do', async () => {
      assert.deepEqual(none((await engine.up(layer, () => {}, signal)).changes), nothing)
      assert.deepEqual(none(await engine.preview(layer, signal)), nothing)
      assert.deepEqual(await drift(), [{ stack: layer.stack, exists: true, differences: [] }])
    })
    await t.test('what changed behind its back is drift, and up repairs it', async () => {
      await disturb()
      assert.ok((await drift()).some(({ differences }) => differences.length > 0))
      await engine.up(layer, () => {}, signal)
      assert.deepEqual(await drift(), [{ stack: layer.stack, exists: true, differences: [] }])
    })
    await t.test('an aborted call rethrows the reason of its signal', async () => {
      const reason = new Error('enough')
      await assert.rejects(
        engine.up(layer, () => {}, AbortSignal.abort(reason)),
        reason,
      )
      const later = new AbortController()
      const call = engine.preview(layer, later.signal)
      later.abort(reason)
      await assert.rejects(call, reason)
    })
    await t.test('two calls at once for one layer do not disturb each other', async () => {
      const [first, second] = await Promise.all([engine.up(layer, () => {}, signal), engine.outputs(layer, signal)])
      assert.deepEqual(second, first.outputs)
    })
    await t.test('destroy removes it, and a second time there is nothing left', async () => {
      assert.ok((await engine.destroy(layer, () => {}, signal)).delete > 0)
      assert.deepEqual(await engine.destroy(layer, () => {}, signal), nothing)
      assert.equal(await engine.outputs(layer, signal), null)
    })
  })
}
