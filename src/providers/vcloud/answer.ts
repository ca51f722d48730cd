// What vCloud Director answers, without the secrets that it puts into its answers: passwords of guests, scripts that
// run in them, and the OVF environment. They are taken out before anything else sees the answer.
import { attributeOf, childOf, readXml, type XmlElement } from '../../io/xml.ts'

/** Reads an answer. `sender` begins the sentence of a failure. Fails with answer-malformed. */
export function readAnswer(text: string, sender: string): XmlElement {
  return withoutSecrets(readXml(text, sender))
}

/** Elements that hold a secret, however the sender prefixes them. Flags such as AdminPasswordEnabled stay. */
const secret = /^(?:\w*password|customizationscript)$/i

function withoutSecrets(element: XmlElement): XmlElement {
  // The values of OVF properties are whatever the customer wrote there; `vCloud_adminPassword` is one of them.
  if (secret.test(element.name) || element.name === 'Property') return { ...element, attributes: new Map(), children: [], text: '' }
  if (element.children.length === 0) return element
  return { ...element, children: element.children.map(withoutSecrets) }
}

/** The text without the white space around it; null when it is empty, or `xsi:nil`. */
export function given(text: string | null | undefined): string | null {
  const trimmed = text?.trim() ?? ''
  return trimmed === '' ? null : trimmed
}

/** An attribute, trimmed; null when it is empty or not there. Senders before 1.0 write some with a capital. */
export function attribute(element: XmlElement | null, name: string): string | null {
  if (element === null) return null
  return given(attributeOf(element, name) ?? attributeOf(element, `${name.charAt(0).toUpperCase()}${name.slice(1)}`))
}

/** A section by its name, or by its type: version 0.8 has `<Section xsi:type="VirtualHardwareSection_Type">` too. */
export function sectionOf(element: XmlElement | null, name: string): XmlElement | null {
  return childOf(element, name) ?? element?.children.find((child) => child.name === 'Section' && child.type?.startsWith(name)) ?? null
}

/** A whole number within the safe range, or null. */
export function integer(text: string | null | undefined): number | null {
  if (text === null || text === undefined || !/^\s*-?\d+\s*$/.test(text)) return null
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : null
}

/** `xsd:boolean` has two spellings. */
export function boolean(text: string | null | undefined): boolean | null {
  const value = text?.trim()
  return value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : null
}

/** The last part of an address: `vm-42` of `https://vcloud.example/api/vApp/vm-42/`; null when there is none. */
export function idOf(href: string | null): string | null {
  return given(href?.split(/[?#]/, 1)[0]?.replace(/\/+$/, '').split('/').at(-1))
}
