// Which properties the inventory reads of which type, and how a retrieved object is looked at. A fixed list: whole
// objects are several times larger, and one path that the server does not know fails the whole call.
import { at, attributeOf, childOf, childrenOf, textAt, type XmlElement } from '../../io/xml.ts'
import { localizedFault } from './faults.ts'

export type PropertySet = { readonly type: string; readonly paths: readonly string[] }

/** An object as it was retrieved: what is given, and which paths are not, with the type of the fault. */
export type VimObject = {
  readonly type: string
  readonly id: string
  readonly given: ReadonlyMap<string, XmlElement>
  readonly missing: ReadonlyMap<string, string>
}

const machinePaths = [
  'name',
  'parent',
  'parentVApp',
  'runtime.powerState',
  'runtime.connectionState',
  'config.template',
  'config.guestId',
  'config.guestFullName',
  'config.hardware',
  'config.ftInfo',
  'summary.config.product',
  'guest.hostName',
  'guest.ipAddress',
  'guest.guestId',
  'guest.guestFullName',
  'guest.guestFamily',
  'guest.toolsRunningStatus',
  'guest.net',
  'guest.disk',
  'snapshot',
  'customValue',
  'availableField',
]

/** Paths that older servers do not know, with the API version that brought them (vSphere Web Services API reference). */
const laterPaths: readonly (readonly [path: string, since: string])[] = [
  ['runtime.consolidationNeeded', '5.0'],
  ['config.firmware', '5.0'],
  ['guest.toolsVersionStatus2', '5.0'],
  ['config.managedBy', '5.0'],
  ['summary.config.tpmPresent', '6.7'],
]

/** What a node is made of, for a server of this API version. */
export function machineProperties(apiVersion: string): PropertySet {
  const later = laterPaths.filter(([, since]) => isAtLeast(apiVersion, since)).map(([path]) => path)
  return { type: 'VirtualMachine', paths: [...machinePaths, ...later] }
}

/** What says where a machine is and what its networks are called. */
export const placeProperties: readonly PropertySet[] = [
  { type: 'Folder', paths: ['name', 'parent'] },
  { type: 'Datacenter', paths: ['name', 'parent'] },
  { type: 'VirtualApp', paths: ['name', 'parentFolder', 'parentVApp'] },
  { type: 'Network', paths: ['name'] },
  { type: 'DistributedVirtualPortgroup', paths: ['name'] },
]

/** Compares dotted versions number by number: 6.10 is later than 6.9. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [has, needs] = [version, wanted].map((each) => each.split('.').map((part) => Number.parseInt(part, 10) || 0))
  for (const [place, need] of (needs ?? []).entries()) {
    const own = has?.[place] ?? 0
    if (own !== need) return own > need
  }
  return true
}

/** Reads one `<objects>` element. Null when it names no object. */
export function objectOf(element: XmlElement): VimObject | null {
  const reference = childOf(element, 'obj')
  const type = reference === null ? null : attributeOf(reference, 'type')
  if (reference === null || type === null || reference.text === '') return null
  const given = new Map<string, XmlElement>()
  for (const property of childrenOf(element, 'propSet')) {
    const value = childOf(property, 'val')
    if (value !== null) given.set(textAt(property, 'name') ?? '', value)
  }
  const missing = new Map<string, string>()
  for (const gap of childrenOf(element, 'missingSet')) missing.set(textAt(gap, 'path') ?? '', localizedFault(childOf(gap, 'fault')).type)
  return { type, id: reference.text, given, missing }
}

/** The value at a property path, from that path itself or from inside a given shorter one; null when unset or missing. */
export function valueAt(object: VimObject, path: string): XmlElement | null {
  const whole = object.given.get(path)
  if (whole !== undefined) return whole
  const names = path.split('.')
  for (let length = names.length - 1; length > 0; length -= 1) {
    const found = object.given.get(names.slice(0, length).join('.'))
    if (found !== undefined) return at(found, ...names.slice(length))
  }
  return null
}

/** The text at a property path; null when unset, missing or empty. */
export function textOf(object: VimObject, path: string): string | null {
  const text = valueAt(object, path)?.text
  return text === undefined || text === '' ? null : text
}

/** Whether the server refused to give this path, or does not know it. Unset is not missing. */
export function isMissing(object: VimObject, path: string): boolean {
  return [...object.missing.keys()].some((gap) => gap === path || path.startsWith(`${gap}.`))
}

/** A whole number within the safe range, or null. */
export function integerOf(text: string | null): number | null {
  if (text === null || !/^\s*-?\d+\s*$/.test(text)) return null
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : null
}

/** `xsd:boolean` has two spellings. */
export function booleanOf(text: string | null): boolean | null {
  const value = text?.trim()
  return value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : null
}

/** The elements of an array at a property path: `ArrayOfX` holds elements called X, a shorter path repeated ones. */
export function elementsAt(object: VimObject, path: string): readonly XmlElement[] {
  const array = object.given.get(path)
  if (array !== undefined) return array.children
  const names = path.split('.')
  return names.length < 2 ? [] : childrenOf(valueAt(object, names.slice(0, -1).join('.')), names.at(-1) ?? '')
}
