// Peculiarities of the dialect in small samples of our own: what the recordings have in one place may come in any.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeSchema, type Node } from '../../../src/core/node.ts'
import { childOf, readXml } from '../../../src/io/xml.ts'
import { nodeOf } from '../../../src/providers/terremark/derive.ts'
import { hrefOf } from '../../../src/providers/terremark/elements.ts'

const schemas = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:o="http://schemas.dmtf.org/ovf/envelope/1"'

function node(inside: string, attributes = 'name="web-1" status="4"'): Node {
  const root = readXml(`<VApp ${attributes} ${schemas} xmlns="http://www.vmware.com/vcloud/v1">${inside}</VApp>`, 'It')
  const made = nodeOf({ id: '1', name: null, path: '/vapp/1', place: ['org', 'centre'] }, root, [])
  assert.deepEqual(nodeSchema.parse(made), made)
  return made
}

const hardware = (...items: readonly string[]): string =>
  `<o:VirtualHardwareSection>${items.map((item) => `<o:Item>${item}</o:Item>`).join('')}</o:VirtualHardwareSection>`
const disk = (quantity: string, unit = ''): string => `<ResourceType>17</ResourceType><VirtualQuantity>${quantity}</VirtualQuantity>${unit}`
const units = (unit: string): string => `<VirtualQuantityUnits>${unit}</VirtualQuantityUnits>`

test('a value marked as unset is unset, whatever stands in it, under any prefix', () => {
  for (const mark of ['xsi:nil="true"', 'xsi:nil="1"', 'undeclared:nil=" true "']) {
    assert.equal(node(hardware(`<ResourceType>3</ResourceType><VirtualQuantity ${mark}>0</VirtualQuantity>`)).cpus, null, mark)
  }
  assert.equal(node(hardware('<ResourceType>3</ResourceType><VirtualQuantity xsi:nil="false">2</VirtualQuantity>')).cpus, 2)
})

test('line breaks and spaces around values and inside addresses are no part of them', () => {
  const made = node(hardware('<ResourceType>\n 3 </ResourceType><VirtualQuantity>\n\t2\n</VirtualQuantity>'), 'name=" web-1 " status=" 2 "')
  assert.deepEqual([made.name, made.power, made.cpus, made.path], ['web-1', 'off', 2, '/org/centre/web-1'])
  const service = childOf(readXml('<List><S><Href>https://services.example/api/v0.8/Internet\n    Services/524\n  </Href></S></List>', 'It'), 'S')
  assert.ok(service)
  assert.equal(hrefOf(service), '/api/v0.8/InternetServices/524')
})

test('sections come under their names or as a type, under any prefix and in any order', () => {
  const items = '<o:Item><ResourceType>4</ResourceType><VirtualQuantity>512</VirtualQuantity></o:Item>'
  const connection = '<x:NetworkConnection Network="Internal"><y:IpAddress>10.0.0.7</y:IpAddress></x:NetworkConnection>'
  const forms = [
    `<Section xsi:type="o:VirtualHardwareSection_Type">${items}</Section><Section xsi:type="NetworkConnectionSectionType">${connection}</Section>`,
    `<NetworkConnectionSection>${connection}</NetworkConnectionSection><q:VirtualHardwareSection>${items}</q:VirtualHardwareSection>`,
    `<Section undeclared:type="q:NetworkConnectionSectionType">${connection}</Section><Section undeclared:type="VirtualHardwareSection_Type">${items}</Section>`,
  ]
  for (const form of forms) {
    const made = node(form)
    assert.deepEqual([made.memoryMiB, made.addresses, made.nics[0]?.network], [512, ['10.0.0.7'], 'Internal'], form)
  }
})

test('a unit that is given counts, one that nobody knows makes the size unknown, and KiB is what is meant without one', () => {
  const sizes = (quantity: string, unit: string): unknown => node(hardware(disk(quantity, unit === '' ? '' : units(unit)))).disks[0]?.sizeMiB
  assert.equal(sizes('10485760', ''), 10_240)
  assert.equal(sizes('10737418240', 'byte'), 10_240)
  assert.equal(sizes('10240', 'byte * 2^20'), 10_240)
  assert.equal(sizes('10', 'bytes * 2^30'), 10_240)
  assert.equal(sizes('10', 'GB'), 10_240)
  assert.equal(sizes('10', 'byte * 10^9'), 9537)
  for (const [quantity, unit] of [
    ['10', 'elephants'],
    ['999999999999999', 'byte * 2^60'],
    ['-5', ''],
    ['1.5', ''],
  ] as const) {
    assert.equal(sizes(quantity, unit), null)
  }
  assert.ok(node(hardware(disk('10', units('elephants')))).unknown.includes('disks.sizeMiB'))
})

test('two disks of one number are two disks, and sizes that contradict each other are warned of', () => {
  const made = node(
    hardware(`${disk('1048576')}<InstanceID>9</InstanceID>`, `${disk('2097152')}<InstanceID>9</InstanceID>`),
    'name="a" status="4" size="3145728"',
  )
  assert.deepEqual(
    [made.disks.map(({ label, sizeMiB }) => [label, sizeMiB]), made.hazards],
    [
      [
        ['Disk 1', 1024],
        ['Disk 2', 2048],
      ],
      [],
    ],
  )
  const odd = node(hardware(`${disk('1048576')}<HostResource>2097152</HostResource>`), 'name="a" status="4" size="7"')
  assert.deepEqual(
    odd.hazards.map(({ code, text }) => [code, text]),
    [
      ['disk-size-odd', 'Disk 1 has 1048576 as its size in one place and 2097152 in another.'],
      ['disk-size-odd', 'Its disks have 1073741824 bytes together, and the service says 7 KiB in all.'],
    ],
  )
})

test('masked and impossible addresses are none, and the node says that it has none', () => {
  for (const address of ['10.X.X.1', '10.0.0.0/27', '300.1.1.1', '']) {
    const made = node(
      `<NetworkConnectionSection><NetworkConnection Network="n"><IpAddress>${address}</IpAddress></NetworkConnection></NetworkConnectionSection>`,
    )
    assert.deepEqual([made.addresses, made.nics[0]?.addresses, made.unknown.includes('addresses')], [[], [], true], address)
  }
})

test('every status is what vCloud Express meant by it, and what it did not say is unknown', () => {
  const powers = ['0', '1', '2', '3', '4', '7', '8', '', 'on'].map((status) => node('', `name="a" status="${status}"`).power)
  assert.deepEqual(powers, ['unknown', 'unknown', 'off', 'suspended', 'on', 'unknown', 'unknown', 'unknown', 'unknown'])
  assert.deepEqual(
    node('', 'name="a" status="3"').hazards.map(({ code }) => code),
    ['suspended'],
  )
})

test('the family of a system comes from its name, in the words of the catalogues', () => {
  const family = (name: string): string => node(`<o:OperatingSystemSection><o:Description>${name}</o:Description></o:OperatingSystemSection>`).os.family
  const said = [
    'Ubuntu JeOS 9.04 (64-bit)',
    'CentOS 5.3 (32-bit)',
    'Windows Web Server 2008 R2 (64-bit)',
    '-Windows 2003 Std. R2 SQL 2005 Std. (x64)',
    'Sun Solaris 10 (x64)',
    'FreeBSD (64-bit)',
    'Plan 9',
  ]
  assert.deepEqual(said.map(family), ['linux', 'linux', 'windows', 'windows', 'other', 'bsd', 'unknown'])
})
