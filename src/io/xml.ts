// Reading and writing XML of services. Names are resolved through their namespaces, because a sender is free in its
// prefixes: what one writes `xsi:type` is `_XMLSchema-instance:type` from another. Values stay text.
import { setImmediate } from 'node:timers/promises'
import { LifeboatError } from '../core/errors.ts'
import { openReader } from './xml-reader.ts'
import { NotXml, type Apart } from './xml-tree.ts'

/** A web page says what it is within so many characters. */
const pageLooksWithin = 1000
const schemaNamespace = 'http://www.w3.org/2001/XMLSchema'

export type XmlElement = {
  /** Without its prefix. */
  readonly name: string
  /** Empty when the element stands in none. */
  readonly namespace: string
  /** The value of xsi:type without its prefix, or null. */
  readonly type: string | null
  readonly typeNamespace: string
  /** By name, those in a namespace as `{namespace}name`. Declarations and xsi:type are left out. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** The text directly inside; white space between child elements is left out. */
  readonly text: string
}

/**
 * The root element of a document. `sender` begins the sentence of a failure ("The vCenter …"). Fails with
 * answer-malformed for anything that is not well-formed, declares a document type (and so entities), or nests deeper
 * than 100. The sentence never quotes the document: it may hold a secret.
 */
export function readXml(document: string, sender: string): XmlElement {
  refuseWebPage(document, sender)
  const reader = openReader(null)
  return orRefuse(sender, () => {
    reader.write(document.toWellFormed())
    return reader.end()
  })
}

/**
 * The same for a large document in pieces, cut between characters as a TextDecoder does. Elements of a long list are
 * handed over one by one while it is read, so that the list never stands in memory as a whole; and after each piece
 * others have their turn, so that a request that an element gave rise to is sent at once.
 */
export async function readXmlApart(pieces: Iterable<string>, sender: string, apart: Apart): Promise<XmlElement> {
  const reader = openReader(apart)
  let start = ''
  for (const piece of pieces) {
    if (start.length < pageLooksWithin) refuseWebPage((start += piece), sender)
    orRefuse(sender, () => reader.write(piece))
    await setImmediate()
  }
  return orRefuse(sender, reader.end)
}

function refuseWebPage(start: string, sender: string): void {
  if (/^\s*<(?:!doctype\s+html|html)\b/i.test(start.slice(0, pageLooksWithin))) refuse(sender, 'with a web page instead of XML')
}

function orRefuse<T>(sender: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof NotXml) return refuse(sender, `with ${error.message}`)
    throw error
  }
}

function refuse(sender: string, how: string): never {
  throw new LifeboatError('answer-malformed', `${sender} answered ${how}.`)
}

/** The first child of that name (without its prefix), or null. */
export function childOf(element: XmlElement | null | undefined, name: string): XmlElement | null {
  return element?.children.find((child) => child.name === name) ?? null
}

export function childrenOf(element: XmlElement | null | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? []
}

/** The element at the end of a path of names, or null. */
export function at(element: XmlElement | null | undefined, ...path: readonly string[]): XmlElement | null {
  let here = element ?? null
  for (const name of path) here = childOf(here, name)
  return here
}

/** The text at the end of a path of names; null when the element is not there. Empty text is ''. */
export function textAt(element: XmlElement | null | undefined, ...path: readonly string[]): string | null {
  return at(element, ...path)?.text ?? null
}

/** The attribute of that name, first the one without a namespace. */
export function attributeOf(element: XmlElement, name: string): string | null {
  const plain = element.attributes.get(name)
  if (plain !== undefined) return plain
  for (const [key, value] of element.attributes) if (key.endsWith(`}${name}`)) return value
  return null
}

/** Text for the inside of an element or an attribute. Characters that XML 1.0 cannot carry become U+FFFD. */
export function escapeXml(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what XML forbids
  const allowed = text.toWellFormed().replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
  return allowed.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\r', '&#13;')
}

/**
 * An element as it was read, for a service that wants its own object back. It stands in the default namespace of its
 * new place, where `xsi` and `xsd` must be declared; attributes in other namespaces are left out.
 */
export function writeXml(element: XmlElement): string {
  const type = element.type === null ? '' : ` xsi:type="${element.typeNamespace === schemaNamespace ? 'xsd:' : ''}${escapeXml(element.type)}"`
  const attributes = [...element.attributes].filter(([name]) => !name.startsWith('{')).map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
  const inside = element.children.length > 0 ? element.children.map(writeXml).join('') : escapeXml(element.text)
  return `<${element.name}${attributes.join('')}${type}>${inside}</${element.name}>`
}
