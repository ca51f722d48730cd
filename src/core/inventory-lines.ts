// `inventory --json`, as it is sent and printed.
import type { Inventory } from './node.ts'

/** The media type of lines of JSON. */
export const linesType = 'application/x-ndjson'

/** One line for each inventory, in pieces: of thousands of nodes the text never stands in memory as a whole. */
export function* inventoryLines(inventories: readonly Inventory[]): Generator<string> {
  for (const { nodes, ...rest } of inventories) {
    yield `${JSON.stringify(rest).slice(0, -1)},"nodes":[`
    for (const [index, node] of nodes.entries()) yield `${index === 0 ? '' : ','}${JSON.stringify(node)}`
    yield ']}\n'
  }
}
