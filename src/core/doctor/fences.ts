// What of the fences of a move could be used, if it had to fail over now.
import { error, ok, warning, type Found } from './finding.ts'

/** What one rung of `fence:` told when it was asked, changing nothing. `read`: null: it was not asked; else whether the node is cut off, or why that could not be read. */
export type FenceReading = { readonly kind: 'provider' | 'ssh' | 'hook'; readonly read: boolean | string | null }

const names = { provider: 'its provider', ssh: 'the helper on the node', hook: 'your command' } as const

export function judgeFences(node: string, readings: readonly FenceReading[]): readonly Found[] {
  const each = readings.map(({ kind, read }) => {
    const who = names[kind]
    if (read === true) return error('fenced', `${node} is cut off now, by what ${who} says.`, 'Lift that first, if the move is to serve from it.')
    if (typeof read === 'string')
      return warning('fence-unusable', `In a failover ${who} could not cut ${node} off: ${read}`, 'Mend that, or name another fence under fence:.')
    if (kind === 'ssh') return ok('fence', `While ${node} answers, ${who} can cut it off.`)
    return ok('fence', read === null ? `In a failover ${who} is asked to cut ${node} off; that was not tried.` : `${node} is not cut off, by what ${who} says.`)
  })
  const outside = readings.some(({ kind, read }) => kind !== 'ssh' && typeof read !== 'string')
  if (outside) return each
  const text = `Nothing outside of ${node} can cut it off. A node that does not answer could then be followed by its standby on the word of a person alone.`
  return [...each, warning('fence-weak', text, 'Name one under fence: that does not need the node: its provider, or a command of yours.')]
}
