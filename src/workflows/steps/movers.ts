// What is done for movers of more than folder trees: those are open when their node is, and keep nothing running.
import { messageOf } from '../../core/errors.ts'
import { otherSide, type SideName } from '../../core/stored-move.ts'
import type { Mover } from '../../movers/mover.ts'
import { isSilence, reach, type Step } from '../run.ts'
import { pairFrom } from './sides.ts'

/** Whether something has to be promoted, turned round and released. */
export function movesMore(step: Step): boolean {
  return step.settings.data.some(({ kind }) => kind !== 'files')
}

/**
 * Does something with every mover while clients wait: databases side by side, folder trees one after another, as a recorder
 * writes the names of all trees into the same files. Answers in their order; fails with the first failure, once none of them
 * is at work any more.
 */
export async function allMovers<Result>(step: Step, act: (mover: Mover, name: string) => Promise<Result>): Promise<readonly Result[]> {
  const trees = new Set(step.settings.data.filter(({ kind }) => kind === 'files').map(({ name }) => name))
  let lastTree: Promise<unknown> = Promise.resolve()
  const ended = await Promise.allSettled(
    step.run.ports.movers.map(async ({ name, mover }) => {
      if (!trees.has(name)) return await act(mover, name)
      const mine = lastTree.then(async () => await act(mover, name))
      lastTree = mine
      return await mine
    }),
  )
  return ended.map((each) => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
}

/** Releases every mover, the side that serves first. The other one may be dead: then what is left there stays. */
export async function releaseMovers(step: Step, serving: SideName): Promise<void> {
  if (!movesMore(step)) return
  const pair = await pairFrom(step, serving, (await isSilent(step, otherSide(serving))) ? { silent: otherSide(serving) } : {})
  let silence: unknown = null
  for (const { mover } of step.run.ports.movers) {
    try {
      await mover.release(pair, step.signal)
    } catch (error) {
      step.signal.throwIfAborted()
      if (!isSilence(error)) throw error
      silence ??= error
    }
  }
  if (silence !== null) await step.say(`A side does not answer, so what the movers left there stays: ${messageOf(silence)}`)
}

async function isSilent(step: Step, side: SideName): Promise<boolean> {
  try {
    await reach(step, side)
    return false
  } catch (error) {
    step.signal.throwIfAborted()
    if (!isSilence(error)) throw error
    return true
  }
}
