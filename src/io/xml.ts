// Reading and writing XML of services. Names are resolved through their namespaces, because a sender is free in its
// prefixes: what one writes `xsi:type` is `_XMLSchema-instance:type` from another. Values stay text.
import { XMLParser } from 'fast-xml-parser'
import { LifeboatError } from '../core/errors.ts'

const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance'
const schemaNamespace = 'http://www.w3.org/2001/XMLSchema'
const deepest = 100

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

type Scope = ReadonlyMap<string, string>
/** An entry of the parser's ordered output: one key is the name, its value the children or the text; `:@` the attributes. */
type Entry = Readonly<Record<string, unknown>>

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // Entities are decoded below: the five of XML and numbers, never those that a document declares.
  processEntities: false,
  cdataPropName: '#cdata',
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: deepest,
  jPath: false,
})

/**
 * The root element of a document. `sender` begins the sentence of a failure ("The vCenter …"). Fails with
 * answer-malformed for anything that is not well-formed, declares a document type (and so entities), or nests deeper
 * than 100. The sentence never quotes the document: it may hold a secret.
 */
export function readXml(document: string, sender: string): XmlElement {
  if (/^\s*<(?:!doctype\s+html|html)\b/i.test(document.slice(0, 1000))) refuse(sender, 'with a web page instead of XML')
  if (declares(document)) refuse(sender, 'with XML that declares a document type; these are refused')
  let entries: readonly Entry[]
  try {
    entries = parser.parse(document, true)
  } catch (error) {
    return refuse(sender, `with XML that ${reasonOf(error)}`)
  }
  const roots = entries.filter((entry) => !nameOf(entry).startsWith('#'))
  const root = roots[0]
  if (root === undefined || roots.length > 1) return refuse(sender, `with ${roots.length} XML documents instead of one`)
  try {
    return elementOf(root, new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]))
  } catch (error) {
    if (error instanceof NotXml) return refuse(sender, `with XML that ${error.message}`)
    throw error
  }
}

class NotXml extends Error {}

function refuse(sender: string, how: string): never {
  throw new LifeboatError('answer-malformed', `${sender} answered ${how}.`)
}

/** Whether `<!` opens anything but a comment or CDATA. Linear, whatever the document holds. */
function declares(document: string): boolean {
  for (let at = document.indexOf('<!'); at >= 0; at = document.indexOf('<!', at)) {
    const end = document.startsWith('<!--', at) ? '-->' : document.startsWith('<![CDATA[', at) ? ']]>' : null
    if (end === null) return true
    const closed = document.indexOf(end, at + (end === '-->' ? 4 : 9))
    if (closed < 0) return false
    at = closed
  }
  return false
}

/** The parser's own messages quote the document; only their kind and place is told. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  if (message.startsWith('Maximum nested tags')) return `nests deeper than ${deepest} elements`
  const place = /:(\d+):(\d+)$/.exec(message)
  return place ? `is broken or cut off (see line ${place[1]}, column ${place[2]})` : 'is broken or cut off'
}

function elementOf(entry: Entry, outer: Scope): XmlElement {
  const written = nameOf(entry)
  const raw = Object.entries(isEntry(entry[':@']) ? entry[':@'] : {}).map(([name, value]) => [name, decode(String(value))] as const)
  const scope = scopeOf(raw, outer)
  const attributes = new Map<string, string>()
  let type = { name: '', namespace: '' }
  for (const [name, value] of raw) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue
    const resolved = name.includes(':') ? resolve(name, scope) : { name, namespace: '' }
    if (resolved.namespace === instanceNamespace && resolved.name === 'type') type = resolve(value.trim(), scope)
    else attributes.set(resolved.namespace === '' ? name : `{${resolved.namespace}}${resolved.name}`, value)
  }
  const inside = entry[written]
  const content = contentOf(Array.isArray(inside) ? inside : [], scope)
  return { ...resolve(written, scope), type: type.name === '' ? null : type.name, typeNamespace: type.namespace, attributes, ...content }
}

function contentOf(inside: readonly unknown[], scope: Scope): { children: readonly XmlElement[]; text: string } {
  const children: XmlElement[] = []
  let text = ''
  for (const entry of inside) {
    if (!isEntry(entry)) continue
    const name = nameOf(entry)
    if (name === '#text') text += decode(String(entry[name]))
    else if (name === '#cdata') text += cdataOf(entry[name])
    else children.push(elementOf(entry, scope))
  }
  return { children, text: children.length > 0 && text.trim() === '' ? '' : text }
}

function cdataOf(inside: unknown): string {
  const first: unknown = Array.isArray(inside) ? inside[0] : undefined
  const text = isEntry(first) ? first['#text'] : undefined
  return typeof text === 'string' ? text : ''
}

function scopeOf(raw: readonly (readonly [string, string])[], outer: Scope): Scope {
  const declared = raw.filter(([name]) => name === 'xmlns' || name.startsWith('xmlns:'))
  return declared.length === 0 ? outer : new Map([...outer, ...declared.map(([name, uri]) => [name.slice(6), uri] as const)])
}

/** A prefix that nobody declared keeps its name as its namespace: such senders exist, and guessing would be worse. */
function resolve(written: string, scope: Scope): { name: string; namespace: string } {
  const colon = written.indexOf(':')
  const prefix = colon < 0 ? '' : written.slice(0, colon)
  return { name: written.slice(colon + 1), namespace: scope.get(prefix) ?? prefix }
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decode(text: string): string {
  if (!text.includes('&')) return text
  return text.replaceAll(/&(?:#(\d{1,8})|#x([0-9a-fA-F]{1,7})|(\w{1,32}));?/g, (entity, decimal?: string, hex?: string, name?: string) => {
    const code = decimal !== undefined ? Number.parseInt(decimal, 10) : hex !== undefined ? Number.parseInt(hex, 16) : null
    if (code !== null && code > 0 && code <= 0x10ffff) return String.fromCodePoint(code).toWellFormed()
    const known = name !== undefined && Object.hasOwn(named, name) ? named[name] : undefined
    if (known === undefined || !entity.endsWith(';')) throw new NotXml('uses an entity that XML does not know')
    return known
  })
}

function nameOf(entry: Entry): string {
  return Object.keys(entry).find((key) => key !== ':@') ?? '#text'
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
