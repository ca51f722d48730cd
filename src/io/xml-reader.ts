// From the text of a document to its elements, over the events of a strict parser: no tree is built but the one that the
// caller wants to keep.
import { SaxesParser, type SaxesTagPlain } from 'saxes'
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
const noAttributes: ReadonlyMap<string, string> = new Map()
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The root element, without the elements that were taken apart. Fails with NotXml, and with what `take` throws. */
export function readRoot(pieces: readonly string[], apart: Apart | null): XmlElement {
  // As 1.1, whatever it says of itself: there a number may stand for a control character, and services write them so.
  const parser = new SaxesParser<{ xmlns: false; position: true; forceXMLVersion: true; defaultXMLVersion: '1.1' }>({
    xmlns: false,
    position: true,
    forceXMLVersion: true,
    defaultXMLVersion: '1.1',
  })
  const open: Open[] = []
  let root: XmlElement | null = null
  // Its own refuses a whole answer for half a letter in a name, and knows what every object inherits.
  Object.assign(parser, { parseEntity: decode })
  parser.on('error', (error) => complain(error.message, parser.line, parser.column))
  parser.on('doctype', refuseDoctype)
  parser.on('opentag', (tag) => {
    if (open.length >= deepest) throw new NotXml(`XML that nests deeper than ${deepest} elements`)
    open.push(opened(tag, open.at(-1)?.scope ?? outermost))
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
  for (const piece of pieces) parser.write(piece)
  parser.close()
  if (root === null) throw new NotXml('XML that is broken or cut off')
  return root
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

function opened({ name, attributes: written }: SaxesTagPlain, outer: Scope): Open {
  let scope = outer
  let hasOwn = false
  for (const key in written) {
    if (key === 'xmlns') scope = { prefix: '', uri: written[key] ?? '', outer: scope }
    else if (key.startsWith('xmlns:')) scope = { prefix: key.slice(6), uri: written[key] ?? '', outer: scope }
    else hasOwn = true
  }
  const { local, namespace } = resolve(name, scope)
  const own = hasOwn ? attributesOf(written, scope) : noOwn
  return { element: { name: local, namespace, ...own, children: [], text: '' }, scope }
}

const noOwn = { type: null, typeNamespace: '', attributes: noAttributes }

/** `xsi:type` stands apart from the others, and its value is a name, too. */
function attributesOf(written: Readonly<Record<string, string>>, scope: Scope): Pick<XmlElement, 'type' | 'typeNamespace' | 'attributes'> {
  let type: { local: string; namespace: string } | null = null
  let attributes: Map<string, string> | null = null
  for (const name in written) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue
    const value = written[name] ?? ''
    // One without a prefix is in no namespace, whatever the default is.
    const { local, namespace } = name.includes(':') ? resolve(name, scope) : { local: name, namespace: '' }
    if (namespace === instanceNamespace && local === 'type') type = resolve(value.trim(), scope)
    else (attributes ??= new Map()).set(namespace === '' ? name : `{${namespace}}${local}`, value)
  }
  return { type: type?.local || null, typeNamespace: type?.namespace ?? '', attributes: attributes ?? noAttributes }
}

/** A prefix that nobody declared keeps its name as its namespace: such senders exist, and guessing would be worse. */
function resolve(written: string, scope: Scope): { local: string; namespace: string } {
  const colon = written.indexOf(':')
  const prefix = colon < 0 ? '' : written.slice(0, colon)
  let here = scope
  while (here !== null && here.prefix !== prefix) here = here.outer
  return { local: written.slice(colon + 1), namespace: here?.uri ?? prefix }
}
