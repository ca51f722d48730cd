// Beats for as long as this process may act, and takes over what dead ones left. Nothing recovers the workflows of another
// process by itself: `recoverPendingWorkflows` puts them back into their queue, in one statement that is guarded by their owner.
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import { LifeboatError, messageOf } from '../core/errors.ts'
import { sleep } from '../io/wait.ts'
import type { Executors } from './executors.ts'

export type Alive = {
  /** Ends the beats; `leave` says that what is left may be taken over at once. */
  readonly leave: () => Promise<void>
}

export type AliveOptions = {
  readonly executors: Executors
  readonly id: string
  /** Whether others may declare this process dead: then it must not act once it was silent for too long, whatever it believes. */
  readonly isShared: boolean
  /** This process must not act any more. It is called once, and ends the process. */
  readonly onLost: (why: LifeboatError) => void
  readonly onLog: (text: string) => void
}

const beatEveryMs = 5000
const againAfterMs = 1000
/** Less than the silence after which others take over, so that nobody acts for a move when they begin (executors.ts). */
const silentForMs = 10_000
const lookEveryMs = 500

/** Beats once, so that what a process before this one left is taken over at once, then until it leaves. */
export async function stayAlive({ executors, id, isShared, onLost, onLog }: AliveOptions): Promise<Alive> {
  const ended = new AbortController()
  let beatAt = performance.now()
  const lose = (why: LifeboatError): void => {
    if (ended.signal.aborted) return
    ended.abort()
    clearInterval(watch)
    onLost(why)
  }
  const beat = async (): Promise<void> => {
    const began = performance.now()
    if (!(await executors.beat(id))) return lose(replaced())
    beatAt = began
    try {
      await executors.refuseRaised()
    } catch (error) {
      if (error instanceof LifeboatError && error.code === 'database-newer') return lose(error)
      throw error
    }
    for (const dead of await executors.fenceSilent(id)) onLog(`${dead} is silent and was declared dead.`)
    const dead = await executors.deadWithMoves()
    if (dead.length > 0 && DBOSExecutor.globalInstance)
      onLog(`Took over ${(await DBOSExecutor.globalInstance.recoverPendingWorkflows([...dead])).length} moves.`)
  }
  const look = (): void => {
    if (performance.now() - beatAt > silentForMs)
      lose(new LifeboatError('database-unreachable', `The database did not answer for ${silentForMs / 1000} s; others may have taken over.`))
  }
  const watch = setInterval(isShared ? look : () => undefined, lookEveryMs)
  await beat()
  const keepBeating = async (): Promise<void> => {
    for (let restMs = beatEveryMs; ;) {
      await sleep(restMs, ended.signal)
      restMs = await beat().then(
        () => beatEveryMs,
        (error: unknown) => {
          onLog(`A beat failed: ${messageOf(error)}`)
          return againAfterMs
        },
      )
    }
  }
  keepBeating().catch(() => undefined)
  return {
    leave: async () => {
      ended.abort()
      clearInterval(watch)
      await executors.leave(id)
    },
  }
}

/** What a process hears that was declared dead. */
export function replaced(): LifeboatError {
  return new LifeboatError('executor-replaced', 'This process was silent for too long and was declared dead.')
}
