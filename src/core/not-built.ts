// Keys that lifeboat.yaml may hold already and that nothing obeys yet: whoever uses one must hear of it before the move.
import type { Move } from './move.ts'
import type { Notice } from './node.ts'

/** A warning for each such key that this move really uses. A key that gets built goes from here. */
export function notBuiltWarnings(move: Move): Notice[] {
  const keys = [move.standby !== null && ['standby', 'no standby is kept']]
  return keys
    .filter((one) => one !== false)
    .map(([key, instead]) => ({ code: 'not-built', severity: 'warning', text: `${key} of ${move.name} is not built yet: ${instead}.` }))
}
