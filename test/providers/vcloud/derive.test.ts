// What becomes of a machine in a node, in the cases that no recording has; and that no answer at all breaks it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { machinePage, metadataPage, queryPage, taskPage, vAppPage } from '../../../lab/vcloud/pages.ts'
import { stateOf } from '../../../lab/vcloud/state.ts'
import { LifeboatError } from '../../../src/core/errors.ts'
import { nodeSchema, type Node } from '../../../src/core/node.ts'
import type { XmlElement } from '../../../src/io/xml.ts'
import { readAnswer } from '../../../src/providers/vcloud/answer.ts'
import { markIn } from '../../../src/providers/vcloud/marks.ts'
import { recordsOf } from '../../../src/providers/vcloud/query.ts'
import { taskOf } from '../../../src/providers/vcloud/tasks.ts'
import { chosenVersion } from '../../../src/providers/vcloud/versions.ts'
import { shop } from './lab.ts'
import { absent, nodesIn, recordings, textOf } from './recordings.ts'

/** A machine that is on, with these sections. */
function machine(sections: string, attributes = 'status="4"'): Node {
  const [node] = nodesIn(readAnswer(`<Vm name="web-1" href="/api/vApp/vm-1" ${attributes}>${sections}</Vm>`, 'It'))
  assert.ok(node)
  assert.deepEqual(nodeSchema.parse(node), node)
  return node
}

const items = (...inner: string[]): string => `<VirtualHardwareSection>${inner.map((item) => `<Item>${item}</Item>`).join('')}</VirtualHardwareSection>`
const spec = (inner: string): string => `<VmSpecSection>${inner}</VmSpecSection>`
const disk = (inner: string): string => `<ElementName>Hard disk 1</ElementName><ResourceType>17</ResourceType>${inner}`
const codes = ({ hazards }: Node): string[] => hazards.map(({ code }) => code)

describe('a machine', () => {
  test('of version 10 and later is read from its VmSpecSection', () => {
    const settings = (id: number, size: number): string => `<DiskSettings><DiskId>${id}</DiskId><SizeMb>${size}</SizeMb></DiskSettings>`
    const node = machine(
      spec(
        '<NumCpus>8</NumCpus><NumCoresPerSocket>4</NumCoresPerSocket><MemoryResourceMb><Configured>16384</Configured></MemoryResourceMb>' +
          `<DiskSection>${settings(2000, 40960)}${settings(2001, 1024)}</DiskSection><VmToolsVersion>12352</VmToolsVersion><Firmware>efi</Firmware>`,
      ),
    )
    assert.deepEqual([node.cpus, node.memoryMiB, node.firmware, node.tools], [8, 16384, 'efi', 'unknown'])
    assert.deepEqual(
      node.disks.map(({ label, sizeMiB }) => [label, sizeMiB]),
      [
        ['disk 2000', 40960],
        ['disk 2001', 1024],
      ],
    )
  })

  test('that is described twice and differently says so', () => {
    const both = items('<ResourceType>3</ResourceType><VirtualQuantity>2</VirtualQuantity>') + spec('<NumCpus>4</NumCpus>')
    const node = machine(both)
    assert.equal(node.cpus, 2)
    assert.match(node.hazards.find(({ code }) => code === 'hardware-sections-differ')?.text ?? '', /processors 2 or 4/)
    assert.ok(!codes(machine(both.replace('>4<', '>2<'))).includes('hardware-sections-differ'))
  })

  test('has the size of a disk in bytes where they are given, then in MiB, then in KiB, and never a guess', () => {
    const size = (inner: string): number | null | undefined => machine(items(disk(inner))).disks[0]?.sizeMiB
    const bytes = '<VirtualQuantity>10737418241</VirtualQuantity><VirtualQuantityUnits>byte</VirtualQuantityUnits>'
    assert.equal(size(`<HostResource capacity="10240"/>${bytes}`), 10241)
    assert.equal(size('<HostResource capacity="10240"/>'), 10240)
    assert.equal(size('<VirtualQuantity>10</VirtualQuantity><AllocationUnits>byte * 2^30</AllocationUnits>'), 10240)
    assert.equal(size('<HostResource>104857</HostResource><VirtualQuantity>104857</VirtualQuantity>'), 103)
    for (const odd of ['', '<HostResource capacity="-1"/>', '<HostResource capacity="many"/>', '<HostResource/>']) assert.equal(size(odd), null, odd)
  })

  test('of version 0.8 has sections that say what they are by their type only', () => {
    const declared = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    const sections = [
      [
        'VirtualHardwareSection_Type',
        '<Item><ResourceType>4</ResourceType><AllocationUnits>MegaBytes</AllocationUnits><VirtualQuantity>512</VirtualQuantity></Item>',
      ],
      ['NetworkConnectionSectionType', '<NetworkConnection Network="shop"><IpAddress>192.0.2.5</IpAddress></NetworkConnection>'],
      ['OperatingSystemSection_Type', '<Description>Ubuntu Linux (64-bit)</Description>'],
    ].map(([type, inner]) => `<Section xsi:type="${type}">${inner}</Section>`)
    const [node] = nodesIn(readAnswer(`<VApp ${declared} name="web" href="/api/v0.8/vapp/7">${sections.join('')}</VApp>`, 'It'))
    assert.deepEqual([node?.id, node?.memoryMiB, node?.addresses, node?.os.family], ['7', 512, ['192.0.2.5'], 'linux'])
  })

  test('with DHCP has its address while it is on, and none when it is off', () => {
    const card = '<NetworkConnection network="n"><IpAddress>192.0.2.9</IpAddress><IpAddressAllocationMode>DHCP</IpAddressAllocationMode></NetworkConnection>'
    const section = `<NetworkConnectionSection>${card}</NetworkConnectionSection>`
    assert.deepEqual(machine(section).addresses, ['192.0.2.9'])
    assert.deepEqual(machine(section, 'status="8"').addresses, [])
    assert.deepEqual(machine(section.replace('192.0.2.9', '10.X.X.9')).addresses, [])
  })

  test('lists its primary card first, and is read from the hardware where there is no network section', () => {
    const card = (index: number): string =>
      `<NetworkConnection><NetworkConnectionIndex>${index}</NetworkConnectionIndex><MACAddress>AA:0${index}</MACAddress></NetworkConnection>`
    const section = `<NetworkConnectionSection><PrimaryNetworkConnectionIndex>1</PrimaryNetworkConnectionIndex>${card(0)}${card(1)}</NetworkConnectionSection>`
    assert.deepEqual(
      machine(section).nics.map(({ mac }) => mac),
      ['aa:01', 'aa:00'],
    )
    const node = machine(items('<ResourceType>10</ResourceType><Address>AA:BB</Address><Connection ipAddress="192.0.2.7">shop</Connection>'))
    assert.deepEqual(node.nics, [{ mac: 'aa:bb', network: 'shop', connected: null, addresses: ['192.0.2.7'] }])
  })

  test('names what makes it hard to move: its state, tasks under way, a disk over 2 TiB', () => {
    assert.deepEqual(codes(machine('', 'status="9"')), ['state', 'guest-unknown'])
    assert.deepEqual(codes(machine('', 'status="-1"')), ['state', 'guest-unknown'])
    const task = (end: string): string => `<Tasks><Task status="running" operation="Copying" endTime="${end}"/></Tasks>`
    assert.match(machine(task('9999-12-31T23:59:59.999-05:00')).hazards.find(({ code }) => code === 'busy')?.text ?? '', /^A task is under way: Copying\.$/)
    assert.ok(codes(machine(items(disk('<HostResource capacity="2097153"/>')))).includes('disk-over-2tib'))
    assert.ok(!codes(machine(items(disk('<HostResource capacity="2097152"/>')))).includes('disk-over-2tib'))
  })

  test('says from what product it was made, its own or that of its vApp; a section without a name says nothing', () => {
    const section = (product: string): string => `<ProductSection><Info>x</Info><Product>${product}</Product><Vendor>F5</Vendor></ProductSection>`
    const inside = (own: string, around: string): string[] => {
      const vApp = `<VApp>${around}<Children><Vm name="web-1" href="/api/vApp/vm-1" status="4">${own}</Vm></Children></VApp>`
      return codes(nodesIn(readAnswer(vApp, 'It'))[0] ?? assert.fail()).filter((code) => code !== 'guest-unknown')
    }
    assert.deepEqual(inside(section('BIG-IP'), ''), ['appliance'])
    assert.deepEqual(inside(section(''), section('BIG-IP')), ['appliance'])
    assert.deepEqual(inside(section('Shop base'), section('BIG-IP')), ['made-from'])
    assert.deepEqual(inside(section(''), ''), [])
  })

  test('says how long its leases are, in hours when they are short', () => {
    const lease = (seconds: number): string | undefined => {
      const settings = `<LeaseSettingsSection><DeploymentLeaseInSeconds>${seconds}</DeploymentLeaseInSeconds></LeaseSettingsSection>`
      const [node] = nodesIn(readAnswer(`<VApp name="shop">${settings}<Children><Vm name="web-1" status="4"/></Children></VApp>`, 'It'))
      return node?.hazards.find(({ code }) => code === 'lease')?.text.split(': ')[1]
    }
    assert.deepEqual([lease(3600), lease(604_800), lease(0), lease(-1)], ['runtime 1 h.', 'runtime 7 d.', undefined, undefined])
  })

  test('of a system that is known by its name only has its family', () => {
    const family = (name: string): string => machine(`<OperatingSystemSection><Description>${name}</Description></OperatingSystemSection>`).os.family
    const names = [
      'Microsoft Windows Server 2016 (64-bit)',
      'CentOS 8 (64-bit)',
      'Other 3.x Linux (64-bit)',
      'FreeBSD 12 (64-bit)',
      'Oracle Solaris 11 (64-bit)',
      'Other (64-bit)',
    ]
    assert.deepEqual(names.map(family), ['windows', 'linux', 'linux', 'bsd', 'other', 'unknown'])
  })

  test('with nothing in it at all knows that it knows nothing', () => {
    const [node] = nodesIn(readAnswer('<Vm/>', 'It'))
    assert.deepEqual(node?.unknown, [
      'addresses',
      'cpus',
      'disks',
      'firmware',
      'hostname',
      'memoryMiB',
      'name',
      'nics',
      'os.family',
      'os.id',
      'os.name',
      'path',
      'power',
      'snapshots',
      'tools',
    ])
  })
})

/** Everything that is read from an answer, whatever it is. */
function readAll(text: string): void {
  let root: XmlElement
  try {
    root = readAnswer(text, 'It')
  } catch (error) {
    assert.ok(error instanceof LifeboatError, String(error))
    assert.equal(error.code, 'answer-malformed')
    return
  }
  for (const node of nodesIn(root, recordsOf(root)[0] ?? null)) assert.deepEqual(nodeSchema.parse(node), node)
  recordsOf(root)
  taskOf(root)
  markIn(root, 'lifeboat.network')
  try {
    chosenVersion(root, 'It')
  } catch (error) {
    assert.ok(error instanceof LifeboatError, String(error))
  }
}

const state = stateOf(shop, () => undefined)
const samples = [
  ...state.vApps.map((vApp) => vAppPage(vApp, 'https://x')),
  ...state.vApps.flatMap(({ machines }) => machines.flatMap((each) => [machinePage(each, 'https://x'), metadataPage(each)])),
  queryPage(state, 'https://x', 1, 2),
  taskPage({ id: 't', operation: 'o', owner: 'vm-1', status: 'error', error: 'no', cancel: () => undefined }, 'https://x'),
]

/** A document with a few pieces cut out, doubled, or replaced by something else. */
function mutated(documents: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.constantFrom('', '<Vm>', '</Vm>', '"', '&#0;', '-1', '9007199254740993', 'xsi:nil="true"', '<![CDATA[x]]>', '<ovf:Item/>', '\u0000', 'é')
  const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 40 }), piece)
  return fc.tuple(fc.constantFrom(...documents), fc.array(change, { maxLength: 6 })).map(([document, changes]) =>
    changes.reduce((text, [where, length, put]) => {
      const at = Math.floor(where * text.length)
      return text.slice(0, at) + put + text.slice(at + length)
    }, document),
  )
}

/** The same document with values changed only, so that it stays well-formed and reaches the readers behind the parser. */
function revalued(documents: readonly string[]): fc.Arbitrary<string> {
  const value = fc.constantFrom('', ' ', '-1', '0', '1e9', '9007199254740993', 'true', 'none', '10.X.X.1', 'byte * 2^99', '9999-12-31', '\n 7 \n')
  return fc
    .tuple(fc.constantFrom(...documents), fc.array(value, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 7 }))
    .map(([document, values, every]) => {
      let count = 0
      const next = (old: string): string => ((count += 1) % every === 0 ? (values[count % values.length] ?? old) : old)
      return document
        .replaceAll(/>([^<>]+)</g, (_, old: string) => `>${next(old)}<`)
        .replaceAll(/="([^"<>]*)"/g, (whole, old: string) => (old.includes('/') ? whole : `="${next(old)}"`))
    })
}

describe('whatever comes', () => {
  test('as garbage, it is read or refused, and nothing breaks', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `<Vm>${text}</Vm>`),
        ),
        readAll,
      ),
    )
  })

  test('as a spoiled answer, it is read or refused, and nothing breaks', () => {
    fc.assert(fc.property(mutated(samples), readAll), { numRuns: 300 })
    fc.assert(fc.property(revalued(samples), readAll), { numRuns: 300 })
  })

  test('as a spoiled recording, it is read or refused, and nothing breaks', { skip: absent }, () => {
    const documents = recordings().map(textOf)
    fc.assert(fc.property(mutated(documents), readAll), { numRuns: 150 })
    fc.assert(fc.property(revalued(documents), readAll), { numRuns: 150 })
  })
})
