// Network cards. vCloud Director describes them twice: in the NetworkConnectionSection, which is what the guest gets, and
// as items of the hardware. Recorded answers disagree, so the first one counts and the difference is told.
import type { Nic, Power } from '../../core/node.ts'
import { childOf, childrenOf, textAt, type XmlElement } from '../../io/xml.ts'
import { attribute, boolean, given, integer, sectionOf } from './answer.ts'
import { cardItems } from './hardware.ts'

export type Card = {
  readonly index: number
  readonly primary: boolean
  readonly mac: string | null
  readonly network: string | null
  readonly connected: boolean | null
  readonly address: string | null
  /** Where the edge of its vApp makes that address reachable from outside. */
  readonly external: string | null
  /** POOL, DHCP, MANUAL or NONE. */
  readonly mode: string | null
}

/** The cards, the primary one first; null when nothing here describes them. */
export function cardsOf(machine: XmlElement): readonly Card[] | null {
  const connections = connectionCards(machine)
  const items = itemCards(machine)
  const cards = connections ?? (items.length > 0 ? items : null)
  return cards?.toSorted((one, other) => Number(other.primary) - Number(one.primary) || one.index - other.index) ?? null
}

/** In words, where the two descriptions contradict each other; empty when they agree or one is missing. */
export function cardConflicts(machine: XmlElement): readonly string[] {
  const [connections, items] = [connectionCards(machine) ?? [], itemCards(machine)]
  if (connections.length === 0 || items.length === 0) return []
  if (connections.length !== items.length) return [`${items.length} cards or ${connections.length}`]
  return items.flatMap((item, place) => {
    const same = connections.find(({ index }) => index === item.index) ?? connections[place]
    return (['mac', 'network', 'address'] as const).flatMap((field) => {
      const [one, other] = [item[field], same?.[field] ?? null]
      return one !== null && other !== null && one !== other ? [`${field} ${one} or ${other}`] : []
    })
  })
}

/** An address that a DHCP server gave is another machine's by the time this one is off. */
export function nicOf(card: Card, power: Power): Nic {
  const lapsed = card.mode?.toUpperCase() === 'DHCP' && power === 'off'
  const addresses = [card.address, card.external].flatMap((address) => (address === null || lapsed ? [] : [address]))
  return { mac: card.mac, network: card.network, connected: card.connected, addresses: [...new Set(addresses)] }
}

function connectionCards(machine: XmlElement): readonly Card[] | null {
  const section = sectionOf(machine, 'NetworkConnectionSection')
  if (section === null) return null
  const primary = integer(textAt(section, 'PrimaryNetworkConnectionIndex'))
  return childrenOf(section, 'NetworkConnection').map((connection, place) => {
    const index = integer(textAt(connection, 'NetworkConnectionIndex')) ?? place
    return {
      index,
      primary: index === primary,
      mac: macOf(textAt(connection, 'MACAddress')),
      network: attribute(connection, 'network'),
      connected: boolean(textAt(connection, 'IsConnected')),
      address: addressOf(textAt(connection, 'IpAddress')),
      external: addressOf(textAt(connection, 'ExternalIpAddress')),
      mode: given(textAt(connection, 'IpAddressAllocationMode')),
    }
  })
}

function itemCards(machine: XmlElement): readonly Card[] {
  return cardItems(machine).map((item, place) => {
    const connection = childOf(item, 'Connection')
    return {
      index: integer(textAt(item, 'AddressOnParent')) ?? place,
      primary: boolean(attribute(connection, 'primaryNetworkConnection')) ?? false,
      mac: macOf(textAt(item, 'Address')),
      network: given(connection?.text),
      connected: null,
      address: addressOf(attribute(connection, 'ipAddress')),
      external: null,
      mode: attribute(connection, 'ipAddressingMode'),
    }
  })
}

function macOf(text: string | null): string | null {
  return given(text)?.toLowerCase() ?? null
}

/** Some senders mask addresses (`10.X.X.5`): that is none. */
function addressOf(text: string | null): string | null {
  const address = given(text)
  return address !== null && /^[0-9a-f.:]+$/i.test(address) ? address : null
}
