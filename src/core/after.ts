// Who must be switched before whom (runbook.md §7): what a move comes after serves from its target first, databases before
// their clients. Only the switch waits; preparing and copying do not.
import type { MoveState, SideName } from './stored-move.ts'

/** Where another move stands: its state, which side serves, and what it comes after itself. */
export type Standing = { readonly state: MoveState; readonly serving: SideName; readonly after: readonly string[] }

/**
 * `move`: of those that it comes after, the one that it waits for. `cause`: the one that does not go on by itself, `move`
 * or what that waits for in its turn; `state` is where the cause stands. Running: all that is in the way goes on.
 */
export type Obstacle = { readonly move: string; readonly cause: string; readonly state: MoveState | 'not-begun' }

/** What keeps a move that comes after these from being switched; null: nothing. What waits in vain is told first. */
export function obstacleOf(after: readonly string[], estate: ReadonlyMap<string, Standing>): Obstacle | null {
  const open = after.filter((name) => estate.get(name)?.serving !== 'target')
  const seen = new Set<string>()
  for (const move of open) {
    const cause = stoppedBehind(move, estate, seen)
    if (cause !== null) return { move, cause, state: estate.get(cause)?.state ?? 'not-begun' }
  }
  return open[0] === undefined ? null : { move: open[0], cause: open[0], state: 'running' }
}

/** This move, or the first of those that it waits for, which nobody drives on. `seen`: none of these is in the way. */
function stoppedBehind(name: string, estate: ReadonlyMap<string, Standing>, seen: Set<string>): string | null {
  if (seen.has(name)) return null
  seen.add(name)
  const standing = estate.get(name)
  if (standing?.serving === 'target') return null
  if (standing?.state !== 'running') return name
  for (const other of standing.after) {
    const cause = stoppedBehind(other, estate, seen)
    if (cause !== null) return cause
  }
  return null
}

const words = { 'not-begun': 'was not begun', failed: 'failed', 'rolled-back': 'is rolled back', finished: 'is finished', running: 'runs' } as const

/** Whom a move waits for, and what to do where that does not go on: the rest of a sentence after `waits `. */
export function describeObstacle({ move, cause, state }: Obstacle): string {
  if (state === 'running') return `until ${move} is switched`
  const chain = move === cause ? `for ${move}, which` : `for ${move}, and that for ${cause}, which`
  return `${chain} ${words[state]}: migrate ${cause}, or take it out of \`after:\``
}

/** The same of one that is to be switched in the same freeze. */
export function describeCompanion({ move, state }: Obstacle): string {
  if (state === 'running') return `until ${move}, which shares its freeze, is ready and approved`
  return `for ${move}, which shares its freeze and ${words[state]}: migrate ${move}, or take it out of \`freezes:\``
}

/** Why this move should not go back before these: the rest of a sentence. */
export function describeClients(name: string, clients: readonly string[]): string {
  const are = clients.length === 1 ? 'comes after it and is' : 'come after it and are'
  return `${clients.join(', ')} ${are} switched: the order would be to roll back ${[...clients, name].join(', then ')}`
}

/** Who goes back with whom: a sentence. */
export function describeTogether(name: string, others: readonly string[]): string {
  return `${name} was switched in one freeze with ${others.join(', ')}, and goes back with ${others.length === 1 ? 'it' : 'them'}, in one pause.`
}

/** Of each move those that come after it and serve from their targets: before it goes back, they should. */
export function clientsToGoFirst(estate: ReadonlyMap<string, Standing>): ReadonlyMap<string, readonly string[]> {
  const clients = new Map<string, string[]>()
  for (const [name, { serving, after }] of estate) {
    if (serving !== 'target') continue
    for (const other of after) clients.set(other, [...(clients.get(other) ?? []), name])
  }
  return clients
}
