// The other recorded answers: what a log-in reads, and what only has to be survived. Expected values were worked out by hand.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nodeSchema } from '../../../src/core/node.ts'
import { at, childOf, childrenOf, textAt, type XmlElement } from '../../../src/io/xml.ts'
import { addressOf } from '../../../src/providers/terremark/cards.ts'
import { nodeOf } from '../../../src/providers/terremark/derive.ts'
import { attribute, given, hrefOf, linksOf, pathIn } from '../../../src/providers/terremark/elements.ts'
import { itemsOf } from '../../../src/providers/terremark/hardware.ts'
import { absent, recorded, recordedNames } from './recorded-files.ts'

const values = (element: XmlElement | null): unknown => Object.fromEntries((element?.children ?? []).map((child) => [child.name, given(child)]))

describe('recorded answers', { skip: absent }, () => {
  test('are all read, and none becomes a node that is not of the agreed shape', () => {
    const names = recordedNames()
    assert.deepEqual([names.length, new Set(names.map((name) => name.split('/')[0]))], [52, new Set(['jclouds', 'jclouds-ecloud', 'libcloud'])])
    for (const name of names) {
      const made = nodeOf({ id: '1', name: 'x', path: '/x', place: [] }, recorded(name), null)
      assert.deepEqual(nodeSchema.parse(made), made, name)
    }
  })

  test('of a log-in name the organisation, in either namespace', () => {
    for (const [name, path, user] of [
      ['libcloud/api_v0_8_login', '/api/v0.8/org/240', 'a@example.com'],
      ['jclouds/orglist', '/api/v0.8/org/48', 'adrian@jclouds.org'],
    ] as const) {
      const org = childOf(recorded(name), 'Org')
      assert.ok(org)
      assert.deepEqual([hrefOf(org), attribute(org, 'name')], [path, user])
    }
  })

  test('of an organisation link to its data centres, of which eCloud has two', () => {
    const centres = (name: string): unknown =>
      linksOf(recorded(name)).flatMap((link) => (link.type === 'application/vnd.vmware.vcloud.vdc+xml' ? [[link.path, link.name]] : []))
    assert.deepEqual(centres('libcloud/api_v0_8_org_240'), [['/api/v0.8/vdc/224', 'Miami Environment 1']])
    assert.deepEqual(centres('jclouds/org'), [['/api/v0.8a-ext1.6/vdc/32', 'Miami Environment 1']])
    assert.deepEqual(centres('jclouds-ecloud/org-ecloud'), [
      ['/api/v0.8b-ext2.8/vdc/1155', 'Cloud Conscious LLC - MIA'],
      ['/api/v0.8b-ext2.8/vdc/1169', 'Cloud Conscious LLC - AMA'],
    ])
    assert.equal(linksOf(recorded('jclouds-ecloud/org-ecloud')).length, 10)
  })

  test('of the versions say where to log in', () => {
    const version = childOf(recorded('jclouds/versions'), 'VersionInfo')
    assert.deepEqual([given(version, 'Version'), pathIn(given(version, 'LoginUrl'))], ['0.8', '/api/v0.8/login'])
  })

  test('of catalogues list templates', () => {
    const items = (name: string): readonly (string | null)[] =>
      childrenOf(childOf(recorded(name), 'CatalogItems'), 'CatalogItem').map((item) => attribute(item, 'name'))
    assert.deepEqual(items('libcloud/api_v0_8_vdc_224_catalog'), ['CentOS 5.3 (32-bit)'])
    assert.deepEqual([items('jclouds/catalog').length, items('jclouds/catalog').at(-1)], [23, 'Windows Web Server 2008 R2 (64-bit)'])
    assert.deepEqual([items('jclouds-ecloud/catalog-ecloud').length, items('jclouds-ecloud/catalog-ecloud')[8]], [32, 'Sun Solaris 10 (x64)'])
    for (const [name, id] of [
      ['libcloud/api_v0_8_catalogItem_5', '5'],
      ['jclouds/catalogItem-terremark', '22'],
    ] as const) {
      const entity = childOf(recorded(name), 'Entity')
      assert.ok(entity)
      assert.deepEqual([hrefOf(entity), given(recorded(name), 'Property')], [`/api/v0.8/vAppTemplate/${id}`, '0'])
    }
    assert.equal(given(recorded('jclouds/vAppTemplate-trmk'), 'Description'), 'description of CentOS 5.3 (32-bit)')
  })

  test('of sizes, places, keys and tags hold plain values', () => {
    const small = { ProcessorCount: '1', Memory: '512', CostPerHour: '0.0390' }
    assert.deepEqual(values(recorded('jclouds/ComputeOption')), small)
    const options = childrenOf(recorded('jclouds/ComputeOptions'), 'ComputeOption')
    assert.deepEqual(options.map(values), [small, { ProcessorCount: '8', Memory: '16384', CostPerHour: '1.6100' }])
    const custom = { CustomizeNetwork: 'true', CustomizePassword: 'false', CustomizeSSH: 'false' }
    assert.deepEqual(values(recorded('jclouds/CustomizationParameters')), custom)
    const miami = { Code: 'MIA', Id: '1', Name: 'Terremark - Miami' }
    assert.deepEqual(values(recorded('jclouds/datacenter')), miami)
    assert.deepEqual(recorded('jclouds/datacenters').children.map(values), [miami, { Code: 'CUA', Id: '3670', Name: 'Terremark - Culpeper' }])
    assert.equal(textAt(recorded('jclouds/keysList'), 'Key', 'FingerPrint'), '4e:af:8a:9f:e9:d2:72:d7:4b:a0:da:98:72:98:4d:7d')
    const tags = recorded('jclouds-ecloud/deviceTags').children.map((tag) => [given(tag, 'Name'), given(tag, 'UsageCount')])
    assert.deepEqual(tags, [
      ['Tag1', '1'],
      ['Tag2', '5'],
      ['Tag3', '12'],
    ])
  })

  test('of networks hold addresses, or masked ones that are none', () => {
    const plain = recorded('jclouds/network-terremark')
    assert.deepEqual(values(childOf(plain, 'Configuration')), { Gateway: '10.122.209.129', Netmask: '255.255.255.240' })
    assert.equal(addressOf(given(plain, 'Configuration', 'Gateway')), '10.122.209.129')
    const masked = recorded('jclouds/TerremarkNetwork')
    assert.deepEqual([hrefOf(masked), given(masked, 'Name'), given(masked, 'Vlan')], ['/api/v0.8b-ext2.5/extensions/network/XXXXX', '10.X.X.0/27', '279'])
    for (const name of ['Name', 'RnatAddress', 'Address', 'BroadcastAddress', 'GatewayAddress']) assert.equal(addressOf(given(masked, name)), null, name)
  })

  test('of addresses in use name no machine where that is unset', () => {
    assert.deepEqual(recorded('jclouds/ipAddresses').children.map(values), [
      { Name: '10.114.34.131', Status: 'Assigned', Server: 'testforjcloud2' },
      { Name: '10.114.34.132', Status: 'Available', Server: null },
    ])
  })

  test('that are fragments with a prefix that nobody declared are read, and what is unset in them is unset', () => {
    const item = recorded('jclouds/item')
    assert.deepEqual(
      Object.entries(values(item) as object).filter(([, value]) => value !== null),
      [
        ['Address', '0'],
        ['Description', 'SCSI Controller'],
        ['ElementName', 'SCSI Controller 0'],
        ['InstanceID', '3'],
        ['ResourceSubType', 'lsilogic'],
        ['ResourceType', '6'],
      ],
    )
    assert.equal(item.children.length, 21)
    const system = recorded('jclouds/system')
    assert.deepEqual([given(system, 'VirtualSystemIdentifier'), given(system, 'VirtualSystemType'), given(system, 'Caption')], ['adriantest1', 'vmx-07', null])
  })

  test('number a disk 9 whatever its place, and no two items of one kind are mixed up', () => {
    for (const name of ['jclouds/vapp', 'jclouds/get_vapp', 'libcloud/api_v0_8_vapp_14031']) {
      assert.deepEqual(
        itemsOf(recorded(name), 'disk').map((disk) => given(disk, 'InstanceID')),
        ['9'],
      )
    }
    assert.equal(at(recorded('jclouds/vapp'), 'VirtualHardwareSection', 'Link')?.name, 'Link')
  })
})
