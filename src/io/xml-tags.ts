// What a start tag says: its names, resolved through the namespaces that it and the elements around it declare.
import type { XmlElement } from './xml.ts'

const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance'

/** Prefixes that an element declares, before those around it. Chained, since some senders declare one on every element. */
export type Scope = {
  readonly prefix: string
  readonly uri: string
  readonly outer: Scope | null
  /** Start tags that stood in it, by how they were written: letter by letter the same means the same again. */
  readonly known: Map<string, Tag>
}

export type Written = { readonly name: string; readonly value: string }
type Attributes = Pick<XmlElement, 'type' | 'typeNamespace' | 'attributes'>

export type Tag = Attributes &
  Pick<XmlElement, 'name' | 'namespace'> & {
    /** How it was written; empty where that is not known. */
    readonly source: string
    /** How the end tag is usually written. */
    readonly end: string
    /** Of what stands inside the element. */
    readonly scope: Scope
  }

/** Around the root element. */
export function outermost(): Scope {
  return { prefix: 'xml', uri: 'http://www.w3.org/XML/1998/namespace', outer: null, known: new Map() }
}

export function tagOf(name: string, written: readonly Written[], outer: Scope, source: string): Tag {
  let scope = outer
  let declared = 0
  for (const attribute of written) {
    const prefix = attribute.name === 'xmlns' ? '' : attribute.name.startsWith('xmlns:') ? attribute.name.slice(6) : null
    if (prefix === null) continue
    scope = { prefix, uri: attribute.value, outer: scope, known: new Map() }
    declared += 1
  }
  const { local, namespace } = resolve(name, scope)
  const { type, typeNamespace, attributes } = declared === written.length ? noOwn : attributesOf(written, scope)
  return { name: local, namespace, type, typeNamespace, attributes, source, end: `</${name}>`, scope }
}

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
  let here: Scope | null = scope
  while (here !== null && here.prefix !== prefix) here = here.outer
  return { local: written.slice(colon + 1), namespace: here?.uri ?? prefix }
}
