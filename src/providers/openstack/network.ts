// What all nodes at one OpenStack provider share: a network with a way out, a group that lets in ssh and the nodes themselves,
// and the key.
import { Keypair } from '@pulumi/openstack/compute/keypair.js'
import { getNetworkOutput } from '@pulumi/openstack/networking/getNetwork.js'
import { Network } from '@pulumi/openstack/networking/network.js'
import { Router } from '@pulumi/openstack/networking/router.js'
import { RouterInterface } from '@pulumi/openstack/networking/routerInterface.js'
import { SecGroup } from '@pulumi/openstack/networking/secGroup.js'
import { SecGroupRule } from '@pulumi/openstack/networking/secGroupRule.js'
import { Subnet } from '@pulumi/openstack/networking/subnet.js'
import type { Provider } from '@pulumi/openstack/provider.js'
import type { Input } from '@pulumi/pulumi'
import { nameOf } from '../ownership.ts'
import type { Given, Outputs } from '../provider.ts'
import { asTags, explicitProvider, metadataOf } from './account.ts'
import type { OpenstackConfig } from './schema.ts'

export const anywhere = '0.0.0.0/0'

/** The shared program. Outputs: networkId, subnetId, groupId, keyName. */
export async function sharedProgram(name: string, config: OpenstackConfig, { owner, authorizedKeys }: Given): Promise<Outputs> {
  const provider = explicitProvider(name, config)
  const options = { provider, ignoreChanges: ['tags'] }
  const common = { name: nameOf(owner, name), tags: asTags(metadataOf(owner, name)) }
  const { cidr, external, nameServers, sshFrom } = config.network
  const network = new Network(name, common, options)
  const subnet = new Subnet(name, { ...common, networkId: network.id, cidr, ipVersion: 4, dnsNameservers: nameServers }, options)
  const externalNetworkId = getNetworkOutput({ name: external, external: true }, { provider }).id
  const router = new Router(name, { ...common, externalNetworkId }, options)
  new RouterInterface(name, { routerId: router.id, subnetId: subnet.id }, { provider })
  // The ways out are open in a new group, as OpenStack makes it.
  const group = new SecGroup(name, { ...common, description: 'ssh, and the nodes among themselves' }, options)
  for (const range of sshFrom) letIn(`${name}-ssh-${range}`, { group: group.id, provider, protocol: 'tcp', port: 22, from: { remoteIpPrefix: range } })
  // "Fragmentation needed" is ICMP: without it connections over tunnels stall at the first large packet.
  letIn(`${name}-icmp`, { group: group.id, provider, protocol: 'icmp', from: { remoteIpPrefix: anywhere } })
  for (const protocol of ['tcp', 'udp']) letIn(`${name}-among-${protocol}`, { group: group.id, provider, protocol, from: { remoteGroupId: group.id } })
  const outputs = { networkId: network.id, subnetId: subnet.id, groupId: group.id }
  const publicKey = authorizedKeys[0]
  if (publicKey === undefined) return outputs
  // Made once: another run's key reaches its nodes by their user data.
  const key = new Keypair(name, { name: common.name, publicKey }, { provider, ignoreChanges: ['publicKey'] })
  return { ...outputs, keyName: key.name }
}

type LetIn = {
  readonly group: Input<string>
  readonly provider: Provider
  readonly protocol: string
  /** Absent: all. */
  readonly port?: number
  readonly from: { readonly remoteIpPrefix: string } | { readonly remoteGroupId: Input<string> }
}

/** A rule of a group: who may come in, and where to. */
export function letIn(name: string, { group, provider, protocol, port, from }: LetIn): void {
  const ports = port === undefined ? {} : { portRangeMin: port, portRangeMax: port }
  new SecGroupRule(name, { securityGroupId: group, direction: 'ingress', ethertype: 'IPv4', protocol, ...ports, ...from }, { provider })
}
