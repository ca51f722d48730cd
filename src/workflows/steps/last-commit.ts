// Names of those that share a freeze are switched once the last of them is (runbook.md §7): until then their old addresses
// forward, and going back costs no change of a name.
import { sleep } from '../../io/wait.ts'
import type { Action, Step } from '../run.ts'
import { notSwitchedYet } from './shared-freeze.ts'
import { whileKeptInStep, type Passes } from './sync.ts'
import { tellOnce } from './waiting.ts'
import { followBack } from './watch.ts'

const lookEveryMs = 100
const syncEveryMs = 3000
/** A pass beside the pause of another member would lengthen that. */
const quietForMs = 30_000

/** Meanwhile the source follows. A member that rests holds up nobody. */
export function afterLastCommit(act: Action): Action {
  return async (step) => {
    await whileKeptInStep(step, async (passes) => await untilLastCommit(step, passes))
    return await act(step)
  }
}

async function untilLastCommit(step: Step, passes: Passes): Promise<void> {
  const tell = tellOnce(step)
  for (const quietUntil = performance.now() + quietForMs; ;) {
    const other = await notSwitchedYet(step)
    if (other === null) return
    const text = `The names wait until ${other}, which shares the freeze, is switched, too.`
    await tell(text, { waitingFor: 'freeze', move: other, cause: other, state: 'running' })
    const isQuiet = performance.now() < quietUntil
    if (!isQuiet && passes.dueInMs() === 0) await followBack(step, passes.make)
    await sleep(isQuiet ? lookEveryMs : syncEveryMs, step.signal)
  }
}
