// From what a server says about a machine to a node.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LifeboatError } from '../../../src/core/errors.ts'
import { nodeSchema } from '../../../src/core/node.ts'
import { escapeXml } from '../../../src/io/xml.ts'
import { nodeOf } from '../../../src/providers/vsphere/derive.ts'
import { placesOf } from '../../../src/providers/vsphere/places.ts'
import { isAtLeast, machineProperties, type VimObject } from '../../../src/providers/vsphere/properties.ts'
import { codes, node, nowhere, object } from './machines.ts'

test('a path names the datacenter and all folders, decodes what vSphere escapes, and goes through vApps', () => {
  const places = placesOf(
    [
      object('Datacenter', 'datacenter-1', { name: 'DC', parent: '<val type="Folder">group-d1</val>' }),
      object('Folder', 'group-v1', { name: 'vm', parent: '<val type="Datacenter">datacenter-1</val>' }),
      object('Folder', 'group-v2', { name: 'a%2fb%5cc%25d%41', parent: '<val type="Folder">group-v1</val>' }),
      object('VirtualApp', 'app-1', { name: 'shop', parentFolder: '<val type="Folder">group-v2</val>' }),
      object('VirtualApp', 'app-2', { name: 'inner', parentVApp: '<val type="VirtualApp">app-1</val>' }),
    ],
    'group-d1',
  )
  const within = (name: string, reference: string): string | null => node({ name: 'x%2Fy', [name]: reference }, {}, places).path
  assert.equal(within('parent', '<val type="Folder">group-v2</val>'), String.raw`/DC/vm/a/b\c%d%41/x/y`)
  assert.equal(within('parentVApp', '<val type="VirtualApp">app-2</val>'), String.raw`/DC/vm/a/b\c%d%41/shop/inner/x/y`)
  assert.equal(within('parent', '<val type="Folder">group-v9</val>'), null)
})

test('folders that contain each other have no path, and end', () => {
  const folder = (id: string, parent: string): VimObject => object('Folder', id, { name: id, parent: `<val type="Folder">${parent}</val>` })
  const places = placesOf([folder('a', 'b'), folder('b', 'a')], 'group-d1')
  const made = node({ parent: '<val type="Folder">a</val>' }, {}, places)
  assert.deepEqual([made.path, made.unknown.includes('path')], [null, true])
})

test('the detected system counts while Tools run, else the configured one', () => {
  const guest = { 'config.guestId': 'rhel9_64Guest', 'config.guestFullName': 'RHEL 9', 'guest.guestId': 'rhel10_64Guest', 'guest.guestFullName': 'RHEL 10' }
  assert.equal(node({ ...guest, 'guest.toolsRunningStatus': 'guestToolsRunning' }).os.name, 'RHEL 10')
  assert.equal(node({ ...guest, 'guest.toolsRunningStatus': 'guestToolsNotRunning' }).os.name, 'RHEL 9')
  assert.equal(node({ 'config.guestId': 'rhel9_64Guest', 'guest.toolsRunningStatus': 'guestToolsRunning' }).os.id, 'rhel9_64Guest')
  assert.deepEqual(node({}).os, { family: 'unknown', id: null, name: null })
})

test('families are told by the identifier', () => {
  const families = {
    debian12_64Guest: 'linux',
    other26xLinux64Guest: 'linux',
    vmwarePhoton64Guest: 'linux',
    rockylinux_64Guest: 'linux',
    windows2019srv_64Guest: 'windows',
    win98Guest: 'windows',
    freebsd13_64Guest: 'bsd',
    darwin21_64Guest: 'other',
    solaris11_64Guest: 'other',
    otherGuest64: 'unknown',
    'made-up': 'unknown',
  }
  for (const [id, family] of Object.entries(families)) assert.equal(node({ 'config.guestId': id }).os.family, family, id)
})

test('Tools are running, stopped, absent or unknown', () => {
  const tools = (running: string, version = ''): string => node({ 'guest.toolsRunningStatus': running, 'guest.toolsVersionStatus2': version }).tools
  assert.deepEqual(
    [
      tools('guestToolsRunning'),
      tools('guestToolsExecutingScripts'),
      tools('guestToolsNotRunning', 'guestToolsCurrent'),
      tools('guestToolsNotRunning', 'guestToolsNotInstalled'),
      tools(''),
    ],
    ['running', 'running', 'stopped', 'absent', 'unknown'],
  )
})

test('power of a machine whose host is away is unknown, whatever was last known', () => {
  const lost = node({ 'runtime.connectionState': 'disconnected' })
  assert.deepEqual([lost.power, lost.snapshots, codes(lost).includes('not-connected')], ['unknown', null, true])
  assert.equal(node({ 'runtime.powerState': 'suspended' }).power, 'suspended')
})

test('unset is not withheld: no snapshots are 0, withheld ones are unknown', () => {
  assert.equal(node({}).snapshots, 0)
  const withheld = node({}, { snapshot: 'NoPermission', customValue: 'NoPermission' })
  assert.deepEqual([withheld.snapshots, withheld.unknown.includes('snapshots'), withheld.unknown.includes('labels')], [null, true, true])
})

test('custom attributes become labels by the name of their field', () => {
  const fields = '<val><CustomFieldDef><key>0</key><name>owner</name></CustomFieldDef><CustomFieldDef><key>1</key><name>cost</name></CustomFieldDef></val>'
  const values =
    '<val><CustomFieldValue><key>0</key><value>shop</value></CustomFieldValue><CustomFieldValue><key>9</key><value>?</value></CustomFieldValue></val>'
  assert.deepEqual(node({ availableField: fields, customValue: values }).labels, { owner: 'shop' })
})

test('a machine without its configuration is still listed, with everything unknown', () => {
  const bare = nodeOf(object('VirtualMachine', 'vm-1', {}), nowhere)
  assert.deepEqual([bare.id, bare.name], ['vm-1', 'vm-1'])
  assert.deepEqual(bare.unknown, [
    'addresses',
    'cpus',
    'disks',
    'firmware',
    'hazards',
    'hostname',
    'memoryMiB',
    'name',
    'nics',
    'os.family',
    'os.id',
    'os.name',
    'path',
    'power',
    'template',
    'tools',
  ])
})

test('versions are compared by number', () => {
  assert.deepEqual(
    [
      isAtLeast('6.10', '6.9'),
      isAtLeast('6.5', '6.7'),
      isAtLeast('6.7.3', '6.7'),
      isAtLeast('8.0.2.0', '6.7'),
      isAtLeast('6.7', '6.7.1'),
      isAtLeast('', '6.7'),
    ],
    [true, false, true, true, false, false],
  )
  assert.equal(machineProperties('6.5').paths.includes('summary.config.tpmPresent'), false)
  assert.equal(machineProperties('8.0.2.0').paths.includes('summary.config.tpmPresent'), true)
})

test('whatever a server says, a node comes out of it, or answer-malformed', () => {
  const words = fc.constantFrom('vm-1', '', 'poweredOn', 'true', '1', '-1', '2000', '99999999999999999999', 'guestToolsRunning', '00:50:56:aa:bb:01', 'x')
  const names = fc.constantFrom(
    'device',
    'key',
    'macAddress',
    'backing',
    'connectable',
    'connected',
    'deviceInfo',
    'label',
    'mappings',
    'ipAddress',
    'ipConfig',
    'name',
    'value',
    'rootSnapshotList',
    'childSnapshotList',
    'snapshot',
    'currentSnapshot',
    'capacityInKB',
    'numCPU',
    'memoryMB',
    'controllerKey',
    'sharedBus',
    '__proto__',
  )
  const types = fc.constantFrom('', ' xsi:type="VirtualDisk"', ' xsi:type="VirtualVmxnet3"', ' type="Folder"', ' xsi:type="ArrayOfGuestNicInfo"')
  const { inner } = fc.letrec<{ inner: string }>((tie) => ({
    inner: fc.oneof(
      { maxDepth: 5 },
      words.map(escapeXml),
      fc
        .array(
          fc.tuple(names, types, tie('inner')).map(([name, type, inside]) => `<${name}${type}>${inside}</${name}>`),
          { maxLength: 4 },
        )
        .map((list) => list.join('')),
    ),
  }))
  const paths = fc.constantFrom(...machineProperties('9').paths)
  fc.assert(
    fc.property(fc.dictionary(paths, inner), fc.dictionary(paths, fc.constantFrom('NoPermission', 'SystemError')), (properties, missing) => {
      try {
        const made = nodeOf(object('VirtualMachine', 'vm-1', properties, missing), nowhere)
        assert.deepEqual(nodeSchema.parse(made), made)
        for (const [field, value] of Object.entries(made)) if (value === null || value === 'unknown') assert.ok(made.unknown.includes(field), field)
      } catch (error) {
        assert.ok(error instanceof LifeboatError && error.code === 'answer-malformed', String(error))
      }
    }),
    { numRuns: 1500 },
  )
})
