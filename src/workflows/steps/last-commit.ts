// Names of those that share a freeze are switched once the last of them is (runbook.md §7): until then their old addresses
// forward, and going back costs no change of a name.
import { sleep } from '../../io/wait.ts'
import type { Action } from '../run.ts'
import { notSwitchedYet } from './shared-freeze.ts'
import { keepInStep } from './sync.ts'
import { tellOnce } from './waiting.ts'
import { followBack } from './watch.ts'

const lookEveryMs = 100
const syncEveryMs = 3000
/** A pass beside the pause of another member would lengthen that. */
const quietForMs = 30_000

/** Meanwhile the source follows. A member that rests holds up nobody. */
export function afterLastCommit(act: Action): Action {
  return async (step) => {
    const [tell, pass] = [tellOnce(step), keepInStep(step)]
    for (const quietUntil = performance.now() + quietForMs; ;) {
      const other = await notSwitchedYet(step)
      if (other === null) return await act(step)
      const text = `The names wait until ${other}, which shares the freeze, is switched, too.`
      await tell(text, { waitingFor: 'freeze', move: other, cause: other, state: 'running' })
      const isQuiet = performance.now() < quietUntil
      if (!isQuiet) await followBack(step, pass)
      await sleep(isQuiet ? lookEveryMs : syncEveryMs, step.signal)
    }
  }
}
