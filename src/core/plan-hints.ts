// What the provider of a source suggests and its move does not follow. A person may have good reason, so these are warnings.
import { warning } from './inside/not-named.ts'
import type { Move } from './move.ts'
import { compareNotices, type Hint, type Node, type Notice } from './node.ts'
import type { Moved } from './plan-inside.ts'

/** Of the order in which a vApp starts its machines, and of ports that the provider leads customers to. */
export function notFollowed(move: Move, node: Node, moved: Moved): Notice[] {
  return (node.hints ?? []).flatMap((hint) => [...order(hint, move, moved), ...port(hint, move, node)]).sort(compareNotices)
}

function order({ key, value, text }: Hint, move: Move, { moves }: Moved): Notice[] {
  if (key !== 'after') return []
  const others = [...moves].flatMap(([peer, other]) => (peer.name === value && other.from.provider === move.from.provider && other !== move ? [other] : []))
  return others
    .filter((other) => !move.after.includes(other.name) && !other.after.includes(move.name))
    .map((other) => warning('start-order', `${text} But moves.${move.name}.after does not name ${other.name}.`))
}

/** A look inside tells of every port that listens, so of these, too. */
function port({ key, value, text }: Hint, move: Move, { inside }: Node): Notice[] {
  const named = move.ports.some((each) => value === (each.protocol === 'tcp' ? String(each.port) : `${each.port}/${each.protocol}`))
  if (key !== 'ports' || named || (inside?.listeners ?? null) !== null) return []
  return [warning('port-not-named', `${text} But moves.${move.name}.ports does not name ${value}.`)]
}
