// Whoever runs an estate: begins all moves, starts the controller again when it is gone, tries again what failed, approves
// what asks, lets some go back once, and finishes, until no move can come any further.
import { LifeboatError, codeOf } from '../../src/core/errors.ts'
import type { MoveStatus } from '../../src/core/records.ts'
import { sleep } from '../../src/io/wait.ts'
import type { Estate } from './estate.ts'
import type { Fleet } from './fleet.ts'

const lookEveryMs = 200
const againAfterMs = 2000
/** More than any weather needs. */
const mostWords = 30

/** Moves that can never be switched: those that are doomed, and all that come after them. */
export function hopelessOf({ moves }: Estate): ReadonlySet<string> {
  const hopeless = new Set(moves.filter(({ doomed }) => doomed !== null).map(({ name }) => name))
  for (const { name, after } of moves) if (after.some((each) => hopeless.has(each))) hopeless.add(name)
  return hopeless
}

/** Ends when every move has; `goBack`: these go back once after their switch. Fails with timeout, and with the states then. */
export async function operate(fleet: Fleet, estate: Estate, goBack: ReadonlySet<string>, signal: AbortSignal): Promise<readonly MoveStatus[]> {
  const hopeless = hopelessOf(estate)
  const doomed = new Map(estate.moves.map(({ name, doomed: how }) => [name, how]))
  const back = new Set(goBack)
  const words = new Map<string, { readonly at: number; readonly times: number }>()
  let last: readonly MoveStatus[] = []
  const isOver = ({ name, state }: MoveStatus): boolean => {
    if (!hopeless.has(name)) return state === 'finished'
    return state === 'rolled-back' || (state === 'failed' && doomed.get(name) === 'copy')
  }
  /** Waits in vain: everything else is over. */
  const isLeft = (move: MoveStatus): boolean => hopeless.has(move.name) && last.every((other) => isOver(other) || hopeless.has(other.name))
  /** What is to be said now; null: it goes on by itself, or is over. */
  const wordFor = (move: MoveStatus): (() => Promise<void>) | null => {
    const { name, state, waitingFor } = move
    const tell = (word: 'approve' | 'rollback' | 'finish') => async () => await fleet.tell(name, word)
    if (isOver(move)) return null
    if (state === 'failed' || state === 'rolled-back') return async () => await fleet.migrate(name)
    if (waitingFor === 'finish') return tell(back.delete(name) ? 'rollback' : 'finish')
    if (waitingFor === 'approval') return tell(hopeless.has(name) ? 'rollback' : 'approve')
    return waitingFor === 'after' && isLeft(move) ? tell('rollback') : null
  }
  /** Says it, and says it again after a while if nothing comes of it. */
  const speak = async (move: MoveStatus): Promise<void> => {
    const key = `${move.name} ${move.state} ${move.waitingFor} ${move.startedAt}`
    const { at, times } = words.get(key) ?? { at: -Infinity, times: 0 }
    if (performance.now() - at < againAfterMs) return
    const word = wordFor(move)
    if (word === null) return
    if (times >= mostWords) throw new LifeboatError('timeout', `${shown(move)} is told the same again and again.`)
    words.set(key, { at: performance.now(), times: times + 1 })
    await word()
  }
  let begun = false
  while (begun === false || !last.every(isOver)) {
    if (signal.aborted)
      throw new LifeboatError(
        'timeout',
        `Not at its end: ${last
          .filter((move) => !isOver(move))
          .map(shown)
          .join('; ')}.`,
      )
    try {
      if (!fleet.isAlive()) await fleet.start()
      if (!begun) await fleet.migrate()
      begun = true
      last = await fleet.status()
      for (const move of last) await speak(move)
    } catch (error) {
      // Killed meanwhile, or told a moment too late.
      if (!['controller-unreachable', 'not-now', 'rollback-impossible'].includes(codeOf(error)) && fleet.isAlive()) throw error
    }
    await sleep(lookEveryMs, new AbortController().signal)
  }
  return last
}

function shown({ name, step, state, waitingFor }: MoveStatus): string {
  return `${name} ${step} ${state} ${waitingFor ?? ''}`
}
