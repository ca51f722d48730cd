// Taking a turn at a stack, and what dead processes left on it: engines that may still run, locks that nobody will remove.
import { sleep } from '../io/wait.ts'
import type { LeftRun, Listen, Turn, Turns } from './engine.ts'
import { locksAgainst, type Lock } from './failures.ts'
import { isAtWork, placeOf } from './operation.ts'
import type { StackSession } from './session.ts'

/** Longer than a keeper leaves an engine after its process was last heard of: cli.ts, keeper.sh, workflows/alive.ts. */
const surelyGoneMs = 45_000
const askEveryMs = 1000

/** For a process that is alone. */
export const noTurns: Turns = {
  take: async () => {
    const nothing = async (): Promise<void> => await Promise.resolve()
    return await Promise.resolve({ left: [], begin: nothing, end: nothing, clear: nothing, release: nothing })
  },
}

/** Waits for the turn; who has it is told again and again. */
export async function takeTurn(turns: Turns, stack: { readonly project: string; readonly name: string }, listen: Listen, signal: AbortSignal): Promise<Turn> {
  for (;;) {
    signal.throwIfAborted()
    const turn = await turns.take(`${stack.project}/${stack.name}`)
    if (!('holder' in turn)) return turn
    listen({ resource: `Stack ${stack.name}`, state: 'waiting', text: `in use by ${turn.holder}` })
    await sleep(askEveryMs, signal)
  }
}

/** Waits until all engines that were left are surely gone; answers a sentence if that took a while. */
export async function awaitLeft({ left }: Turn, workDir: string, signal: AbortSignal): Promise<readonly string[]> {
  const gone = await Promise.all(left.map(async (run) => await isGone(run, workDir)))
  const waited = left.filter((_, at) => gone[at] === false)
  if (waited.length === 0) return []
  const ms = surelyGoneMs - Math.min(...waited.map(({ silentMs }) => silentMs ?? surelyGoneMs))
  await sleep(ms, signal)
  const hosts = [...new Set(waited.map(({ host }) => host))].join(' and ')
  return [`Waited ${Math.ceil(ms / 1000)} s for the end of what a dead process left running on ${hosts}.`]
}

async function isGone({ silentMs, place }: LeftRun, workDir: string): Promise<boolean> {
  if (silentMs === null || silentMs >= surelyGoneMs) return true
  // What would still run here can be seen.
  return place === (await placeOf(workDir)) && !(await isAtWork(workDir))
}

/** Whether a lock was made by one of the engines that were left. */
export function isOf({ left }: Turn, { host, pid }: Lock): boolean {
  return left.some((run) => run.host === host && run.pid === pid)
}

export type Past = { readonly turn: Turn; readonly session: StackSession; readonly tell: (text: string) => void }

/**
 * Does what takes the lock of a stack, once the engines that were left are gone (awaitLeft). Where their locks stand in
 * the way, and no other, they are removed, which is told, and it is done then.
 */
export async function pastLeftLocks<T>({ turn, session, tell }: Past, act: () => Promise<T>): Promise<T> {
  const done = await act().catch(async (error: unknown) => {
    const locks = locksAgainst(error)
    if (locks.length === 0 || !locks.every((lock) => isOf(turn, lock))) throw error
    await session.run('cancel', '--yes')
    for (const lock of locks) tell(removed(lock))
    return await act()
  })
  await turn.clear()
  return done
}

export function removed({ host, pid, since }: Lock): string {
  return `Removed the lock of process ${pid} on ${host} from ${since}; the process is gone.`
}
