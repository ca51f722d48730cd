// From the text of a document to its elements, over the events of a strict parser: no tree is built but the one that the
// caller wants to keep.
import { SaxesParser } from 'saxes'
import type { XmlElement } from './xml.ts'

const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance'
const deepest = 100
const unknownEntity = 'XML that uses an entity that XML does not know'

/** What came instead of a document, to follow "answered with". Never quotes it: it may hold a secret. */
export class NotXml extends Error {}

/** Elements that are offered as soon as they are whole. */
export type Apart = {
  /** In which element they stand: the names from the root on, without prefixes. */
  readonly inside: readonly string[]
  /** Answers whether it took the element; one that was taken is left out of the tree. */
  readonly take: (element: XmlElement) => boolean
}

/** Prefixes that an element declares, before those around it. Chained, since some senders declare one on every element. */
type Scope = { readonly prefix: string; readonly uri: string; readonly outer: Scope } | null

type Growing = XmlElement & { readonly children: XmlElement[]; text: string }
type Open = { readonly element: Growing; readonly scope: Scope }

const outermost: Scope = { prefix: 'xml', uri: 'http://www.w3.org/XML/1998/namespace', outer: null }
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

class Parser extends SaxesParser<{ xmlns: false; position: true; forceXMLVersion: true; defaultXMLVersion: '1.1' }> {}
// Its own refuses a whole answer for half a letter in a name, and knows what every object inherits. On the prototype: one
// more property on each parser makes V8 keep all of them in a dictionary, and reading four times slower (measured).
Object.defineProperty(Parser.prototype, 'parseEntity', { value: decode })

export type XmlReader = {
  /** The next piece of the document, cut between characters. */
  readonly write: (piece: string) => void
  /** The root element, without the elements that were taken apart. */
  readonly end: () => XmlElement
}

/** Both calls fail with NotXml, and with what `take` throws. */
export function openReader(apart: Apart | null): XmlReader {
  // As 1.1, whatever it says of itself: there a number may stand for a control character, and services write them so.
  const parser = new Parser({ xmlns: false, position: true, forceXMLVersion: true, defaultXMLVersion: '1.1' })
  const open: Open[] = []
  let root: XmlElement | null = null
  parser.on('error', (error) => complain(error.message, parser.line, parser.column))
  parser.on('doctype', refuseDoctype)
  // Collected one by one: the parser's own table of them is slow to walk through.
  let attributes: Written[] = []
  parser.on('attribute', (attribute) => void attributes.push(attribute))
  parser.on('opentag', ({ name }) => {
    if (open.length >= deepest) throw new NotXml(`XML that nests deeper than ${deepest} elements`)
    open.push(opened(name, attributes, open.at(-1)?.scope ?? outermost))
    if (attributes.length > 0) attributes = []
  })
  const addText = (text: string): void => {
    const inner = open.at(-1)
    if (inner !== undefined) inner.element.text += text
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => {
    const element = open.pop()?.element
    if (element === undefined) return
    if (element.children.length > 0 && element.text.trim() === '') element.text = ''
    if (apart !== null && isAt(open, apart.inside) && apart.take(element)) return
    if (open.length === 0) root = element
    else open.at(-1)?.element.children.push(element)
  })
  return {
    write: (piece) => void parser.write(piece),
    end: () => {
      parser.close()
      if (root === null) throw new NotXml('XML that is broken or cut off')
      return root
    },
  }
}

function isAt(open: readonly Open[], path: readonly string[]): boolean {
  return open.length === path.length && path.every((name, depth) => open[depth]?.element.name === name)
}

/** The parser's own messages quote the document; only their kind and place is told. */
function complain(message: string, line: number, column: number): void {
  // A name with a control character in it is still the name of a machine.
  if (message.endsWith(': disallowed character.')) return
  if (message.includes('doctype')) refuseDoctype()
  if (message.includes('entity')) throw new NotXml(unknownEntity)
  throw new NotXml(`XML that is broken or cut off (see line ${line}, column ${column})`)
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

function opened(name: string, written: readonly Written[], outer: Scope): Open {
  let scope = outer
  let declared = 0
  for (const attribute of written) {
    const prefix = attribute.name === 'xmlns' ? '' : attribute.name.startsWith('xmlns:') ? attribute.name.slice(6) : null
    if (prefix === null) continue
    scope = { prefix, uri: attribute.value, outer: scope }
    declared += 1
  }
  const { local, namespace } = resolve(name, scope)
  const { type, typeNamespace, attributes } = declared === written.length ? noOwn : attributesOf(written, scope)
  return { element: { name: local, namespace, type, typeNamespace, attributes, children: [], text: '' }, scope }
}

type Written = { readonly name: string; readonly value: string }
type Attributes = Pick<XmlElement, 'type' | 'typeNamespace' | 'attributes'>

const noOwn: Attributes = { type: null, typeNamespace: '', attributes: new Map() }

/** `xsi:type` stands apart from the others, and its value is a name, too. */
function attributesOf(written: readonly Written[], scope: Scope): Attributes {
  let type = { local: '', namespace: '' }
  let others: Map<string, string> | null = null
  for (const { name, value } of written) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue
    // One without a prefix is in no namespace, whatever the default is.
    const { local, namespace } = name.includes(':') ? resolve(name, scope) : { local: name, namespace: '' }
    if (namespace === instanceNamespace && local === 'type') type = resolve(value.trim(), scope)
    else (others ??= new Map()).set(namespace === '' ? name : `{${namespace}}${local}`, value)
  }
  return { type: type.local === '' ? null : type.local, typeNamespace: type.namespace, attributes: others ?? noOwn.attributes }
}

/** A prefix that nobody declared keeps its name as its namespace: such senders exist, and guessing would be worse. */
function resolve(written: string, scope: Scope): { local: string; namespace: string } {
  const colon = written.indexOf(':')
  const prefix = colon < 0 ? '' : written.slice(0, colon)
  let here = scope
  while (here !== null && here.prefix !== prefix) here = here.outer
  return { local: written.slice(colon + 1), namespace: here?.uri ?? prefix }
}
