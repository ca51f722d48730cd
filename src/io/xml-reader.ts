// From the text of a document to its elements, over the events of a strict parser: no tree is built but the one that the
// caller wants to keep. Long lists say the same with other values again and again: what the parser has passed once, letter
// by letter, it need not look at again, which makes reading three times faster.
import type { XmlElement } from './xml.ts'
import { openStrict } from './xml-strict.ts'
import { NotXml, openTree, type Apart, type Tree } from './xml-tree.ts'

const [tab, newline, ampersand, slash, less, bracket] = [0x09, 0x0a, 0x26, 0x2f, 0x3c, 0x5d]

export type XmlReader = {
  /** The next piece of the document, cut between characters. */
  readonly write: (piece: string) => void
  /** The root element, without the elements that were taken apart. */
  readonly end: () => XmlElement
}

/** Both calls fail with NotXml, and with what `take` throws. */
export function openReader(apart: Apart | null): XmlReader {
  const tree = openTree(apart)
  const strict = openStrict(tree)
  return {
    write: (piece) => {
      for (let here = 0; here < piece.length;) {
        const known = strict.isBetweenTags() ? skim(piece, here, tree, strict.depth()) : here
        strict.passOver(known - here)
        if (known === piece.length) return
        here = piece.indexOf('>', known) + 1 || piece.length
        strict.write(piece.slice(known, here))
      }
    },
    end: () => {
      strict.end()
      const root = tree.root()
      if (root === null) throw new NotXml('XML that is broken or cut off')
      return root
    },
  }
}

/**
 * Reads on from between two tags for as long as every tag is known and text means what it says. Answers where that ended.
 * An element that the parser has open, up to this depth, must end there, too.
 */
function skim(piece: string, start: number, tree: Tree, depth: number): number {
  let here = start
  for (let inner = tree.open.at(-1); inner !== undefined; inner = tree.open.at(-1)) {
    const textEnd = plainUntil(piece, here)
    if (piece.charCodeAt(textEnd) !== less) return here
    if (textEnd > here) tree.addText(piece.slice(here, textEnd))
    here = textEnd
    if (piece.charCodeAt(here + 1) === slash) {
      const { end } = inner.tag
      if (tree.open.length <= depth || !piece.startsWith(end, here)) return here
      here += end.length
      tree.finish()
    } else {
      const tag = inner.tag.scope.known.get(piece.slice(here, piece.indexOf('>', here) + 1))
      if (tag === undefined) return here
      here += tag.source.length
      tree.begin(tag)
    }
  }
  return here
}

/** Where text ends that means what it says: at markup, at what the parser may refuse, and at ends of lines that it rewrites. */
function plainUntil(piece: string, start: number): number {
  for (let here = start; here < piece.length; here += 1) {
    const code = piece.charCodeAt(here)
    if (code === less || code === ampersand || (code === bracket && piece.charCodeAt(here + 1) === bracket)) return here
    if (code < 0x20 ? code !== tab && code !== newline : code > 0x7e && (code < 0xa0 || code === 0x2028 || code > 0xd7ff)) return here
  }
  return piece.length
}
