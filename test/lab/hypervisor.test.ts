import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { after, before, test } from 'node:test'
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachVolumeCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  RevokeSecurityGroupEgressCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { enterLab } from '../../lab/enter.ts'
import { causeFault } from '../../lab/faults.ts'
import { answers } from '../../lab/answers.ts'
import { vcenterAddress } from '../../lab/network.ts'
import type { LabNode } from '../../lab/node.ts'
import { startWorld, type World } from '../../lab/world.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()

let world: World
before(async () => {
  world = await startWorld({ sources: ['web-1'], targets: 'aws', names: true, host: 'vsphere', files: 10 })
})
after(async () => await world.stop())

async function until<T>(what: string, ask: () => Promise<T | null | undefined | false> | T | null | undefined | false): Promise<T> {
  const asked = async () => (await ask()) || null
  return await waitUntil(asked, { what, deadlineMs: 60_000, everyMs: 20, signal: new AbortController().signal })
}

test('the vCenter shows a certificate with the fingerprint of the configuration', async () => {
  const socket = tls.connect({ host: vcenterAddress, port: 443, rejectUnauthorized: false })
  const certificate = await new Promise<tls.PeerCertificate>((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket.getPeerCertificate()))
    socket.once('error', reject)
  })
  socket.destroy()
  assert.equal(`sha256:${certificate.fingerprint256}`, world.host?.fingerprint)
})

test('a machine that is switched off in vCenter loses its power, and gets it back', async () => {
  const node = world.source('web-1')
  await world.host?.control('/power', { vm: 'web-1', state: 'off' })
  await node.until('off')
  await world.host?.control('/power', { vm: 'web-1', state: 'on' })
  await node.until('on')
  await node.ready()
})

test('a power cut as a fault shows in vCenter', async () => {
  await causeFault(world, 'web-1', 'power-cut')
  const machines = JSON.stringify(await world.host?.control('/vms'))
  assert.match(machines, /"vm":"web-1","id":"[^"]+","state":"poweredOff"/)
  await causeFault(world, 'web-1', 'none')
  assert.equal((await world.source('web-1').run('hostname')).trim(), 'web-1')
})

test('a dead vCenter accepts connections and answers nothing until it is mended', async () => {
  const answered = async () =>
    await fetch(`http://127.0.0.1:8990/vms`, { signal: AbortSignal.timeout(700) }).then(
      () => true,
      () => false,
    )
  await causeFault(world, 'host', 'host-dead')
  assert.equal(await answers(vcenterAddress, 443), true)
  assert.equal(await answered(), false)
  await causeFault(world, 'host', 'none')
  await until('vCenter answers again', answered)
})

function api(): EC2Client {
  const { region, endpoint, accessKey, secretKey } = world.cloud ?? assert.fail()
  return new EC2Client({ region, endpoint, credentials: { accessKeyId: accessKey, secretAccessKey: secretKey }, maxAttempts: 1 })
}

const userData = (volume: string) => `#cloud-config
hostname: web-1
ssh_authorized_keys:
  - ${readFileSync(`${world.keyFile}.pub`, 'utf8').trim()}
write_files:
  - path: /etc/note
    content: written
    permissions: '0600'
bootcmd:
  - [sh, -c, "until [ -e ${volume} ]; do sleep 0.1; done"]
fs_setup:
  - { device: ${volume}, filesystem: ext4, label: data, partition: none, overwrite: false }
mounts:
  - [LABEL=data, /srv, ext4, "defaults,nofail", "0", "2"]
`

/** What AWS answered, which in these calls is always there. */
function given(value: string | undefined): string {
  assert.ok(value !== undefined)
  return value
}

test('an instance is a node with its addresses, volume and user data, and ends with it', async () => {
  const ec2 = api()
  const { vpc, volume, instance: InstanceId, diskPath } = await launch(ec2)
  const node: LabNode = await until('the instance boots', () => world.hypervisor?.nodes().get(InstanceId))
  // The boot waits for the volume, as cloud-init does, and sshd for the boot.
  assert.equal(await answers(node.address, 22), false)
  await ec2.send(new AttachVolumeCommand({ InstanceId, VolumeId: volume, Device: '/dev/sdf' }))
  await node.ready()
  assert.match(await node.run('hostname; cat /etc/note; stat -c %a /etc/note; findmnt -no FSTYPE /srv'), /^web-1\nwritten600\next4/)
  await node.run(`test -b ${diskPath}`)

  const { PublicIp, AllocationId } = await ec2.send(new AllocateAddressCommand({}))
  await ec2.send(new AssociateAddressCommand({ InstanceId, AllocationId }))
  const elastic = given(PublicIp)
  await until('the elastic address answers', async () => await answers(elastic, 22))
  assert.equal(world.nodeAt(elastic)?.name, InstanceId)
  assert.equal(world.target('web-1').name, InstanceId)

  await node.run('echo kept >/srv/kept; sync /srv/kept')
  await node.powerCut()
  await node.powerOn()
  assert.equal(await node.run('cat /srv/kept'), 'kept\n')

  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, Groups: [await isolatingGroup(ec2, vpc)] }))
  await until('the instance is cut off', async () => !(await answers(elastic, 22)))

  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }))
  await until('the node is gone', () => world.hypervisor?.nodes().has(InstanceId) === false)
  assert.deepEqual(world.complaints, [])
})

async function launch(ec2: EC2Client) {
  const images = await ec2.send(new DescribeImagesCommand({ Owners: ['137112412989'], Filters: [{ Name: 'name', Values: ['al2023-ami-2023.*-x86_64'] }] }))
  const vpc = given((await ec2.send(new CreateVpcCommand({ CidrBlock: '10.20.0.0/16' }))).Vpc?.VpcId)
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: '10.20.0.0/20' }))
  const volume = given((await ec2.send(new CreateVolumeCommand({ AvailabilityZone: given(Subnet?.AvailabilityZone), Size: 1 }))).VolumeId)
  const diskPath = `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volume.replace('-', '')}`
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ImageId: given(images.Images?.[0]?.ImageId),
      InstanceType: 't3.small',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: given(Subnet?.SubnetId),
      UserData: Buffer.from(userData(diskPath)).toString('base64'),
    }),
  )
  return { vpc, volume, diskPath, instance: given(Instances[0]?.InstanceId) }
}

async function isolatingGroup(ec2: EC2Client, VpcId: string): Promise<string> {
  const GroupId = given((await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'isolation', Description: 'nothing passes', VpcId }))).GroupId)
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] }))
  return GroupId
}

test('without quota no instance is made', async () => {
  await causeFault(world, 'cloud', 'quota')
  const order = new RunInstancesCommand({ ImageId: 'ami-0', InstanceType: 't3.small', MinCount: 1, MaxCount: 1 })
  await assert.rejects(api().send(order), { name: 'InstanceLimitExceeded' })
  await causeFault(world, 'cloud', 'none')
  await assert.rejects(api().send(order), ({ name }) => name !== 'InstanceLimitExceeded')
})
