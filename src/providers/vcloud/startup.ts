// In which order a vApp starts its machines: a suggestion for the order of their moves.
import type { Hint } from '../../core/node.ts'
import { childOf, childrenOf, type XmlElement } from '../../io/xml.ts'
import { attribute, integer } from './answer.ts'

type Start = { readonly name: string; readonly order: number; readonly delaySeconds: number }

/** What should be moved before the machine of this name: those that its vApp starts in the step before it. */
export function startHints(vApp: XmlElement | null, name: string): readonly Hint[] {
  const starts = childrenOf(childOf(vApp, 'StartupSection'), 'Item').flatMap(startOf)
  const own = starts.find((start) => start.name === name)
  if (own === undefined) return []
  const before = starts.filter(({ order }) => order < own.order)
  const last = Math.max(...before.map(({ order }) => order))
  return before.filter(({ order }) => order === last).map((start) => hintOf(start, own))
}

/** An item names its machine by the name that it has in the vApp. */
function startOf(item: XmlElement): Start[] {
  const [name, order] = [attribute(item, 'id'), integer(attribute(item, 'order'))]
  return name === null || order === null ? [] : [{ name, order, delaySeconds: integer(attribute(item, 'startDelay')) ?? 0 }]
}

function hintOf(before: Start, own: Start): Hint {
  const wait = before.delaySeconds > 0 ? `, and waits ${before.delaySeconds} s` : ''
  return { key: 'after', value: before.name, text: `Its vApp starts ${before.name} (${before.order}) before ${own.name} (${own.order})${wait}.` }
}
