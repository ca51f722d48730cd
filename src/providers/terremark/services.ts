// Public addresses and internet services: how customers reach machines that have private addresses only. For a move
// they are suggestions: which ports to hold and forward, and which names will have to follow.
import type { Hint } from '../../core/node.ts'
import { childrenOf, type XmlElement } from '../../io/xml.ts'
import { addressOf } from './cards.ts'
import { booleanOf, given, hrefOf, wholeOf } from './elements.ts'

export type PublicAddress = { readonly id: string | null; readonly address: string | null }

export type InternetService = {
  readonly id: string | null
  readonly path: string | null
  readonly name: string | null
  readonly publicAddress: string | null
  readonly port: number | null
  /** HTTP, HTTPS, TCP, UDP, FTP, SMTP, POP3 or IMAP. */
  readonly protocol: string | null
  readonly enabled: boolean | null
}

/** One machine behind an internet service. */
export type ServiceNode = { readonly name: string | null; readonly address: string | null; readonly port: number | null; readonly enabled: boolean | null }

export type Forwarding = { readonly service: InternetService; readonly node: ServiceNode }

/** Both spellings were recorded. */
const publicNames = ['PublicIpAddress', 'PublicIPAddress']

export function publicAddressesOf(list: XmlElement): readonly PublicAddress[] {
  return itemsIn(list, publicNames).map(publicAddressOf)
}

function publicAddressOf(element: XmlElement): PublicAddress {
  return { id: given(element, 'Id'), address: addressOf(given(element, 'Name')) }
}

export function internetServicesOf(list: XmlElement): readonly InternetService[] {
  return itemsIn(list, ['InternetService']).map((service) => {
    const publicIp = service.children.find(({ name }) => publicNames.includes(name))
    return {
      id: given(service, 'Id'),
      path: hrefOf(service),
      name: given(service, 'Name'),
      publicAddress: publicIp === undefined ? null : publicAddressOf(publicIp).address,
      port: portOf(service),
      protocol: given(service, 'Protocol')?.toUpperCase() ?? null,
      enabled: booleanOf(given(service, 'Enabled')),
    }
  })
}

export function serviceNodesOf(list: XmlElement): readonly ServiceNode[] {
  return itemsIn(list, ['NodeService']).map((node) => ({
    name: given(node, 'Name'),
    address: addressOf(given(node, 'IpAddress') ?? given(node, 'IPAddress')),
    port: portOf(node),
    enabled: booleanOf(given(node, 'Enabled')),
  }))
}

/** A list, or a single one that stands alone. */
function itemsIn(list: XmlElement, names: readonly string[]): readonly XmlElement[] {
  return names.includes(list.name) ? [list] : names.flatMap((name) => childrenOf(list, name))
}

function portOf(element: XmlElement): number | null {
  const port = wholeOf(given(element, 'Port'))
  return port !== null && port >= 1 && port <= 65_535 ? port : null
}

/** Suggestions for the machine with these addresses. The same key and value come once, with the first reason. */
export function hintsOf(addresses: readonly string[], forwardings: readonly Forwarding[]): readonly Hint[] {
  const hints = new Map<string, Hint>()
  for (const { service, node } of forwardings) {
    if (node.address === null || !addresses.includes(node.address)) continue
    for (const hint of [portHint(service, node), nameHint(service)]) {
      const key = `${hint?.key} ${hint?.value}`
      if (hint !== null && !hints.has(key)) hints.set(key, hint)
    }
  }
  return [...hints.values()]
}

function portHint(service: InternetService, node: ServiceNode): Hint | null {
  if (node.port === null) return null
  const isOff = service.enabled === false || node.enabled === false
  const from = `${service.publicAddress ?? 'a public address'}, port ${service.port ?? 'not given'} (${service.protocol ?? 'protocol not given'})`
  const text = `${titleOf(service)} leads ${from} to port ${node.port} of this node${isOff ? '; it is switched off' : ''}.`
  return { key: 'ports', value: service.protocol === 'UDP' ? `${node.port}/udp` : String(node.port), text }
}

function nameHint(service: InternetService): Hint | null {
  if (service.publicAddress === null) return null
  const text = `Customers come to this node by the public address ${service.publicAddress} (${titleOf(service)}), so names with that address move with it.`
  return { key: 'names', value: service.publicAddress, text }
}

function titleOf({ name, id }: InternetService): string {
  return `Internet service ${name ?? id ?? 'without a name'}`
}
