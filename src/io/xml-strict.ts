// The strict parser, and what it is told of a document of which parts are read without it.
import { SaxesParser } from 'saxes'
import { outermost, tagOf, type Written } from './xml-tags.ts'
import { NotXml, type Tree } from './xml-tree.ts'

const unknownEntity = 'XML that uses an entity that XML does not know'
/** Start tags that are remembered of one document: how long, and how many. */
const longestKnown = 300
const mostKnown = 1000

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

class Parser extends SaxesParser<{ xmlns: false; position: true; forceXMLVersion: true; defaultXMLVersion: '1.1' }> {}
// Its own refuses a whole answer for half a letter in a name, and knows what every object inherits. On the prototype: one
// more property on each parser makes V8 keep all of them in a dictionary, and reading four times slower (measured).
Object.defineProperty(Parser.prototype, 'parseEntity', { value: decode })

export type Strict = {
  /** Whether what was written last is a whole tag, and nothing is left over. */
  readonly isBetweenTags: () => boolean
  /** How many of the open elements the parser has open, too. */
  readonly depth: () => number
  /** So many characters were read without it. */
  readonly passOver: (length: number) => void
  /** The next part of the document, up to the next `>` or as much as there is. */
  readonly write: (part: string) => void
  readonly end: () => void
}

/** Reads into a tree whatever there is, and remembers in its scopes the start tags that came. Fails with NotXml. */
export function openStrict(tree: Tree): Strict {
  const parser = parserInto(tree)
  // Characters that it was given, and how many more it would have been given without what was passed over.
  let given = 0
  let passed = 0
  let depth = 0
  // Whether it is told of elements that the tree has already.
  let isTelling = false
  let isBetweenTags = false
  let tagEnd = -1
  let source = ''
  let known = 0
  // Collected one by one: the parser's own table of them is slow to walk through.
  let attributes: Written[] = []

  parser.on('error', ({ message }) => complain(message, parser.position + passed))
  parser.on('attribute', (attribute) => void attributes.push(attribute))
  parser.on('opentag', ({ name, isSelfClosing }) => {
    tagEnd = parser.position
    const written = attributes
    if (written.length > 0) attributes = []
    if (isTelling) return
    const scope = tree.open.at(-1)?.tag.scope ?? outermost()
    const tag = tagOf(name, written, scope, source)
    if (source !== '' && !isSelfClosing && source.length <= longestKnown && ++known <= mostKnown) scope.known.set(source, tag)
    tree.begin(tag)
    depth = tree.open.length
  })
  parser.on('closetag', () => {
    tagEnd = parser.position
    tree.finish()
    depth = tree.open.length
  })
  const give = (text: string): void => {
    given += text.length
    parser.write(text)
  }
  const tell = (): void => {
    isTelling = true
    for (; depth < tree.open.length; depth += 1) {
      const told = tree.open[depth]?.tag.source ?? ''
      passed -= told.length
      give(told)
    }
    isTelling = false
  }

  return {
    isBetweenTags: () => isBetweenTags,
    depth: () => depth,
    passOver: (length) => void (passed += length),
    write: (part) => {
      tell()
      source = isBetweenTags && part.startsWith('<') ? part : ''
      give(part)
      isBetweenTags = part.endsWith('>') && tagEnd === given
    },
    end: () => {
      tell()
      parser.close()
    },
  }
}

function parserInto(tree: Tree): Parser {
  // As 1.1, whatever it says of itself: there a number may stand for a control character, and services write them so.
  const parser = new Parser({ xmlns: false, position: true, forceXMLVersion: true, defaultXMLVersion: '1.1' })
  parser.on('doctype', refuseDoctype)
  parser.on('text', tree.addText)
  parser.on('cdata', tree.addText)
  return parser
}

/** The parser's own messages quote the document; only their kind and place is told. */
function complain(message: string, place: number): void {
  // A name with a control character in it is still the name of a machine.
  if (message.endsWith(': disallowed character.')) return
  if (message.includes('doctype')) refuseDoctype()
  if (message.includes('entity')) throw new NotXml(unknownEntity)
  throw new NotXml(`XML that is broken or cut off (after ${place} characters)`)
}

/** What stands between `&` and `;`: one of XML itself, or a number. Half a letter becomes U+FFFD, as it does among bytes. */
function decode(entity: string): string {
  const [, decimal, hex] = /^#(?:(\d{1,8})|x([0-9a-fA-F]{1,7}))$/.exec(entity) ?? []
  const code = decimal !== undefined ? Number.parseInt(decimal, 10) : hex !== undefined ? Number.parseInt(hex, 16) : 0
  if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code).toWellFormed()
  const known = Object.hasOwn(entities, entity) ? entities[entity] : undefined
  if (known === undefined) throw new NotXml(unknownEntity)
  return known
}

/** With it goes every entity that a document could declare, and every file it could include. */
function refuseDoctype(): never {
  throw new NotXml('XML that declares a document type; these are refused')
}
