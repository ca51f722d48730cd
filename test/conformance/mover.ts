// What every mover promises (src/movers/mover.ts), run on two nodes whose receiving side is closed.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Mover, Pair, PassKind } from '../../src/movers/mover.ts'

export type MoverUnderTest = {
  readonly mover: Mover
  readonly pair: Pair
  /** Opens the giving side after a final pass, as a thaw does: where a mover has closed it. */
  readonly reopen?: () => Promise<void>
  /** A change of the data on the giving side, as an application makes it. */
  readonly change: () => Promise<void>
  /** Stranger ones, each of which a pass must carry over by itself. */
  readonly oddChanges: readonly { readonly title: string; readonly act: () => Promise<void> }[]
  /** What lies on a side, read by a tool that is none of ours: equal texts are equal data. */
  readonly contents: (side: 'source' | 'target') => Promise<string>
  /** Ways to make the receiving side differ behind the mover's back. */
  readonly damages: readonly Damage[]
}

export type Damage = {
  readonly title: string
  readonly act: () => Promise<void>
  /** A part of the path that verify must name. */
  readonly names: string
  /** The pass that mends it: what looks the same by size and time is seen by an audit only. */
  readonly mendedBy: 'repeat' | 'audit'
}

export function moverConformance(name: string, make: (test: TestContext) => Promise<MoverUnderTest>): void {
  void test(`${name} keeps the promises of a mover`, async (t) => {
    const { mover, pair, reopen = nothing, change, oddChanges, contents, damages } = await make(t)
    const pass = async (kind: PassKind) => await mover.sync(pair, kind, deadline(), (text) => t.diagnostic(text))
    const equal = async () => assert.equal(await contents('target'), await contents('source'))

    await t.test('preparing twice tells the same cost and changes nothing that it would copy', async () => {
      const before = await contents('source')
      const cost = await mover.prepare(pair, deadline())
      assert.deepEqual(await mover.prepare(pair, deadline()), cost)
      assert.ok(cost.bytes > 0)
      assert.equal(await contents('source'), before)
    })
    await t.test('the first pass makes both sides equal; another one finds nothing to do', async () => {
      assert.ok((await pass('first')).movedBytes > 0)
      await equal()
      for (const kind of ['first', 'repeat', 'audit', 'final'] as const) assert.equal((await pass(kind)).movedBytes, 0, kind)
      await equal()
      await reopen()
    })
    await t.test('a change is carried over by the next pass, and only the change', async () => {
      const { movedBytes } = await pass('repeat')
      await change()
      const after = await pass('repeat')
      assert.ok(after.movedBytes > 0 && after.movedBytes >= movedBytes)
      await equal()
    })
    for (const { title, act } of oddChanges) {
      await t.test(`the next pass carries over ${title}`, async () => {
        await act()
        await pass('repeat')
        await equal()
      })
    }
    await t.test('a final pass leaves nothing behind, and then both sides verify as equal', async () => {
      await change()
      const final = await pass('final')
      assert.deepEqual([final.remainingBytes, final.lagSeconds], [0, 0])
      assert.deepEqual(await mover.verify(pair, deadline()), [])
    })
    for (const { title, act, names, mendedBy } of damages) {
      await t.test(`verify names ${title}, and the next ${mendedBy} pass mends it`, async () => {
        await act()
        const differences = await mover.verify(pair, deadline())
        assert.ok(
          differences.some(({ path }) => path.includes(names)),
          JSON.stringify(differences),
        )
        await reopen()
        await pass(mendedBy)
        if (reopen !== nothing) await pass('final')
        assert.deepEqual(await mover.verify(pair, deadline()), [])
        await equal()
      })
    }
    await t.test('an abort ends a pass with the reason of the signal', async () => {
      const reason = new Error('enough')
      await assert.rejects(
        mover.sync(pair, 'repeat', AbortSignal.abort(reason), () => undefined),
        reason,
      )
    })
    await t.test('it is released twice, and the data stays', async () => {
      const before = await contents('target')
      await mover.release(pair, deadline())
      await mover.release(pair, deadline())
      assert.equal(await contents('target'), before)
    })
  })
}

async function nothing(): Promise<void> {
  await Promise.resolve()
}

function deadline(): AbortSignal {
  return AbortSignal.timeout(120_000)
}
