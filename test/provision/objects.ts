// How many objects of what all moves share stand at the simulated AWS.
import {
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2'

/** As it is declared. */
export const oneNetwork = { networks: 1, subnets: 1, gateways: 1, routes: 1, keys: 1, groups: 1 }

/** What carries the name of the shared stack. */
export async function networkOn(client: EC2Client) {
  const Filters = [{ Name: 'tag:lifeboat:stack', Values: ['net-new'] }]
  const [vpcs, subnets, gateways, routes, keys, groups] = await Promise.all([
    client.send(new DescribeVpcsCommand({ Filters })),
    client.send(new DescribeSubnetsCommand({ Filters })),
    client.send(new DescribeInternetGatewaysCommand({ Filters })),
    client.send(new DescribeRouteTablesCommand({ Filters })),
    client.send(new DescribeKeyPairsCommand({ Filters })),
    client.send(new DescribeSecurityGroupsCommand({ Filters })),
  ])
  return {
    networks: vpcs.Vpcs?.length,
    subnets: subnets.Subnets?.length,
    gateways: gateways.InternetGateways?.length,
    routes: routes.RouteTables?.length,
    keys: keys.KeyPairs?.length,
    groups: groups.SecurityGroups?.length,
  }
}
