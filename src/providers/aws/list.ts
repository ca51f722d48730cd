// The objects of one type that a filter leaves, by the ids under which the engine knows them. Each type has its own call:
// the common one, DescribeTags, goes on listing what was deleted.
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Filter,
} from '@aws-sdk/client-ec2'

export type List = (client: EC2Client, Filters: Filter[], options: { abortSignal: AbortSignal }) => Promise<string[]>

export const listVolumes: List = async (client, Filters, options) => {
  const { Volumes = [] } = await client.send(new DescribeVolumesCommand({ Filters }), options)
  return Volumes.flatMap(({ VolumeId, State }) => (State === 'deleting' || State === 'deleted' ? [] : (VolumeId ?? [])))
}

/** Without those that are gone: a terminated instance stays listed, with its tags, for about an hour. */
export const listInstances: List = async (client, Filters, options) => {
  const living = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] }
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand({ Filters: [...Filters, living] }), options)
  return Reservations.flatMap(({ Instances = [] }) => Instances.flatMap(({ InstanceId }) => InstanceId ?? []))
}

/** By the engine's type. */
export const listers: Readonly<Record<string, List>> = {
  'aws:ec2/vpc:Vpc': async (client, Filters, options) => {
    const { Vpcs = [] } = await client.send(new DescribeVpcsCommand({ Filters }), options)
    return Vpcs.flatMap(({ VpcId }) => VpcId ?? [])
  },
  'aws:ec2/subnet:Subnet': async (client, Filters, options) => {
    const { Subnets = [] } = await client.send(new DescribeSubnetsCommand({ Filters }), options)
    return Subnets.flatMap(({ SubnetId }) => SubnetId ?? [])
  },
  'aws:ec2/internetGateway:InternetGateway': async (client, Filters, options) => {
    const { InternetGateways = [] } = await client.send(new DescribeInternetGatewaysCommand({ Filters }), options)
    return InternetGateways.flatMap(({ InternetGatewayId }) => InternetGatewayId ?? [])
  },
  'aws:ec2/routeTable:RouteTable': async (client, Filters, options) => {
    const { RouteTables = [] } = await client.send(new DescribeRouteTablesCommand({ Filters }), options)
    return RouteTables.flatMap(({ RouteTableId }) => RouteTableId ?? [])
  },
  'aws:ec2/securityGroup:SecurityGroup': async (client, Filters, options) => {
    const { SecurityGroups = [] } = await client.send(new DescribeSecurityGroupsCommand({ Filters }), options)
    return SecurityGroups.flatMap(({ GroupId }) => GroupId ?? [])
  },
  'aws:ec2/keyPair:KeyPair': async (client, Filters, options) => {
    const { KeyPairs = [] } = await client.send(new DescribeKeyPairsCommand({ Filters }), options)
    return KeyPairs.flatMap(({ KeyName }) => KeyName ?? [])
  },
  'aws:ec2/eip:Eip': async (client, Filters, options) => {
    const { Addresses = [] } = await client.send(new DescribeAddressesCommand({ Filters }), options)
    return Addresses.flatMap(({ AllocationId }) => AllocationId ?? [])
  },
  'aws:ebs/volume:Volume': listVolumes,
  'aws:ec2/instance:Instance': listInstances,
}
