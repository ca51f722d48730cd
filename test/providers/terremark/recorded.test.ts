// Answers of vCloud Express and eCloud, recorded by others; the expected values were worked out from them by hand.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nodeSchema, type Node } from '../../../src/core/node.ts'
import { childrenOf } from '../../../src/io/xml.ts'
import { nodeOf } from '../../../src/providers/terremark/derive.ts'
import { dataCentreOf } from '../../../src/providers/terremark/inventory.ts'
import { attribute, given, hrefOf, linksOf } from '../../../src/providers/terremark/elements.ts'
import { internetServicesOf, publicAddressesOf, serviceNodesOf } from '../../../src/providers/terremark/services.ts'
import { taskOf } from '../../../src/providers/terremark/tasks.ts'
import { absent, recorded } from './recorded-files.ts'

function node(name: string, id: string): Node {
  const made = nodeOf({ id, name: null, path: `/api/v0.8/vapp/${id}`, place: [] }, recorded(name), [])
  assert.deepEqual(nodeSchema.parse(made), made)
  return made
}

/** What no answer of the service gives. */
const never = ['disks.usedMiB', 'firmware', 'hostname', 'nics.connected', 'nics.mac', 'os.id', 'path', 'snapshots', 'tools']
const common = { path: null, template: false, hostname: null, firmware: null, tools: 'unknown', snapshots: null, labels: {}, hints: [] } as const

describe('a recorded vApp', { skip: absent }, () => {
  test('that runs is a node; its disk is 10485760 KiB without a unit, and both recordings of it are equal', () => {
    const expected = {
      ...common,
      id: '14031',
      name: 'testerpart2',
      power: 'on',
      cpus: 2,
      memoryMiB: 512,
      disks: [{ label: 'Hard Disk 1', sizeMiB: 10240, usedMiB: null }],
      nics: [{ mac: null, network: 'Internal', connected: null, addresses: ['10.112.78.69'] }],
      os: { family: 'linux', id: null, name: 'Red Hat Enterprise Linux 5 (32-bit)' },
      addresses: ['10.112.78.69'],
      hazards: [],
      unknown: never,
    }
    assert.deepEqual(node('libcloud/api_v0_8_vapp_14031', '14031'), expected)
    assert.deepEqual(node('libcloud/api_v0_8_vapp_14031_get', '14031'), expected)
  })

  test('with status 2 is off, which is not the 8 of vCloud Director', () => {
    assert.deepEqual(node('jclouds/get_vapp', '16238'), {
      ...common,
      id: '16238',
      name: 'centos-53',
      power: 'off',
      cpus: 1,
      memoryMiB: 512,
      disks: [{ label: 'Hard Disk 1', sizeMiB: 10240, usedMiB: null }],
      nics: [{ mac: null, network: 'Internal', connected: null, addresses: ['10.114.34.132'] }],
      os: { family: 'linux', id: null, name: 'Red Hat Enterprise Linux 5 (64-bit)' },
      addresses: ['10.114.34.132'],
      hazards: [],
      unknown: never,
    })
  })

  test('with 16 MB of memory, a disk of 104857 and two different networks keeps what it says, and is warned of', () => {
    const made = node('jclouds/vapp', '10')
    assert.deepEqual([made.name, made.power, made.cpus, made.memoryMiB], ['centos53', 'on', 1, 16])
    // 104857 KiB = 107373568 bytes = 102.4 MiB
    assert.deepEqual(made.disks, [{ label: 'Hard Disk 1', sizeMiB: 103, usedMiB: null }])
    assert.deepEqual(made.nics, [{ mac: null, network: 'Public Network', connected: true, addresses: ['10.150.4.93'] }])
    assert.deepEqual(made.os, { family: 'linux', id: null, name: 'Other Linux (32-bit)' })
    assert.deepEqual(
      made.hazards.map(({ code, severity }) => [code, severity]),
      [
        ['disk-size-odd', 'warning'],
        ['network-differs', 'info'],
      ],
    )
    assert.match(made.hazards[0]?.text ?? '', /107373568 bytes/)
    assert.match(made.hazards[1]?.text ?? '', /"Public Network" by its connection, and in "Internal" by its hardware/)
  })

  test('that was only ordered has no hardware and no network, and says so', () => {
    const unknown = [
      'addresses',
      'cpus',
      'disks',
      'firmware',
      'hostname',
      'memoryMiB',
      'nics',
      'os.family',
      'os.id',
      'os.name',
      'path',
      'power',
      'snapshots',
      'tools',
    ]
    for (const [name, expected] of [
      ['jclouds/launched_vapp', 'adriantest'],
      ['jclouds/instantiatedvapp', 'centos53'],
      ['libcloud/api_v0_8_vdc_224_action_instantiateVAppTemplate', 'testerpart2'],
    ] as const) {
      const made = node(name, '1')
      assert.deepEqual([made.name, made.power, made.cpus, made.memoryMiB, made.disks, made.nics, made.addresses], [expected, 'unknown', null, null, [], [], []])
      assert.deepEqual(made.unknown, unknown)
      assert.deepEqual(
        made.hazards.map(({ code }) => code),
        ['not-ready'],
      )
    }
  })

  test('in the form of eCloud has a MAC, a subnet and a compute pool, and neither status nor hardware', () => {
    const root = recorded('jclouds/vapp-ext')
    assert.equal(hrefOf(root), '/api/v0.8b-ext2.8/extensions/vapp/392992')
    assert.equal(given(root, 'LongName'), null)
    const made = node('jclouds/vapp-ext', '392992')
    assert.deepEqual([made.id, made.name, made.power, made.cpus, made.disks], ['392992', 'instance01', 'unknown', null, []])
    assert.deepEqual(made.nics, [{ mac: '00:50:56:95:12:96', network: '10.122.213.192/27', connected: null, addresses: [] }])
    assert.deepEqual(made.labels, { computePool: 'Resource Pool 692' })
    for (const field of ['addresses', 'cpus', 'disks', 'memoryMiB', 'nics.connected', 'power']) assert.ok(made.unknown.includes(field), field)
    assert.ok(!made.unknown.includes('nics') && !made.unknown.includes('nics.mac'))
  })
})

describe('a recorded data centre', { skip: absent }, () => {
  const names = (file: string): unknown => {
    const { vapps } = dataCentreOf({ path: '/api/v0.8/vdc/1', name: null }, [recorded(file)], 'an org')
    return vapps.map(({ id, name, path, place }) => [id, name, path, place.join('/')])
  }

  test('lists its vApps, in either namespace', () => {
    assert.deepEqual(names('libcloud/api_v0_8_vdc_224'), [['14031', 'testerpart2', '/api/v0.8/vapp/14031', 'an org/Miami Environment 1']])
    assert.deepEqual(names('jclouds/vdc'), [
      ['15124', 'adriantest', '/api/v0.8/vapp/15124', 'an org/Miami Environment 1'],
      ['15120', 'centos-53', '/api/v0.8/vapp/15120', 'an org/Miami Environment 1'],
    ])
  })

  test('of the older kind lists templates among its vApps, which are left out', () => {
    assert.deepEqual(names('jclouds/vdc-nonet'), [
      ['7', 'OracleRAC', '/api/v0.8/vApp/7', 'an org/DWPCloud'],
      ['4', 'Oracle', '/api/v0.8/vApp/4', 'an org/DWPCloud'],
    ])
  })

  test('links to public addresses and internet services', () => {
    const paths = linksOf(recorded('jclouds/vdc')).map(({ path }) => path)
    assert.deepEqual(paths, ['/api/v0.8/vdc/32/catalog', '/api/v0.8/vdc/32/publicIps', '/api/v0.8/vdc/32/internetServices'])
  })
})

describe('a recorded internet service', { skip: absent }, () => {
  const service = {
    id: '524',
    path: '/api/v0.8/InternetServices/524',
    name: 'IS_for_Jim2',
    publicAddress: '10.1.22.159',
    port: 45,
    protocol: 'HTTP',
    enabled: false,
  }

  test('alone and in a list is the same, although its addresses end in line breaks', () => {
    assert.deepEqual(internetServicesOf(recorded('jclouds/InternetService2')), [service])
    assert.deepEqual(internetServicesOf(recorded('jclouds/InternetServices')), [service])
  })

  test('has no address of its own where that is unset, even with a misspelt namespace for it', () => {
    assert.deepEqual(internetServicesOf(recorded('jclouds/InternetService')), [{ ...service, id: '523', path: null, name: 'IS_for_Jim', port: 80 }])
  })

  test('has machines behind it', () => {
    const behind = [{ name: 'Node for Jim', address: '172.16.20.3', port: 80, enabled: false }]
    assert.deepEqual(serviceNodesOf(recorded('jclouds/NodeService')), behind)
    assert.deepEqual(serviceNodesOf(recorded('jclouds/NodeServices')), behind)
    assert.equal(hrefOf(recorded('jclouds/NodeService')), '/api/v0.8/NodeServices/242')
  })

  test('is reached at public addresses, in both spellings', () => {
    assert.deepEqual(publicAddressesOf(recorded('jclouds/PublicIpAddress')), [{ id: '8720', address: '204.51.112.91' }])
    assert.deepEqual(publicAddressesOf(recorded('jclouds/PublicIpAddresses')), [
      { id: '8720', address: '204.51.112.91' },
      { id: '14965', address: '204.51.114.79' },
    ])
  })
})

describe('a recorded task', { skip: absent }, () => {
  test('has its state, its place and what went wrong', () => {
    const task = (status: string, id: string): unknown => ({ status, path: `/api/v0.8/task/${id}`, message: null })
    for (const [name, expected] of [
      ['libcloud/api_v0_8_task_10496', task('success', '10496')],
      ['libcloud/api_v0_8_task_11001', task('success', '11001')],
      ['libcloud/api_v0_8_vapp_14031_power_action_powerOn', task('queued', '10499')],
      ['libcloud/api_v0_8_vapp_14031_power_action_poweroff', task('queued', '11001')],
      ['libcloud/api_v0_8_vapp_14031_power_action_reset', task('queued', '10555')],
      ['libcloud/api_v0_8_vapp_14031_action_deploy', task('queued', '10496')],
      ['jclouds/task', task('success', '3299')],
      ['jclouds/task-self', task('queued', 'd188849-78')],
      ['jclouds/task-error', { status: 'error', path: '/api/v0.8/task/23', message: 'Error processing job' }],
    ] as const) {
      assert.deepEqual(taskOf(recorded(name)), expected, name)
    }
    const list = childrenOf(recorded('jclouds/taskslist'), 'Task').map(taskOf)
    assert.deepEqual(list, [task('success', '3300'), task('success', '3299')])
    assert.equal(attribute(recorded('jclouds/taskslist'), 'href'), 'https://services.vcloudexpress.terremark.com/api/v0.8/tasksList/1')
  })
})
