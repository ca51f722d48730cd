// The network cards of a vApp. Three forms were recorded: the connection section, cards among the hardware, and the
// adapters of eCloud, the larger sibling of vCloud Express.
import { isIP } from 'node:net'
import type { Nic, Notice } from '../../core/node.ts'
import { childOf, childrenOf, type XmlElement } from '../../io/xml.ts'
import { attribute, booleanOf, given, sectionsOf } from './elements.ts'
import { hasHardware, itemsOf } from './hardware.ts'

/** An address as it is, or null: recordings hold masked ones, `10.X.X.1`, and networks, `10.122.213.192/27`. */
export function addressOf(text: string | null): string | null {
  return text !== null && isIP(text) !== 0 ? text : null
}

/** Whether the answer says anything about cards, be it that there are none. */
export function hasNetwork(vapp: XmlElement): boolean {
  return hasHardware(vapp) || sectionsOf(vapp, 'NetworkConnectionSection').length > 0 || childOf(vapp, 'NetworkAdapters') !== null
}

export function nicsOf(vapp: XmlElement): readonly Nic[] {
  const connections = connectionsOf(vapp)
  const items = itemsOf(vapp, 'card').map(nicOfItem)
  if (connections.length === 0) return [...items, ...adaptersOf(vapp)]
  // The section says where a card is connected; the hardware adds the rest where the two match in number.
  return items.length === connections.length ? connections.map((nic, index) => joined(nic, items[index])) : connections
}

export function nicHazards(vapp: XmlElement): readonly Notice[] {
  const connections = connectionsOf(vapp)
  const items = itemsOf(vapp, 'card').map(nicOfItem)
  if (items.length !== connections.length) return []
  return connections.flatMap(({ network }, index) => {
    const other = items[index]?.network ?? null
    if (network === null || other === null || network === other) return []
    return [{ code: 'network-differs', severity: 'info', text: `A network card is in "${network}" by its connection, and in "${other}" by its hardware.` }]
  })
}

function connectionsOf(vapp: XmlElement): readonly Nic[] {
  return sectionsOf(vapp, 'NetworkConnectionSection').flatMap((section) => childrenOf(section, 'NetworkConnection').map(nicOf))
}

/** A connection, or an adapter of eCloud. */
function nicOf(element: XmlElement): Nic {
  const network = attribute(element, 'Network') ?? attribute(element, 'network') ?? given(element, 'Network') ?? given(element, 'Subnet', 'Name')
  const address = addressOf(firstGiven(element, 'IpAddress', 'IPAddress'))
  const connected = booleanOf(given(element, 'IsConnected'))
  return { mac: macIn(firstGiven(element, 'MacAddress', 'MACAddress')), network, connected, addresses: address === null ? [] : [address] }
}

function nicOfItem(item: XmlElement): Nic {
  const connection = childOf(item, 'Connection')
  return { mac: macIn(given(item, 'Address')), network: given(connection), connected: booleanOf(attribute(connection, 'connected')), addresses: [] }
}

function adaptersOf(vapp: XmlElement): readonly Nic[] {
  return childrenOf(childOf(vapp, 'NetworkAdapters'), 'NetworkAdapter').map(nicOf)
}

function joined(nic: Nic, item: Nic | undefined): Nic {
  return { ...nic, mac: nic.mac ?? item?.mac ?? null, network: nic.network ?? item?.network ?? null, connected: nic.connected ?? item?.connected ?? null }
}

function firstGiven(element: XmlElement, ...names: readonly string[]): string | null {
  return names.map((name) => given(element, name)).find((text) => text !== null) ?? null
}

/** vCloud Express writes none; what stands in its place may be a bus address. */
function macIn(text: string | null): string | null {
  return text !== null && /^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text) ? text.toLowerCase().replaceAll('-', ':') : null
}
