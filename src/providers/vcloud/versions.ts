// Which version of the API to speak: the newest that both sides know.
import { LifeboatError } from '../../core/errors.ts'
import { childrenOf, textAt, type XmlElement } from '../../io/xml.ts'
import { attribute, boolean, given } from './answer.ts'

const oldest = '1.5'
/** 39 is vCloud Director 10.6. What 40 changes is not known here. */
const newest = '39'

/**
 * The newest version of `SupportedVersions` that is understood here; one that is marked as deprecated only when nothing
 * else is left. Fails with source-refused when there is none.
 */
export function chosenVersion(supported: XmlElement, service: string): string {
  const offered = childrenOf(supported, 'VersionInfo').flatMap((info) => {
    const version = given(textAt(info, 'Version'))
    return version !== null && /^\d+(?:\.\d+)*$/.test(version) ? [{ version, deprecated: boolean(attribute(info, 'deprecated')) === true }] : []
  })
  const known = offered.filter(({ version }) => compare(version, oldest) >= 0 && compare(version.split('.')[0] ?? '', newest) <= 0)
  const current = known.filter(({ deprecated }) => !deprecated)
  const best = (current.length > 0 ? current : known)
    .map(({ version }) => version)
    .toSorted(compare)
    .at(-1)
  if (best !== undefined) return best
  const those = offered.map(({ version }) => version).join(', ') || 'no version'
  throw new LifeboatError('source-refused', `${service} speaks ${those} of the vCloud API; Lifeboat speaks ${oldest} to ${newest}.`)
}

/** Compares number by number: 9.0 is older than 29.0, and 5.1 than 27.0. */
export function compare(one: string, other: string): number {
  const [left, right] = [one, other].map((version) => version.split('.').map(Number))
  for (let place = 0; place < Math.max(left?.length ?? 0, right?.length ?? 0); place += 1) {
    const difference = (left?.[place] ?? 0) - (right?.[place] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
