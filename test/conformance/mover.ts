// What every mover promises (src/movers/mover.ts), run on two nodes whose receiving side is closed.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { AuditKind, Mover, Pair, PassKind } from '../../src/movers/mover.ts'

export type MoverUnderTest = {
  readonly mover: Mover
  readonly pair: Pair
  /** Opens the giving side after a final pass, as a thaw does: where a mover has closed it. */
  readonly reopen?: () => Promise<void>
  /** Waits until the giving side writes nothing by itself: where a server does. */
  readonly quiet?: () => Promise<void>
  /** A change of the data on the giving side, as an application makes it. */
  readonly change: () => Promise<void>
  /** Stranger ones, each of which a pass must carry over by itself. */
  readonly oddChanges: readonly { readonly title: string; readonly act: () => Promise<void> }[]
  /** What lies on a side, read by a tool that is none of ours: equal texts are equal data. */
  readonly contents: (side: 'source' | 'target') => Promise<string>
  /** Ways to make the receiving side differ behind the mover's back. */
  readonly damages: readonly Damage[]
  /** Of a mover that has an audit: one that nobody notices, as a copy that went wrong. */
  readonly unnoticed?: Damage
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
    const { mover, pair, reopen = nothing, quiet = nothing, change, oddChanges, contents, damages, unnoticed } = await make(t)
    const pass = async (kind: PassKind) => await mover.sync(pair, kind, deadline(), (text) => t.diagnostic(text))
    /** What verify finds, and whether it had to look at everything. */
    const verify = async () => {
      const said: string[] = []
      const differences = await mover.verify(pair, deadline(), (text) => said.push(text))
      return { paths: differences.map(({ path }) => path), said }
    }
    /** Paths that an audit finds to differ; nothing where there is no audit. */
    const audit = async (kind: AuditKind) => {
      const found = await mover.audit?.(pair, kind, deadline())
      if (found === undefined) return []
      assert.ok(found.kind !== 'unknown', JSON.stringify(found))
      return found.differences.map(({ path }) => path)
    }
    const names = (paths: readonly string[], part: string) =>
      assert.ok(
        paths.some((path) => path.includes(part)),
        JSON.stringify(paths),
      )
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
      await quiet()
      await pass('repeat')
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
        assert.deepEqual(await audit('whole'), [], 'what changes while it is in use is no difference')
        await pass('repeat')
        await equal()
        assert.deepEqual(await audit('changed'), [])
      })
    }
    await t.test('a final pass leaves nothing behind, and then both sides verify as equal', async () => {
      await change()
      const final = await pass('final')
      assert.deepEqual([final.remainingBytes, final.lagSeconds], [0, 0])
      assert.deepEqual((await verify()).paths, [])
    })
    await t.test(
      'what changed after the last pass is no difference while it is in use, and one in the freeze',
      { skip: mover.audit === undefined },
      async () => {
        await change()
        assert.deepEqual(await audit('whole'), [])
        assert.notDeepEqual((await verify()).paths, [])
        await pass('repeat')
      },
    )
    for (const damage of damages) {
      await t.test(`verify names ${damage.title}, and the next ${damage.mendedBy} pass mends it`, async () => {
        assert.deepEqual(await audit('whole'), [])
        await damage.act()
        const { paths, said } = await verify()
        names(paths, damage.names)
        // After an audit there is no need to look at everything.
        if (mover.audit !== undefined) assert.deepEqual(said, [])
        await reopen()
        await pass(damage.mendedBy)
        if (reopen !== nothing) await pass('final')
        assert.deepEqual((await verify()).paths, [])
        await equal()
      })
    }
    if (unnoticed !== undefined)
      await t.test(`an audit names ${unnoticed.title}, which the recorders did not; before the switch everything is looked at from then on`, async () => {
        assert.deepEqual(await audit('whole'), [])
        await unnoticed.act()
        assert.deepEqual(await verify(), { paths: [], said: [] })
        names(await audit('afterwards'), unnoticed.names)
        assert.deepEqual(await verify(), { paths: [], said: [] })
        names(await audit('whole'), unnoticed.names)
        const { paths, said } = await verify()
        names(paths, unnoticed.names)
        assert.equal(said.length, 1)
        await pass(unnoticed.mendedBy)
        assert.deepEqual((await verify()).paths, [])
        await equal()
      })
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
