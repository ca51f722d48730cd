// What the layers declare at a vCenter, seen without an engine.
import assert from 'node:assert/strict'
import { before, describe, it, test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { chooseSize } from '../../src/core/sizing.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Target } from '../../src/providers/provider.ts'
import { vsphereCatalog } from '../../src/providers/vsphere/catalog.ts'
import { vsphere } from '../../src/providers/vsphere/index.ts'
import { readVsphereFailure } from '../../src/providers/vsphere/plugin.ts'
import { dataLayer } from '../../stacks/data.ts'
import { netLayer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { targetConformance } from '../conformance/target.ts'
import { authorizedKeys, canaries, missingOf, plannedMove } from '../provision/world.ts'
import { providerSchema, snake, unknownArguments } from '../support/provider-schema.ts'
import { place, vspherePlugin } from '../support/vsphere-maker.ts'
import { run, type Ran } from './mocks.ts'

const login = { kind: 'vsphere', url: 'https://vcenter.example/sdk', user: 'ops', password: new Secret(canaries.password) }
const target = await targetOf({ ...login, target: { ...place, images: { 'debian-12': 'templates/debian-12' } } })
const given = { project: 'shop', run: 'run-7', authorizedKeys }
const planned = plannedMove('web-1', { volumeGiB: 40, size: '2x4096', image: 'debian-12' })
const move = { ...planned, to: { ...planned.to, kind: 'vsphere' } }

async function targetOf(config: object): Promise<Target> {
  return (await vsphere.target?.('new', vsphere.schema.parse(config), 'shop')) ?? assert.fail()
}

targetConformance('vSphere', async () => ({ target, move, run }))

describe('the layers at a vCenter', () => {
  let layers: readonly Ran[]
  before(async () => {
    const net = await run(netLayer('new', target, given)?.program ?? assert.fail())
    const data = await run(dataLayer(move, target, net.outputs, given)?.program ?? assert.fail())
    layers = [net, data, await run(nodeLayer(move, target, { shared: net.outputs, data: data.outputs }, given).program)]
  })
  const all = () => layers.flatMap(({ resources }) => resources)
  const one = (type: string) => {
    const found = all().filter((resource) => resource.type === `vsphere:index/${type}`)
    assert.equal(found.length, 1, type)
    return found[0] ?? assert.fail()
  }

  it('name their provider explicitly, and say nothing in it, for its inputs are state', () => {
    for (const { provider, type } of all().filter((resource) => resource.type.startsWith('vsphere:')))
      assert.match(provider, /pulumi:providers:vsphere::new/, type)
    const providers = all().filter(({ type }) => type === 'pulumi:providers:vsphere')
    assert.equal(providers.length, 3)
    for (const { inputs } of providers)
      assert.deepEqual(
        Object.keys(inputs).filter((key) => key !== 'version'),
        [],
      )
  })

  it('keep the data disk apart from the node, protected, and on its datastore even when its stack is thrown away', () => {
    const disk = one('virtualDisk:VirtualDisk')
    assert.ok(disk.protect && disk.retainOnDelete && disk.inputs.size === 40)
    const [system, data] = one('virtualMachine:VirtualMachine').inputs.disks as [Record<string, unknown>, Record<string, unknown>]
    assert.deepEqual([data.attach, data.path, data.size], [true, disk.inputs.vmdkPath, undefined])
    // That of the template is the larger one.
    assert.deepEqual([system.label, system.size], ['disk0', 30])
  })

  it('clone the template of the image with the size of the plan, and leave what is there alone when either is newer', () => {
    const { inputs, ignoreChanges } = one('virtualMachine:VirtualMachine')
    assert.deepEqual([inputs.numCpus, inputs.memory, inputs.guestId], [2, 4096, 'debian12_64Guest'])
    assert.equal(layers[2]?.calls[0]?.inputs.name, 'templates/debian-12')
    assert.ok(['clone', 'guestId', 'extraConfig', 'annotation', 'disks[0]'].every((key) => ignoreChanges.includes(key)))
  })

  it('tell the node its name, its keys and where its data goes, and nothing secret', () => {
    const extra = one('virtualMachine:VirtualMachine').inputs.extraConfig as Record<string, string>
    const text = Buffer.from(extra['guestinfo.userdata'] ?? '', 'base64').toString('utf8')
    const data = parse(text)
    assert.deepEqual([data.hostname, data.ssh_authorized_keys], ['web-1', authorizedKeys])
    assert.equal(data.fs_setup[0].device, '/dev/lifeboat-data')
    assert.match(data.bootcmd[0][2], /ln -sfn \/dev\/disk\/by-path\/\*-scsi-0:0:1:0 \/dev\/lifeboat-data$/)
    assert.deepEqual(data.mounts[0].slice(0, 3), ['LABEL=lifeboat-data', '/srv', 'ext4'])
    assert.doesNotMatch(text, /PRIVATE|password|canary/i)
  })

  it('refuse a node whose data would go to its system disk', async () => {
    const layer = nodeLayer(move, target, { shared: layers[0]?.outputs ?? {}, data: {} }, given)
    await assert.rejects(layer.program(), { code: 'provision-failed', message: /data disk of web-1 is not there/ })
  })

  it('use no argument that the provider code of the lab does not know', { skip: missingOf(vspherePlugin) }, async () => {
    const { schema, resources } = await providerSchema(vspherePlugin)
    const unknown = all().flatMap(({ type, inputs }) => {
      const name = `vsphere_${snake(type.split(':').at(-1) ?? '')}`
      return unknownArguments(type.startsWith('pulumi:') ? schema : (resources[name] ?? assert.fail(name)), inputs, name)
    })
    assert.deepEqual(unknown, [])
    assert.deepEqual(unknownArguments(resources.vsphere_virtual_machine ?? {}, { vtpm: {}, disks: [{ lable: 'x' }] }, 'm'), ['m.vtpm', 'm.disks.lable'])
  })
})

test('the size of a vCenter is the smallest that carries the node, whatever it has', () => {
  const catalog = vsphereCatalog(20)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 256, max: 512 * 1024 }), (cpus, memoryMiB) => {
      const { size } = chooseSize('auto', { cpus, memoryMiB, nics: 1, disks: 2, firmware: 'efi' }, catalog)
      assert.ok(size !== null && size.cpus >= cpus && size.memoryMiB >= memoryMiB * 0.97)
      assert.ok(
        !catalog.sizes.some(
          (other) =>
            other.cpus >= cpus && other.memoryMiB >= memoryMiB && (other.cpus < size.cpus || (other.cpus === size.cpus && other.memoryMiB < size.memoryMiB)),
        ),
      )
    }),
  )
  assert.equal(chooseSize('auto', { cpus: 2, memoryMiB: 4096, nics: 1, disks: 1, firmware: null }, catalog).size?.name, '2x4096')
})

test('a vCenter that its plugin could not check, and one without a place for nodes, are refused with what to do', async () => {
  const fingerprint = `sha256:${Array.from({ length: 32 }, () => 'AB').join(':')}`
  await assert.rejects(targetOf({ ...login, target: place, tls: { fingerprint } }), {
    code: 'config-invalid',
    message: /cannot check a fingerprint; give .* tls\.ca/,
  })
  await assert.rejects(targetOf({ ...login, target: place, url: 'http://127.0.0.1:8989/sdk' }), { code: 'config-invalid', message: /by https/ })
  await assert.rejects(targetOf(login), { code: 'config-invalid', message: /providers\.new\.target/ })
})

test('what a vCenter says is read as refused, unreachable or something else', () => {
  const said = {
    refused: [
      'The operation failed: Insufficient resources to satisfy configured failover level',
      'Permission to perform this operation was denied. (NoPermission)',
    ],
    unreachable: [
      'error setting up new vSphere SOAP client: Post "https://vcenter.example/sdk": dial tcp: lookup vcenter.example: no such host',
      'ServerFaultCode: Cannot complete login due to an incorrect user name or password.',
      'x509: certificate signed by unknown authority',
    ],
    other: ["network 'LAN' not found", ''],
  }
  for (const message of said.refused) assert.equal(readVsphereFailure(message), 'refused', message)
  for (const message of said.unreachable) assert.equal(readVsphereFailure(message), 'unreachable', message)
  for (const message of said.other) assert.equal(readVsphereFailure(message), null, message)
})
