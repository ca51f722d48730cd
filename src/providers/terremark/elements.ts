// How answers of this family are read: by local name, because the same element comes in the namespaces v0.8, v1 and
// urn:tmrk:…, under any prefix, and in recorded fragments under prefixes that nobody declared.
import { at, attributeOf, childrenOf, type XmlElement } from '../../io/xml.ts'

export type Link = { readonly rel: string; readonly path: string; readonly type: string; readonly name: string | null }

/** The trimmed text at the end of a path of names. Null: not there, empty, or marked as unset (`xsi:nil="true"`). */
export function given(element: XmlElement | null | undefined, ...path: readonly string[]): string | null {
  const found = at(element, ...path)
  return found === null || isNil(found) ? null : textOrNull(found.text)
}

/** A trimmed attribute, or null when it is absent or empty. */
export function attribute(element: XmlElement | null, name: string): string | null {
  return element === null ? null : textOrNull(attributeOf(element, name) ?? '')
}

function textOrNull(text: string): string | null {
  const trimmed = text.trim()
  return trimmed === '' ? null : trimmed
}

/** One recording declares `XMLSchema-Instance`, others nothing at all, so the prefix cannot count. */
function isNil(element: XmlElement): boolean {
  return ['true', '1'].includes(attribute(element, 'nil') ?? '')
}

/** A whole number from zero on, or null. */
export function wholeOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number.parseInt(text, 10) : null
}

export function booleanOf(text: string | null): boolean | null {
  const lower = text?.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : null
}

/**
 * Path and query of an address in an answer; null when it is none. The host in it is left out: what belongs to this
 * service is asked at the configured address, so that no answer can send a token elsewhere. Recorded addresses hold
 * line breaks and spaces.
 */
export function pathIn(href: string | null): string | null {
  const url = href === null ? null : URL.parse(href.replaceAll(/\s+/g, ''), 'https://service.invalid')
  return url === null || !/^https?:$/.test(url.protocol) ? null : `${url.pathname}${url.search}`
}

/** Where an element can be asked for: its attribute `href`, or in the extensions its child `Href`. */
export function hrefOf(element: XmlElement): string | null {
  return pathIn(attribute(element, 'href') ?? given(element, 'Href'))
}

export function linksOf(element: XmlElement): readonly Link[] {
  return childrenOf(element, 'Link').flatMap((link) => {
    const path = hrefOf(link)
    return path === null ? [] : [{ rel: attribute(link, 'rel') ?? '', path, type: attribute(link, 'type') ?? '', name: attribute(link, 'name') }]
  })
}

/** OVF sections, which come under their own name or as `<Section xsi:type="…SectionType">`. */
export function sectionsOf(vapp: XmlElement, name: string): readonly XmlElement[] {
  return vapp.children.filter((child) => child.name === name || (child.name === 'Section' && typeOf(child).startsWith(name)))
}

function typeOf(element: XmlElement): string {
  return element.type ?? attribute(element, 'type')?.replace(/^.*:/, '') ?? ''
}
