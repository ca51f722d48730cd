// Adds moves to the text of a lifeboat.yaml and leaves everything else in it as it stands, comments included.
import { isMap, parseDocument, type YAMLMap } from 'yaml'

export type NewMove = { readonly name: string; readonly entry: Readonly<Record<string, unknown>>; readonly reasons: Readonly<Record<string, string>> }

/** The text with these moves under `moves:`, a comment before each key that has a reason. */
export function withMoves(text: string, moves: readonly NewMove[]): string {
  const document = parseDocument(text)
  if (!isMap(document.get('moves'))) document.set('moves', document.createNode({}))
  // It is a map: that was just made sure.
  const all = document.get('moves') as YAMLMap
  all.flow = false
  for (const { name, entry, reasons } of moves) {
    const key = document.createNode(name)
    const value = document.createNode({}) as YAMLMap
    for (const [field, item] of Object.entries(entry)) {
      const label = document.createNode(field)
      const reason = reasons[field]
      // A reason holds names that others chose: on one line it cannot end the comment.
      if (reason !== undefined) label.commentBefore = ` ${reason.replaceAll(/\s+/g, ' ')}`
      const node = document.createNode(item, { flow: true })
      value.add(document.createPair(label, node))
    }
    all.add(document.createPair(key, value))
  }
  return document.toString({ lineWidth: 0 })
}
