// Disks, network cards, snapshots and what is risky about them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Places } from '../../../src/providers/vsphere/places.ts'
import { booleanOf, integerOf } from '../../../src/providers/vsphere/properties.ts'
import { codes, disk, hardware, node, nowhere } from './machines.ts'

test('sizes of disks come in bytes or KiB, rounded up; used size only where the guest names the disk', () => {
  const made = node({
    'config.hardware': hardware(
      disk('<capacityInBytes>1048577</capacityInBytes><capacityInKB>1</capacityInKB>') +
        disk('<capacityInKB>2048</capacityInKB>').replace('2000', '2001') +
        disk('').replace('2000', '2002'),
    ),
    'guest.disk':
      '<val><GuestDiskInfo><capacity>4194304</capacity><freeSpace>1048576</freeSpace><mappings><key>2000</key></mappings></GuestDiskInfo><GuestDiskInfo><capacity>9</capacity><freeSpace>1</freeSpace><mappings><key>2001</key></mappings><mappings><key>2002</key></mappings></GuestDiskInfo></val>',
  })
  assert.deepEqual(
    made.disks.map(({ sizeMiB, usedMiB }) => [sizeMiB, usedMiB]),
    [
      [2, 3],
      [2, null],
      [null, null],
    ],
  )
  assert.deepEqual(
    made.unknown.filter((field) => field.startsWith('disks')),
    ['disks.sizeMiB', 'disks.usedMiB'],
  )
})

test('a number beyond what is exact is unknown, not rounded', () => {
  assert.deepEqual(
    [integerOf('9007199254740991'), integerOf('9007199254740993'), integerOf('1e3'), integerOf(''), integerOf(null)],
    [9007199254740991, null, null, null, null],
  )
  assert.deepEqual(
    [booleanOf('1'), booleanOf('0'), booleanOf('true'), booleanOf('false'), booleanOf('yes'), booleanOf(null)],
    [true, false, true, false, null, null],
  )
})

const card = (key: number, mac: string, backing: string): string =>
  `<device xsi:type="VirtualVmxnet3"><key>${key}</key><backing ${backing}</backing><connectable><startConnected>true</startConnected><connected>false</connected></connectable><macAddress>${mac}</macAddress></device>`

test('cards are joined with the guest by device key, else by MAC; what exists in the guest only is not a card', () => {
  const places: Places = {
    ...nowhere,
    networks: new Map([
      ['dvportgroup-7', 'shop net'],
      ['network-1', 'VM Network'],
    ]),
  }
  const devices =
    card(
      4000,
      '00:50:56:AA:BB:01',
      'xsi:type="VirtualEthernetCardNetworkBackingInfo"><deviceName>old name</deviceName><network type="Network">network-1</network>',
    ) +
    card(
      4001,
      '00:50:56:AA:BB:02',
      'xsi:type="VirtualEthernetCardDistributedVirtualPortBackingInfo"><port><switchUuid>u</switchUuid><portgroupKey>dvportgroup-7</portgroupKey></port>',
    ) +
    card(4002, '00:50:56:aa:bb:03', 'xsi:type="VirtualEthernetCardOpaqueNetworkBackingInfo"><opaqueNetworkId>n</opaqueNetworkId>')
  const guest = (mac: string, key: number, ip: string): string =>
    `<GuestNicInfo><macAddress>${mac}</macAddress><ipAddress>${ip}</ipAddress><ipAddress>fe80::1</ipAddress><deviceConfigId>${key}</deviceConfigId></GuestNicInfo>`
  const made = node(
    {
      'config.hardware': hardware(devices),
      'guest.net': `<val>${guest('00:50:56:ff:ff:ff', 4000, '192.0.2.1')}${guest('00:50:56:aa:bb:02', -1, '192.0.2.2')}${guest('02:42:00:00:00:01', -1, '172.17.0.1')}</val>`,
      'guest.ipAddress': '192.0.2.2',
    },
    {},
    places,
  )
  assert.deepEqual(made.nics, [
    { mac: '00:50:56:aa:bb:01', network: 'VM Network', connected: false, addresses: ['192.0.2.1'] },
    { mac: '00:50:56:aa:bb:02', network: 'shop net', connected: false, addresses: ['192.0.2.2'] },
    { mac: '00:50:56:aa:bb:03', network: null, connected: false, addresses: [] },
  ])
  assert.deepEqual(made.addresses, ['192.0.2.2', '192.0.2.1'])
  assert.ok(made.unknown.includes('nics.network'))
  assert.equal(node({ 'config.hardware': hardware(devices), 'runtime.powerState': 'poweredOff' }).nics[0]?.connected, true)
})

test('snapshots are counted over all branches, the chain only to the one that is current', () => {
  const tree = (id: string, inner = '', list = 'childSnapshotList'): string =>
    `<${list}><snapshot type="VirtualMachineSnapshot">${id}</snapshot><name>${id}</name>${inner}</${list}>`
  const made = node({
    snapshot: `<currentSnapshot type="VirtualMachineSnapshot">s-2</currentSnapshot>${tree('s-1', tree('s-2', tree('s-3')) + tree('s-4'), 'rootSnapshotList')}`,
  })
  assert.equal(made.snapshots, 4)
  assert.match(made.hazards.find(({ code }) => code === 'snapshots')?.text ?? '', /chain of 2 snapshots/)
})

test('each hazard is seen', () => {
  const scsi = '<device xsi:type="VirtualLsiLogicSASController"><key>1000</key><sharedBus>physicalSharing</sharedBus></device>'
  const raw = disk(
    '<backing xsi:type="VirtualDiskRawDiskMappingVer1BackingInfo"><compatibilityMode>physicalMode</compatibilityMode><diskMode>independent_persistent</diskMode></backing><controllerKey>1000</controllerKey><capacityInBytes>3848290697216</capacityInBytes>',
  )
  const made = node({
    name: 'vCLS-1',
    'config.template': 'true',
    'config.ftInfo': '<role>1</role>',
    'runtime.powerState': 'suspended',
    'runtime.consolidationNeeded': '1',
    'config.hardware': hardware(
      `${scsi}${raw}<device xsi:type="VirtualTPM"><key>11000</key></device><device xsi:type="VirtualPCIPassthrough"><key>13000</key></device>`,
    ),
  })
  assert.deepEqual(codes(made).toSorted(), [
    'consolidation-needed',
    'disk-independent',
    'disk-over-2tib',
    'disk-raw',
    'disk-shared',
    'fault-tolerance',
    'guest-unknown',
    'pci-passthrough',
    'suspended',
    'system-machine',
    'template',
    'vtpm',
  ])
  assert.equal(made.hazards.find(({ code }) => code === 'disk-over-2tib')?.text, 'Hard disk 1 has 3.5 TiB; the limit of an MBR partition table is 2 TiB.')
  assert.deepEqual(codes(node({ 'summary.config.tpmPresent': 'true', 'config.guestId': 'debian12_64Guest' })), ['vtpm'])
  const exactly = disk(`<capacityInBytes>${2 * 1024 ** 4}</capacityInBytes>`)
  assert.deepEqual(codes(node({ 'config.hardware': hardware(exactly), 'config.guestId': 'debian12_64Guest' })), [])
})

test('who made a machine and who looks after it tell an appliance', () => {
  const made = (paths: Record<string, string>) => codes(node({ 'config.guestId': 'debian12_64Guest', ...paths }))
  const product = (name: string): string => `<name>${name}</name><vendor>VMware, Inc.</vendor>`
  assert.deepEqual(made({ 'summary.config.product': product('VMware vCenter Server') }), ['appliance'])
  assert.deepEqual(made({ 'summary.config.product': product('Shop base') }), ['made-from'])
  assert.deepEqual(made({ 'config.managedBy': '<extensionKey>com.vmware.vim.eam</extensionKey><type>cluster-agent</type>' }), ['appliance'])
  assert.deepEqual(made({}), [])
})
