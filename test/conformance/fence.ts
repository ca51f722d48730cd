// What every Fence must do, against what really stands behind it.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Fence } from '../../src/core/fence.ts'

export type FenceSubject = {
  readonly fence: Fence
  /** Another one for the same node, as another process opens it. */
  readonly other: Fence
  readonly id: string
  /** Whether clients could reach it, as it is seen without the fence. */
  readonly isReachable: () => Promise<boolean>
  /** Somebody starts the node again, as far as that is possible; absent: nobody could. */
  readonly restart?: () => Promise<void>
}

const soon = () => AbortSignal.timeout(120_000)

export function fenceConformance(kind: string, skip: string | false, start: (t: TestContext) => Promise<FenceSubject>): void {
  describe(`every fence: ${kind}`, { skip }, () => {
    for (const [title, body] of Object.entries(facts)) {
      test(title, { timeout: 180_000 }, async (t) => await body(await start(t)))
    }
  })
}

const facts: Readonly<Record<string, (subject: FenceSubject) => Promise<void>>> = {
  'a node that nobody cut off is not fenced; one that was is, for everybody, and is not reached': async ({ fence, other, id, isReachable }) => {
    assert.deepEqual([await fence.isFenced(id, soon()), await isReachable()], [false, true])
    assert.match(await fence.fence(id, soon()), /^[^\n]+$/)
    assert.deepEqual([await fence.isFenced(id, soon()), await other.isFenced(id, soon()), await isReachable()], [true, true, false])
  },

  'a second fence finds it done; it stays over a restart of the node': async ({ fence, other, id, isReachable, restart }) => {
    await fence.fence(id, soon())
    await other.fence(id, soon())
    await restart?.()
    assert.deepEqual([await fence.isFenced(id, soon()), await isReachable()], [true, false])
  },

  'what was lifted is reached again, and can be cut off anew; a repeat changes nothing': async ({ fence, other, id, isReachable }) => {
    await fence.fence(id, soon())
    await other.unfence(id, soon())
    await fence.unfence(id, soon())
    assert.deepEqual([await fence.isFenced(id, soon()), await isReachable()], [false, true])
    await fence.fence(id, soon())
    assert.deepEqual([await fence.isFenced(id, soon()), await isReachable()], [true, false])
  },

  'an aborted call ends with the reason of the abort, and nothing is done': async ({ fence, id, isReachable }) => {
    const reason = new Error('enough')
    await assert.rejects(fence.fence(id, AbortSignal.abort(reason)), reason)
    assert.equal(await isReachable(), true)
  },

  'closing twice is fine': async ({ fence }) => {
    await fence.close()
    await fence.close()
  },
}
