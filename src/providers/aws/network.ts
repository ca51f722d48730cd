// What all nodes at one aws provider share: a network of their own with one public subnet, the way out, the key, and a
// group that lets in ssh and the nodes themselves.
import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js'
import { KeyPair } from '@pulumi/aws/ec2/keyPair.js'
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js'
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js'
import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js'
import { Subnet } from '@pulumi/aws/ec2/subnet.js'
import { Vpc } from '@pulumi/aws/ec2/vpc.js'
import type { Given, Outputs } from '../provider.ts'
import { anywhere } from './anywhere.ts'
import { explicitProvider } from './account.ts'
import type { AwsConfig } from './schema.ts'
import { keepsRun, tagsOf } from './tags.ts'

/** The shared program. Outputs: account, region, vpcId, subnetId, zone, groupId, keyName. */
export async function sharedNetwork(name: string, config: AwsConfig, { owner, authorizedKeys }: Given): Promise<Outputs> {
  const options = { provider: explicitProvider(name, config), ignoreChanges: keepsRun }
  const tags = tagsOf(owner, name)

  const vpc = new Vpc(name, { cidrBlock: config.network.cidr, enableDnsSupport: true, enableDnsHostnames: true, tags }, options)
  const subnet = new Subnet(
    name,
    { vpcId: vpc.id, cidrBlock: config.network.cidr, ...(config.network.zone === undefined ? {} : { availabilityZone: config.network.zone }), tags },
    options,
  )
  const gateway = new InternetGateway(name, { vpcId: vpc.id, tags }, options)
  const routes = new RouteTable(name, { vpcId: vpc.id, routes: [{ cidrBlock: anywhere, gatewayId: gateway.id }], tags }, options)
  new RouteTableAssociation(name, { subnetId: subnet.id, routeTableId: routes.id }, { provider: options.provider })

  const ssh = { protocol: 'tcp', fromPort: 22, toPort: 22, cidrBlocks: config.network.sshFrom }
  // "Fragmentation needed" (ICMP type 3, code 4): without it connections over tunnels stall at the first large packet.
  const tooLarge = { protocol: 'icmp', fromPort: 3, toPort: 4, cidrBlocks: [anywhere] }
  const amongThemselves = { protocol: '-1', fromPort: 0, toPort: 0, self: true }
  const group = new SecurityGroup(
    name,
    {
      name: `lifeboat-${owner.project}-${name}`,
      description: 'ssh, and the nodes among themselves',
      vpcId: vpc.id,
      ingress: [ssh, tooLarge, amongThemselves],
      egress: [{ protocol: '-1', fromPort: 0, toPort: 0, cidrBlocks: [anywhere] }],
      tags,
    },
    options,
  )
  const publicKey = authorizedKeys[0]
  const key =
    publicKey === undefined
      ? null
      : // Made once, for the images that know no user data: another run's key reaches its nodes by their user data.
        new KeyPair(name, { keyName: `lifeboat-${owner.project}-${name}`, publicKey, tags }, { ...options, ignoreChanges: [...keepsRun, 'publicKey'] })
  return {
    account: vpc.ownerId,
    region: config.region,
    vpcId: vpc.id,
    subnetId: subnet.id,
    zone: subnet.availabilityZone,
    groupId: group.id,
    ...(key === null ? {} : { keyName: key.keyName }),
  }
}
