// What the layers declare at AWS, seen without an engine.
import assert from 'node:assert/strict'
import { before, describe, it, test } from 'node:test'
import { parse } from 'yaml'
import { Secret } from '../../src/core/secret.ts'
import { awsSchema } from '../../src/providers/aws/schema.ts'
import { createAwsTarget } from '../../src/providers/aws/target.ts'
import { deviceOf } from '../../src/providers/aws/data.ts'
import { dataLayer } from '../../stacks/data.ts'
import { netLayer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { targetConformance } from '../conformance/target.ts'
import { authorizedKeys, canaries, missing, plannedMove, plugin } from '../provision/world.ts'
import { providerSchema, snake, unknownArguments } from '../support/provider-schema.ts'
import { run, type Ran } from './mocks.ts'

const keys = { accessKey: new Secret(canaries.accessKey), secretKey: new Secret(canaries.secretKey) }
const config = awsSchema.parse({ kind: 'aws', region: 'us-east-1', endpoint: 'http://127.0.0.1:9', network: { sshFrom: ['198.51.100.0/24'] }, ...keys })
const target = createAwsTarget('new', config)
const given = { project: 'shop', run: 'run-7', authorizedKeys }
const move = plannedMove('web-1', { volumeGiB: 40, ports: [80, 443], image: 'debian-12' })

targetConformance('AWS', async () => ({ target, move, run }))

describe('the layers at AWS', () => {
  let net: Ran
  let data: Ran
  let node: Ran
  before(async () => {
    const layer = netLayer('new', target, given)
    assert.ok(layer)
    net = await run(layer.program)
    data = await run(dataLayer(move, target, net.outputs, given)?.program ?? assert.fail())
    node = await run(nodeLayer(move, target, { shared: net.outputs, data: data.outputs }, given).program)
  })
  const all = () => [...net.resources, ...data.resources, ...node.resources].filter(({ type }) => type.startsWith('aws:'))
  const one = (type: string, from: Ran = node) => {
    const found = from.resources.filter((resource) => resource.type === type)
    assert.equal(found.length, 1, type)
    return found[0] ?? assert.fail()
  }

  it('name their provider explicitly on every object', () => {
    for (const { provider, type } of all()) assert.match(provider, /pulumi:providers:aws::new/, type)
  })

  it('tag every object that can be tagged with project, stack, name and run, and leave the run alone later', () => {
    const untaggable = /Association$|Attachment$/
    for (const { type, name, inputs, ignoreChanges } of all().filter(({ type }) => !untaggable.test(type))) {
      const tags = inputs.tags as Record<string, string>
      const stack = Object.entries({ 'net-new': net, 'data-web-1': data }).find(([, ran]) => ran.resources.some((one) => one.inputs === inputs))?.[0]
      assert.equal(tags['lifeboat:project'], 'shop', type)
      assert.equal(tags['lifeboat:stack'], stack ?? 'node-web-1', type)
      assert.equal(tags['lifeboat:object'], name, type)
      assert.equal(tags['lifeboat:run'], 'run-7', type)
      assert.ok(ignoreChanges.includes('tags["lifeboat:run"]'), type)
    }
  })

  it('let ssh come only from where the configuration says, and everybody only to the ports of the move', () => {
    const rules = all()
      .filter(({ type }) => type === 'aws:ec2/securityGroup:SecurityGroup')
      .flatMap(({ inputs }) => inputs.ingress as { protocol: string; fromPort: number; toPort: number; cidrBlocks?: string[]; self?: boolean }[])
    const open = rules.filter(({ cidrBlocks }) => cidrBlocks?.includes('0.0.0.0/0'))
    assert.deepEqual(
      open.map(({ protocol, fromPort, toPort }) => `${protocol} ${fromPort}-${toPort}`),
      ['icmp 3-4', 'tcp 80-80', 'tcp 443-443'],
    )
    assert.deepEqual(rules.find(({ fromPort }) => fromPort === 22)?.cidrBlocks, ['198.51.100.0/24'])
  })

  it('keep the data volume apart from the node, protected, and at AWS even when its stack is thrown away; encrypt every disk, and never replace a node for a newer image or another key', () => {
    assert.deepEqual(
      all().filter(({ type }) => type.endsWith(':Volume')),
      data.resources.filter(({ type }) => type !== 'pulumi:providers:aws'),
    )
    const volume = one('aws:ebs/volume:Volume', data)
    assert.ok(volume.protect && volume.retainOnDelete && volume.inputs.encrypted === true && volume.inputs.size === 40)
    const instance = one('aws:ec2/instance:Instance')
    assert.equal((instance.inputs.rootBlockDevice as { encrypted: boolean }).encrypted, true)
    assert.ok(['ami', 'userData', 'keyName'].every((key) => instance.ignoreChanges.includes(key)))
    assert.ok(instance.deleteBeforeReplace)
    assert.equal(one('aws:ec2/volumeAttachment:VolumeAttachment').inputs.skipDestroy, true)
  })

  it('take the newest image of the publisher, of the architecture of the size', () => {
    const [call] = node.calls
    assert.equal(call?.token, 'aws:ec2/getAmi:getAmi')
    assert.deepEqual(call?.inputs.owners, ['136693071363'])
    assert.match(JSON.stringify(call?.inputs.filters), /debian-12-amd64-\*.*x86_64/)
    assert.equal(one('aws:ec2/instance:Instance').inputs.ami, 'ami-0123456789abcdef0')
  })

  it('tell the node its name, its keys and where its data goes, and nothing secret', () => {
    const text = String(one('aws:ec2/instance:Instance').inputs.userData)
    assert.match(text, /^#cloud-config\n/)
    const data = parse(text)
    assert.equal(data.hostname, 'web-1')
    assert.deepEqual(data.ssh_authorized_keys, authorizedKeys)
    assert.deepEqual(data.fs_setup, [{ device: deviceOf('volume-0a1b'), filesystem: 'ext4', label: 'lifeboat-data', partition: 'none', overwrite: false }])
    assert.deepEqual(data.mounts[0].slice(0, 3), ['LABEL=lifeboat-data', '/srv', 'ext4'])
    assert.doesNotMatch(text, /PRIVATE|password|canary/i)
  })

  it('keep credentials out of the provider, whose inputs are state', () => {
    const providers = [...net.resources, ...data.resources, ...node.resources].filter(({ type }) => type === 'pulumi:providers:aws')
    assert.equal(providers.length, 3)
    assert.doesNotMatch(JSON.stringify(providers), /canary|accessKey|secretKey/i)
  })

  it('declare no volume for a move without data', async () => {
    assert.equal(dataLayer(plannedMove('web-2'), target, net.outputs, given), null)
    const bare = await run(nodeLayer(plannedMove('web-2'), target, { shared: net.outputs, data: {} }, given).program)
    assert.ok(!bare.resources.some(({ type }) => /Volume/.test(type)))
    assert.equal(bare.outputs.volumeId, null)
    assert.equal(parse(String(bare.resources.find(({ type }) => type.endsWith('Instance'))?.inputs.userData)).fs_setup, undefined)
  })

  it('refuse a node whose data would go to its system disk', async () => {
    await assert.rejects(nodeLayer(move, target, { shared: net.outputs, data: {} }, given).program(), {
      code: 'provision-failed',
      message: /data volume of web-1 is not there/,
    })
  })

  it('refuse roots that one volume cannot hold, before there is one', async () => {
    const roots = { ...move, roots: ['/var/lib/postgresql', '/var/www'] }
    await assert.rejects(dataLayer(roots, target, net.outputs, given)?.program() ?? assert.fail(), {
      code: 'config-invalid',
      message: /\/var\/lib\/postgresql and \/var\/www/,
    })
  })
})

test('the layers use no argument that the provider code of the lab does not know', { skip: missing }, async () => {
  const provider = await providerSchema(plugin)
  const layer = netLayer('new', target, given)
  assert.ok(layer)
  const net = await run(layer.program)
  const data = await run(dataLayer(move, target, net.outputs, given)?.program ?? assert.fail())
  const node = await run(nodeLayer(move, target, { shared: net.outputs, data: data.outputs }, given).program)
  const declared = [...net.resources, ...data.resources, ...node.resources]
  assert.ok(declared.length > 10)
  const names: Record<string, string> = { 'aws:ebs/volume:Volume': 'aws_ebs_volume', 'pulumi:providers:aws': '' }
  const unknown = declared.flatMap(({ type, inputs }) => {
    const resource = names[type] ?? `aws_${snake(type.split(':').at(-1) ?? '')}`
    const schema = resource === '' ? provider.schema : provider.resources[resource]
    assert.ok(schema, resource)
    return unknownArguments(schema, inputs, resource)
  })
  assert.deepEqual(unknown, [])
  // What came later is noticed, also inside of something: `region` of a resource, `tags` of an association.
  assert.deepEqual(unknownArguments(provider.resources.aws_instance ?? {}, { region: 'us-east-1', rootBlockDevice: { throughputMode: 1 } }, 'i'), [
    'i.region',
    'i.rootBlockDevice.throughputMode',
  ])
})
