// What of a move a rehearsal cannot try, and why: told with its result, never passed over.
import { describeCheck, type MoveSettings, type StoredCheck } from './stored-move.ts'

/** Programs that ask the system's own manager, which a rehearsal does not reach. */
const asksSystemd = /\b(systemctl|journalctl|loginctl|busctl|systemd-\w+|service)\b/

/** The checks that are tried, and in words what else of the move is left out. */
export function notRehearsed({ data, checks }: Pick<MoveSettings, 'data' | 'checks'>): {
  readonly checks: readonly StoredCheck[]
  readonly left: readonly string[]
} {
  const judged = checks.map((check) => ({ check, why: whyNot(check) }))
  const databases = data.filter(({ kind }) => kind !== 'files').map(({ name, kind }) => `${name} (${kind})`)
  return {
    checks: judged.filter(({ why }) => why === null).map(({ check }) => check),
    left: [...databases, ...judged.filter(({ why }) => why !== null).map(({ check, why }) => `${describeCheck(check)} (${why})`)],
  }
}

function whyNot(check: StoredCheck): string | null {
  switch (check.kind) {
    case 'http':
      return check.url.includes('{address}') ? null : "asks another address than the node's"
    case 'tcp':
      return null
    case 'command':
      return asksSystemd.test(check.command) ? 'asks systemd' : null
    case 'sql':
      return `${check.data} is not rehearsed`
  }
}
