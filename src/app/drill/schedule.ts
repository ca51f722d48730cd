// `standby: { drill: 7d }`: whoever serves tries a standby anew once its last trial is that old, so that what it counts for
// does not run out. Not while its source is suspected: that is no time to try anything.
import type { Config } from '../../config/schema.ts'
import type { DrillCard } from '../../core/drill.ts'
import { messageOf } from '../../core/errors.ts'
import { isFresh } from '../../core/judged.ts'
import type { Store } from '../../workflows/store.ts'

/** After one that could not be held. */
const againAfterMs = 3_600_000

type Schedule = {
  readonly config: Pick<Config, 'moves'>
  readonly store: Pick<Store, 'move' | 'judged' | 'newestTrial'>
  /** Holds one of level D1. */
  readonly drill: (move: string) => Promise<DrillCard>
  readonly onLog: (text: string) => void
}

/** Holds what is due each time that it is called, one after the other. `now`: milliseconds since 1970. */
export function drillSchedule({ config, store, drill, onLog }: Schedule): (now: number) => Promise<void> {
  const notBefore = new Map<string, number>()
  const wanted = Object.entries(config.moves).flatMap(([name, { standby }]) => (standby?.drill === undefined ? [] : [{ name, everyMs: standby.drill }]))
  const isDue = async (name: string, everyMs: number, now: number): Promise<boolean> => {
    if (now < (notBefore.get(name) ?? 0)) return false
    const last = await store.newestTrial(name)
    if (last !== null && now - Date.parse(last.at) < everyMs) return false
    const move = await store.move(name)
    if (move === null || move.state !== 'running' || move.facts.serving === 'target' || move.facts.lastPass === null) return false
    const judged = await store.judged(name)
    return judged === null || !isFresh(judged, now) || judged.standing === 'healthy' || judged.standing === 'unknown'
  }
  return async (now) => {
    for (const { name, everyMs } of wanted) {
      if (!(await isDue(name, everyMs, now))) continue
      notBefore.set(name, now + againAfterMs)
      const told = await drill(name).then(
        ({ passed, report }) => `${passed ? 'passed' : 'did not pass'}: ${report ?? 'no page'}`,
        (thrown: unknown) => `could not be held: ${messageOf(thrown)}`,
      )
      onLog(`The drill of ${name} ${told}`)
    }
  }
}
