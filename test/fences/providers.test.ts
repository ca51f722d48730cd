// The fences of the providers, against their simulators.
import assert from 'node:assert/strict'
import { after, describe, test, type TestContext } from 'node:test'
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  RunInstancesCommand,
  StartInstancesCommand,
} from '@aws-sdk/client-ec2'
import type { Fence } from '../../src/core/fence.ts'
import { Secret } from '../../src/core/secret.ts'
import { awsFence } from '../../src/providers/aws/fence.ts'
import type { Source } from '../../src/providers/provider.ts'
import { vsphere } from '../../src/providers/vsphere/index.ts'
import { fenceConformance, type FenceSubject } from '../conformance/fence.ts'
import { missingMoto, startMoto, type Moto } from '../support/moto.ts'
import * as vcloudLab from '../providers/vcloud/lab.ts'
import * as vsphereLab from '../providers/vsphere/lab.ts'

const soon = () => AbortSignal.timeout(60_000)

/** As the inventory tells it, which is read another way than the fence reads. */
function reached(source: Source, id: string): () => Promise<boolean> {
  return async () => {
    const node = (await source.nodes(soon())).nodes.find((each) => each.id === id)
    assert.ok(node)
    return node.nics.some(({ connected }) => connected !== false) && node.power === 'on'
  }
}

fenceConformance('vsphere on vcsim', false, async (t) => {
  const vcsim = await vsphereLab.startShop(t)
  const { url, user, password, fingerprint } = vcsim
  const open = async (): Promise<Fence> => {
    const fence = await vsphere.fence?.('old', vsphere.schema.parse({ kind: 'vsphere', url, user, password: new Secret(password), tls: { fingerprint } }))
    assert.ok(fence)
    t.after(() => fence.close())
    return fence
  }
  const source = await vsphereLab.openSource(t, vcsim)
  const id = (await source.nodes(soon())).nodes.find(({ name }) => name === 'web-1')?.id ?? assert.fail()
  return { fence: await open(), other: await open(), id, isReachable: reached(source, id), restart: async () => await source.power(id, 'on', soon()) }
})

fenceConformance('vcloud on our simulator', false, async (t) => {
  const director = await vcloudLab.startDirector(t)
  const source = await vcloudLab.openSource(t, director)
  const { id } = await vcloudLab.nodeNamed(source, 'web-1')
  return {
    fence: await vcloudLab.openFence(t, director),
    other: await vcloudLab.openFence(t, director),
    id,
    isReachable: reached(source, id),
    restart: async () => await source.power(id, 'on', soon()),
  }
})

let moto: Promise<Moto> | null = null
after(async () => await (await moto)?.stop())

type Cloud = FenceSubject & { readonly client: EC2Client }

async function cloud(t: TestContext): Promise<Cloud> {
  const { url } = await (moto ??= startMoto())
  const open = (): EC2Client => {
    const client = new EC2Client({ region: 'us-east-1', endpoint: url, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } })
    t.after(() => client.destroy())
    return client
  }
  const client = open()
  const { Instances = [] } = await client.send(new RunInstancesCommand({ ImageId: 'ami-785db401', InstanceType: 't3.small', MinCount: 1, MaxCount: 1 }))
  const id = Instances[0]?.InstanceId ?? assert.fail()
  const isReachable = async (): Promise<boolean> => {
    const { Reservations = [] } = await client.send(new DescribeInstancesCommand({ InstanceIds: [id] }))
    const [instance] = Reservations.flatMap(({ Instances: found = [] }) => found)
    const ids = (instance?.NetworkInterfaces ?? []).flatMap(({ Groups = [] }) => Groups.map(({ GroupId = '' }) => GroupId))
    const { SecurityGroups = [] } = await client.send(new DescribeSecurityGroupsCommand({ GroupIds: ids }))
    const lets = SecurityGroups.some(({ IpPermissions = [], IpPermissionsEgress = [] }) => IpPermissions.length + IpPermissionsEgress.length > 0)
    return instance?.State?.Name === 'running' && lets
  }
  return { fence: awsFence(open(), 20), other: awsFence(open(), 20), id, isReachable, client }
}

fenceConformance('aws on moto', missingMoto, async (t) => await cloud(t))

describe('the fence of aws', { skip: missingMoto }, () => {
  test('does not believe in an instance that was started again, nor in a group that somebody opened', async (t) => {
    const { fence, id, client, isReachable } = await cloud(t)
    await fence.fence(id, soon())
    await client.send(new StartInstancesCommand({ InstanceIds: [id] }))
    assert.equal(await isReachable(), false, 'its cards let nothing through')
    assert.equal(await fence.isFenced(id, soon()), false, 'it runs, and what it began before may go on')
    await fence.fence(id, soon())
    const { SecurityGroups = [] } = await client.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['lifeboat-fence'] }] }))
    const GroupId = SecurityGroups[0]?.GroupId ?? assert.fail()
    await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' }))
    assert.equal(await fence.isFenced(id, soon()), false)
    await fence.fence(id, soon())
    assert.equal(await fence.isFenced(id, soon()), true)
  })

  test('does not believe in a card that somebody took out of it', async (t) => {
    const { fence, id, client } = await cloud(t)
    await fence.fence(id, soon())
    const { SecurityGroups = [] } = await client.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['default'] }] }))
    await client.send(new ModifyInstanceAttributeCommand({ InstanceId: id, Groups: [SecurityGroups[0]?.GroupId ?? assert.fail()] }))
    assert.equal(await fence.isFenced(id, soon()), false)
  })

  test('of an instance that AWS does not know is no fence', async (t) => {
    const { fence } = await cloud(t)
    await assert.rejects(fence.isFenced('i-0123456789abcdef0', soon()), { code: 'target-unreachable' })
  })
})
