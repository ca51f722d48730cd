// Machines in recorded answers of vCloud Director 0.8 to 1.5; the expected values were read from the XML by hand.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nodeSchema, type Node } from '../../../src/core/node.ts'
import { recordsOf } from '../../../src/providers/vcloud/query.ts'
import { absent, answer, nodes, recordings, vApp } from './recordings.ts'

const rhel5 = { family: 'linux', id: 'rhel5_64Guest', name: 'Red Hat Enterprise Linux 5 (64-bit)' } as const

/** What the first recordings have in common: a machine with one disk and one card, whose Tools do not say whether they run. */
const plain: Node = {
  id: 'vm-dd75d1d3-5b7b-48f0-aff3-69622ab7e045',
  name: 'testVm',
  path: '/testNode/testVm',
  power: 'on',
  template: false,
  cpus: 2,
  memoryMiB: 4096,
  disks: [{ label: 'Hard disk 1', sizeMiB: 61440, usedMiB: null }],
  nics: [{ mac: '00:50:56:01:00:99', network: 'vCloud - Default', connected: true, addresses: ['65.41.67.2'] }],
  os: rhel5,
  hostname: 'mgalet-test2',
  addresses: ['65.41.67.2'],
  firmware: null,
  tools: 'unknown',
  snapshots: null,
  labels: { owner: 'mgalet' },
  hazards: [],
  unknown: ['disks.usedMiB', 'firmware', 'snapshots', 'tools'],
}

function only(name: string): Node {
  const [node, ...others] = nodes(name)
  assert.ok(node)
  assert.equal(others.length, 0)
  return node
}

function codes({ hazards }: Node): string[] {
  return hazards.map(({ code }) => code)
}

describe('recorded machines', { skip: absent }, () => {
  test('one that is on; its name, its own name and its vApp have nothing in common', () => {
    assert.deepEqual(only(vApp('ef6a')), plain)
  })

  test('one that is off and not deployed; Tools that are there do not run', () => {
    const node = only('libcloud/api_vApp_undeployTest')
    assert.deepEqual(node, {
      ...plain,
      name: 'mgalet-test2',
      path: '/undeployTest/mgalet-test2',
      power: 'off',
      tools: 'stopped',
      unknown: ['disks.usedMiB', 'firmware', 'snapshots'],
    })
  })

  test('two descriptions of a network card that contradict each other are told, and the network section counts', () => {
    const text =
      'The hardware section and the network section (which counts here) contradict each other: ' +
      'mac 00:50:56:01:00:99 or 00:50:56:01:00:d9; network vCloud - Default or mgalet-test-network; address 65.41.67.2 or 192.168.0.100.'
    for (const end of ['ef6b', 'ef6c', 'ef6d']) {
      const node = only(vApp(end))
      assert.deepEqual(
        node.hazards.find(({ code }) => code === 'nic-sections-differ'),
        { code: 'nic-sections-differ', severity: 'warning', text },
      )
      assert.deepEqual(node.nics, [
        { mac: '00:50:56:01:00:d9', network: 'mgalet-test-network', connected: true, addresses: ['192.168.0.100', '192.168.0.103'] },
      ])
      // The address that the edge translates is the one that leads there from outside.
      assert.deepEqual(node.addresses, ['192.168.0.103', '192.168.0.100'])
    }
  })

  test('a machine without a section for its system has none, until the list of machines says one', () => {
    for (const end of ['ef6c', 'ef6d']) {
      const node = only(vApp(end))
      assert.deepEqual(node.os, { family: 'unknown', id: null, name: null })
      assert.ok(['os.family', 'os.id', 'os.name'].every((field) => node.unknown.includes(field)))
      assert.ok(codes(node).includes('guest-unknown'))
    }
    const [record = null] = recordsOf(answer('libcloud/api_query_vm'))
    assert.deepEqual(nodes(vApp('ef6c'), record)[0]?.os, { family: 'windows', id: null, name: 'Microsoft Windows 10 (64-bit)' })
  })

  test('the same machine name stands in three vApps', () => {
    assert.deepEqual(
      ['ef6b', 'ef6c', 'ef6d'].map((end) => [only(vApp(end)).name, only(vApp(end)).path]),
      [
        ['testVm2', '/testNode2/testVm2'],
        ['testVm2', '/testNode3/testVm2'],
        ['testVm2', '/testNode3/testVm2'],
      ],
    )
  })

  test('leases that end are told: one day of runtime, two of storage', () => {
    assert.deepEqual(
      only(vApp('ef6d')).hazards.find(({ code }) => code === 'lease'),
      { code: 'lease', severity: 'warning', text: 'Its vApp has leases, and is stopped or removed when they end: runtime 1 d; storage 2 d.' },
    )
    assert.ok(!codes(only(vApp('ef6c'))).includes('lease'))
  })

  test('a list that contradicts the machine itself is told and not believed', () => {
    const [record = null] = recordsOf(answer('libcloud/api_query_vm'))
    assert.deepEqual(record, {
      id: 'vm-dd75d1d3-5b7b-48f0-aff3-69622ab7e046',
      name: 'testVm2',
      container: 'vapp-8c57a5b6-e61b-48ca-8a78-3b70ee65ef6b',
      containerName: 'testNode2',
      vdcName: null,
      isTemplate: false,
      isDeleted: false,
      power: 'off',
      configuredOs: 'Microsoft Windows 10 (64-bit)',
      detectedOs: null,
      toolsVersion: '12345',
    })
    const [node] = nodes(vApp('ef6b'), record)
    assert.deepEqual([node?.power, node?.os], ['on', rhel5])
    assert.deepEqual(node && codes(node), ['nic-sections-differ', 'nat', 'guest-differs', 'power-differs'])
  })

  test('one by itself, with four disks of which two have the same size', () => {
    const node = only('libcloud/api_vApp_vm_test')
    assert.deepEqual(
      node.disks.map(({ label, sizeMiB }) => [label, sizeMiB]),
      [
        ['Hard disk 1', 61440],
        ['Hard disk 2', 16384],
        ['Hard disk 3', 16384],
        ['Hard disk 4', 30720],
      ],
    )
    assert.deepEqual([node.id, node.hostname, node.path, node.addresses], ['vm-test', 'ScrumVMMast-001', null, ['65.33.65.9']])
    assert.ok(node.unknown.includes('path'))
  })

  test('a vApp that is still being made has no machines', () => {
    for (const name of ['jclouds/vapp-unresolved', 'jclouds/instantiatedvapp', 'libcloud/api_vdc_3d9ae28c_1de9_4307_8107_9356ff8ba6d0_action_cloneVApp']) {
      assert.deepEqual(nodes(name), [], name)
    }
  })

  test('off and with DHCP: no address at all', () => {
    const node = only('jclouds/vapp-ubuntu-off-dhcp')
    assert.deepEqual([node.id, node.name, node.power, node.cpus, node.memoryMiB], ['vm-2093098975', 'Ubuntu1004', 'off', 1, 512])
    assert.deepEqual(node.nics, [{ mac: '00:50:56:01:01:f1', network: 'internet01', connected: true, addresses: [] }])
    assert.deepEqual([node.addresses, node.unknown], [[], ['addresses', 'disks.usedMiB', 'firmware', 'snapshots', 'tools']])
    assert.deepEqual(node.disks, [{ label: 'Hard disk 1', sizeMiB: 30720, usedMiB: null }])
  })

  test('off and with an address from the pool: it stays its own', () => {
    const node = only('jclouds/vapp-rhel-off-static')
    assert.deepEqual([node.id, node.name, node.power, node.cpus, node.memoryMiB], ['vm-2087535248', 'RHEL5', 'off', 1, 384])
    assert.deepEqual(node.nics, [{ mac: '00:50:56:01:01:f2', network: 'internet01', connected: true, addresses: ['174.47.101.164'] }])
    assert.deepEqual([node.addresses, node.os, node.hostname], [['174.47.101.164'], rhel5, 'RHEL5'])
    const alone = only('jclouds/vm-rhel-off-static')
    assert.deepEqual({ ...alone, path: node.path, unknown: node.unknown }, node)
  })

  test('a card of the network "none" is one, not connected and without an address', () => {
    const node = only('jclouds/vapp-none')
    assert.deepEqual(node.nics, [{ mac: '00:50:56:01:02:38', network: 'none', connected: false, addresses: [] }])
    assert.deepEqual([node.name, node.power, node.cpus, node.memoryMiB, node.disks[0]?.sizeMiB], ['Centos-5.5_x64', 'on', 1, 2048, 15360])
    // 7776000 s
    assert.match(node.hazards.find(({ code }) => code === 'lease')?.text ?? '', /: storage 90 d\.$/)
  })

  test('two machines of different owners may have the same MAC', () => {
    const [pool, win] = [only('jclouds/vapp-pool'), only('jclouds/vapp-win-off-static')]
    assert.deepEqual(pool.nics, [{ mac: '00:50:56:01:02:33', network: 'Direct', connected: true, addresses: ['172.16.7.230'] }])
    assert.deepEqual(win.nics, [{ mac: '00:50:56:01:02:33', network: 'internet01', connected: true, addresses: ['174.47.101.165'] }])
    assert.deepEqual([pool.id, win.id, win.os.family, win.memoryMiB, win.disks[0]?.sizeMiB], ['vm-1', 'vm-904484461', 'windows', 4096, 40960])
  })

  test('version 0.8: the vApp is the machine, its disk is in KiB without a unit, and status 2 says nothing of its power', () => {
    assert.deepEqual(only('jclouds/vapp-hosting'), {
      id: '188849-96',
      name: '188849-96',
      path: '/188849-96/188849-96',
      power: 'unknown',
      template: false,
      cpus: 1,
      memoryMiB: 512,
      disks: [{ label: 'Hard Disk 1', sizeMiB: 20480, usedMiB: null }],
      nics: [{ mac: null, network: 'Network 1', connected: null, addresses: ['204.12.11.167'] }],
      os: { family: 'unknown', id: null, name: null },
      hostname: null,
      addresses: ['204.12.11.167'],
      firmware: null,
      tools: 'unknown',
      snapshots: null,
      labels: {},
      hazards: [{ code: 'guest-unknown', severity: 'warning', text: 'Its operating system is not known (nothing is given).' }],
      unknown: ['disks.usedMiB', 'firmware', 'hostname', 'nics.connected', 'nics.mac', 'os.family', 'os.id', 'os.name', 'power', 'snapshots', 'tools'],
    })
  })

  test('templates say that they are, and of their machines little more than a card', () => {
    const node = only('jclouds/vAppTemplate1.0-vcd15_withNewlines')
    assert.deepEqual([node.id, node.template, node.power, node.cpus, node.disks], ['vm-2ac49c8b-5cd9-428d-86da-24cfe9144b94', true, 'unknown', null, []])
    assert.deepEqual(node.nics, [{ mac: '00:50:56:01:0d:3c', network: 'StratoGen Ext Net', connected: true, addresses: ['212.54.128.56'] }])
    assert.deepEqual([node.name, node.hostname], ['Windows 2008 R2 Standard (Base) with SP1', 'Win2008r2Stand'])
    const others: [string, string, string | null, string | null][] = [
      ['jclouds/vAppTemplate', 'vm-172837194', '00:50:56:8c:00:13', 'Ubuntu1004'],
      ['jclouds/template1.0-vcd15', 'vm-3aee3d0d-106a-4c63-8529-1edde335b212', '00:50:56:01:02:9f', 'UbuntuServer'],
      ['jclouds/template1.0-vcd15-multi-vm', 'vm-24fc1b05-10f7-423e-a644-fd3368f9d0cd', '00:50:56:b5:09:dc', 'WindowsServ-001'],
    ]
    for (const [name, id, mac, hostname] of others) {
      const template = only(name)
      assert.deepEqual([template.id, template.template, template.nics[0]?.mac, template.hostname], [id, true, mac, hostname])
    }
    assert.deepEqual(nodes('jclouds/vAppTemplate-copying'), [])
  })

  test('every machine in every recording has the agreed shape and names what it does not know', () => {
    let found = 0
    for (const name of recordings()) {
      for (const node of nodes(name)) {
        assert.deepEqual(nodeSchema.parse(node), node, name)
        for (const [field, value] of Object.entries(node)) if (value === null) assert.ok(node.unknown.includes(field), `${name}: ${field}`)
        found += 1
      }
    }
    // In each origin five of vApps and one by itself; one of version 0.8, four of templates.
    assert.equal(found, 17)
  })
})
