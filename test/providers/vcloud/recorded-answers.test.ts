// Every recorded answer of vCloud Director: that it is read, what it says, and that no secret in it gets out.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LifeboatError } from '../../../src/core/errors.ts'
import { childOf, childrenOf, textAt, type XmlElement } from '../../../src/io/xml.ts'
import { attribute, readAnswer } from '../../../src/providers/vcloud/answer.ts'
import { failureOf } from '../../../src/providers/vcloud/failures.ts'
import { markIn } from '../../../src/providers/vcloud/marks.ts'
import { recordsOf } from '../../../src/providers/vcloud/query.ts'
import { taskOf, type Task } from '../../../src/providers/vcloud/tasks.ts'
import { chosenVersion } from '../../../src/providers/vcloud/versions.ts'
import { absent, answer, nodesIn, recordings, textOf, vApp } from './recordings.ts'

/** Name of the root, the version in its namespace ('' when it declares none), its `name`, how many children it has. */
const roots: Readonly<Record<string, readonly [root: string, version: string, name: string | null, children: number]>> = {
  'jclouds/catalog': ['Catalog', 'v1', 'Miami Environment 1', 1],
  'jclouds/catalog-blank': ['Catalog', 'v1', 'Jclouds-private', 4],
  'jclouds/catalog-hosting': ['Catalog', 'v0.8', 'HMSCatalog', 3],
  'jclouds/catalog1.0-vcd15': ['Catalog', 'v1', 'jclouds', 4],
  'jclouds/catalogItem-carrenza-with-default-namespace': ['CatalogItem', 'v1', 'ubuntu10.10x64', 5],
  'jclouds/catalogItem-carrenza-with-vcloud-namespace': ['CatalogItem', 'v1', 'ubuntu10.10x64', 5],
  'jclouds/catalogItem-hosting': ['CatalogItem', 'v0.8', 'Windows 2008 Datacenter 64 Bit', 4],
  'jclouds/catalogItem-terremark': ['CatalogItem', 'v1', 'Windows Web Server 2008 R2 (64-bit)', 4],
  'jclouds/catalogItem1.0-vcd15': ['CatalogItem', 'v1', 'UbuntuServer-x64-2GB', 5],
  'jclouds/cpuItem': ['Item', 'v1', null, 7],
  'jclouds/guestCustomization': ['GuestCustomizationSection', '', null, 12],
  'jclouds/guestCustomizationSection': ['GuestCustomizationSection', 'v1', null, 2],
  'jclouds/instantiatedvapp': ['VApp', 'v1', 'vcds-a47', 5],
  'jclouds/memoryItem': ['Item', 'v1', null, 8],
  'jclouds/networkconnection': ['NetworkConnection', '', null, 5],
  'jclouds/networkconnectionsection': ['NetworkConnectionSection', '', null, 4],
  'jclouds/org': ['Org', 'v1', 'adrian@jclouds.org', 3],
  'jclouds/org-1.0': ['Org', '', 'ExampleOrg', 11],
  'jclouds/org-hosting': ['Org', 'v0.8', 'Customer 188849', 3],
  'jclouds/org-savvis': ['Org', 'v0.8', '607968.0', 2],
  'jclouds/org1.0-vcd15': ['Org', 'v1', 'jclouds', 8],
  'jclouds/orgList1.0-vcd15': ['OrgList', 'v1', null, 1],
  'jclouds/orglist': ['OrgList', 'v1', null, 1],
  'jclouds/orglist-savvis': ['OrgList', 'v0.8', null, 1],
  'jclouds/orgnetwork-bridged': ['OrgNetwork', 'v1', 'internet01', 3],
  'jclouds/orgnetwork-isolated': ['OrgNetwork', 'v1', 'isolation01', 3],
  // The prefix is not declared, so it stands for the namespace.
  'jclouds/os': ['OperatingSystemSection', 'ovf', null, 3],
  'jclouds/ovf-multi-vm': ['Envelope', '1', null, 6],
  'jclouds/ovf-ubuntu64': ['Envelope', '1', null, 6],
  'jclouds/task': ['Task', '', null, 2],
  'jclouds/task-1.0': ['Task', '', null, 1],
  'jclouds/task-error': ['Task', '', null, 3],
  'jclouds/task-hosting': ['Task', 'v0.8', null, 1],
  'jclouds/task-self': ['Task', 'v0.8', null, 1],
  'jclouds/task-vcd15': ['Task', 'v1', null, 2],
  'jclouds/taskslist': ['TasksList', 'v1', null, 2],
  'jclouds/taskslist-hosting': ['tasks', 'tasks', null, 1],
  'jclouds/template1.0-vcd15': ['VAppTemplate', 'v1', 'UbuntuServer-x64-2GB', 14],
  'jclouds/template1.0-vcd15-multi-vm': ['VAppTemplate', 'v1', 'Windows Server 2008 R2', 14],
  'jclouds/vAppTemplate': ['VAppTemplate', 'v1', 'Ubuntu Template', 13],
  'jclouds/vAppTemplate-copying': ['VAppTemplate', 'v1', 'Ubuntu10.04_v2', 6],
  'jclouds/vAppTemplate1.0-vcd15_withNewlines': ['VAppTemplate', 'v1', 'Windows 2008 R2 Standard (base) with SP1', 11],
  'jclouds/vapp-hosting': ['VApp', 'v0.8', '188849-96', 2],
  'jclouds/vapp-none': ['VApp', 'v1', 'customize-750', 16],
  'jclouds/vapp-pool': ['VApp', 'v1', 'my-appExample', 17],
  'jclouds/vapp-rhel-off-static': ['VApp', 'v1', 'vApp_acole_2', 14],
  'jclouds/vapp-ubuntu-off-dhcp': ['VApp', 'v1', 'vApp_acole_1', 14],
  'jclouds/vapp-unresolved': ['VApp', 'v1', 'vApp_acole_2', 3],
  'jclouds/vapp-win-off-static': ['VApp', 'v1', 'vApp_acole_4', 14],
  'jclouds/vdc': ['Vdc', 'v1', 'Miami Environment 1', 8],
  'jclouds/vdc-1.0': ['Vdc', 'v1', 'Jclouds-Commit-compG1xstorA01', 21],
  'jclouds/vdc-hosting': ['Vdc', 'v0.8', 'vDC Name', 7],
  'jclouds/vdc-nonet': ['Vdc', 'v0.8', 'DWPCloud', 5],
  'jclouds/vdc1.0-vcd15': ['Vdc', 'v1', 'orgVDC-jclouds-Tier1-PAYG', 19],
  'jclouds/versions': ['SupportedVersions', 'versions', null, 1],
  'jclouds/versions-vcd15': ['SupportedVersions', 'versions', null, 2],
  'jclouds/virtualhardwaresection': ['VirtualHardwareSection', 'ovf', null, 20],
  'jclouds/vm-rhel-off-static': ['Vm', 'v1', 'RHEL5', 15],
  'libcloud/api_admin_group_b8202c48_7151_4e61_9a6c_155474c7d413': ['Group', 'v1.5', 'MyGroup', 6],
  'libcloud/api_catalogItem_3132e037_759b_4627_9056_ca66466fa607': ['CatalogItem', 'v1.5', 'VMMasterTemplate', 5],
  'libcloud/api_catalog_cddb3cb2_3394_4b14_b831_11fbc4028da4': ['Catalog', 'v1.5', 'Dev', 5],
  'libcloud/api_network_dca8b667_6c8f_4c3e_be57_7a9425dba4f4': ['OrgNetwork', 'v1.5', 'vCloud - Default', 5],
  'libcloud/api_org': ['OrgList', 'v1.5', null, 1],
  'libcloud/api_org_96726c78_4ae3_402f_b08b_7a78c6903d2a': ['Org', 'v1.5', 'MyOrg', 9],
  'libcloud/api_query_group': ['QueryResultRecords', 'v1.5', 'group', 3],
  'libcloud/api_query_user': ['QueryResultRecords', 'v1.5', 'user', 3],
  'libcloud/api_query_vm': ['QueryResultRecords', 'v1.5', 'vm', 3],
  'libcloud/api_sessions': ['Session', 'v1.5', null, 4],
  'libcloud/api_task_2518935e_b315_4d8e_9e99_9275f751877c': ['Task', 'v1.5', 'task', 5],
  'libcloud/api_task_b034df55_fe81_4798_bc81_1f0fd0ead450': ['Task', 'v1.5', 'task', 4],
  'libcloud/api_task_deploy': ['Task', 'v1.5', 'task', 4],
  'libcloud/api_task_fab4b26f_4f2e_4d49_ad01_ae9324bbfe48': ['Task', 'v1.5', 'task', 5],
  'libcloud/api_task_fe75d3af_f5a3_44a5_b016_ae0bdadfc32b': ['Task', 'v1.5', 'task', 5],
  'libcloud/api_task_undeploy': ['Task', 'v1.5', 'task', 4],
  'libcloud/api_task_undeploy_error': ['Task', 'v1.5', 'task', 4],
  'libcloud/api_task_undeploy_power_off': ['Task', 'v1.5', 'task', 4],
  'libcloud/api_vApp_undeployTest': ['VApp', 'v1.5', 'undeployTest', 20],
  [vApp('ef6a')]: ['VApp', 'v1.5', 'testNode', 22],
  [vApp('ef6a_controlAccess')]: ['ControlAccessParams', 'v1.5', null, 3],
  [vApp('ef6a_power_action_all')]: ['Task', 'v1.5', 'task', 4],
  [vApp('ef6a_power_action_powerOn')]: ['Task', 'v1.5', 'task', 4],
  [vApp('ef6a_power_action_reset')]: ['Task', 'v1.5', 'task', 4],
  [vApp('ef6b')]: ['VApp', 'v1.5', 'testNode2', 22],
  [vApp('ef6b_create_snapshot')]: ['Task', 'v1.5', 'task', 5],
  [vApp('ef6b_remove_snapshots')]: ['Task', 'v1.5', 'task', 5],
  [vApp('ef6b_revert_snapshot')]: ['Task', 'v1.5', 'task', 5],
  [vApp('ef6c')]: ['VApp', 'v1.5', 'testNode3', 22],
  [vApp('ef6d')]: ['VApp', 'v1.5', 'testNode3', 22],
  'libcloud/api_vApp_vapp_access_to_resource_forbidden': ['Error', 'v1.5', null, 0],
  'libcloud/api_vApp_vm_test': ['Vm', 'v1.5', 'testVm', 23],
  'libcloud/api_vapp_get_metadata': ['Metadata', 'v1.5', null, 3],
  'libcloud/api_vapp_post_metadata': ['Task', 'v1.5', 'task', 4],
  'libcloud/api_vdc_3d9ae28c_1de9_4307_8107_9356ff8ba6d0': ['Vdc', 'v1.5', 'MyVdc', 20],
  'libcloud/api_vdc_3d9ae28c_1de9_4307_8107_9356ff8ba6d0_action_cloneVApp': ['VApp', 'v1.5', 'testClone', 6],
  'libcloud/api_vdc_3d9ae28c_1de9_4307_8107_9356ff8ba6d0_action_instantiateVAppTemplate': ['VApp', 'v1.5', 'testNode', 9],
  'libcloud/api_vdc_brokenVdc': ['Vdc', 'v1.5', 'MyVdc', 20],
  'libcloud/get_api_vApp_vm_dd75d1d3_5b7b_48f0_aff3_69622ab7e045_guestCustomizationSection': ['GuestCustomizationSection', 'v1.5', null, 12],
  'libcloud/get_api_vApp_vm_test_virtualHardwareSection_cpu': ['Item', 'v1.5', null, 9],
  'libcloud/get_api_vApp_vm_test_virtualHardwareSection_disks': ['RasdItemsList', 'v1.5', null, 7],
  'libcloud/get_api_vApp_vm_test_virtualHardwareSection_memory': ['Item', 'v1.5', null, 9],
  'libcloud/put_api_vApp_vm_dd75d1d3_5b7b_48f0_aff3_69622ab7e045_guestCustomizationSection': ['Task', 'v1.5', 'task', 4],
  'libcloud/put_api_vApp_vm_test_virtualHardwareSection_cpu': ['Task', 'v1.5', 'task', 4],
  'libcloud/put_api_vApp_vm_test_virtualHardwareSection_disks': ['Task', 'v1.5', 'task', 4],
  'libcloud/put_api_vApp_vm_test_virtualHardwareSection_memory': ['Task', 'v1.5', 'task', 4],
}

const running: readonly (readonly [name: string, operation: RegExp])[] = [
  ['jclouds/task-1.0', /^Creating Virtual Application vApp_acole_2/],
  ['jclouds/task-self', /^a task without a name$/],
  ['jclouds/task-vcd15', /^Updating Virtual Machine UbuntuServer-x64-2GB/],
  [vApp('ef6a_power_action_all'), /^Power On/],
  [vApp('ef6a_power_action_powerOn'), /^Starting Virtual Application testNode/],
  [vApp('ef6a_power_action_reset'), /^Reset Virtual Application/],
  [vApp('ef6b_create_snapshot'), /^Creating Snapshot/],
  [vApp('ef6b_remove_snapshots'), /^Removing Snapshot/],
  ['libcloud/api_vapp_post_metadata', /^Updating metadata/],
  ['libcloud/put_api_vApp_vm_dd75d1d3_5b7b_48f0_aff3_69622ab7e045_guestCustomizationSection', /^Updating Virtual Machine ScrumVM_Master/],
  ['libcloud/put_api_vApp_vm_test_virtualHardwareSection_cpu', /^Updating Virtual Machine testVm/],
  ['libcloud/put_api_vApp_vm_test_virtualHardwareSection_disks', /^Updating Virtual Machine testVm/],
  ['libcloud/put_api_vApp_vm_test_virtualHardwareSection_memory', /^Updating Virtual Machine testVm/],
]

const done = [
  'jclouds/task',
  'jclouds/task-hosting',
  vApp('ef6b_revert_snapshot'),
  'libcloud/api_task_2518935e_b315_4d8e_9e99_9275f751877c',
  'libcloud/api_task_b034df55_fe81_4798_bc81_1f0fd0ead450',
  'libcloud/api_task_deploy',
  'libcloud/api_task_fab4b26f_4f2e_4d49_ad01_ae9324bbfe48',
  'libcloud/api_task_fe75d3af_f5a3_44a5_b016_ae0bdadfc32b',
  'libcloud/api_task_undeploy',
  'libcloud/api_task_undeploy_power_off',
]

function task(name: string): Task {
  return taskOf(answer(name))
}

describe('recorded answers', { skip: absent }, () => {
  test('every one is read, whatever it calls its namespace', () => {
    for (const name of recordings()) {
      const root = answer(name)
      const version = root.namespace.split('/').at(-1)
      assert.deepEqual([root.name, version, attribute(root, 'name'), root.children.length], roots[name], name)
    }
    assert.equal(recordings().length, 104)
  })

  test('the newest version of the API is chosen among those that it knows', () => {
    assert.equal(chosenVersion(answer('jclouds/versions-vcd15'), 'It'), '1.5')
    assert.throws(() => chosenVersion(answer('jclouds/versions'), 'It'), /^LifeboatError: It speaks 0\.8 of the vCloud API; Lifeboat speaks 1\.5 to 39\.$/)
  })

  test('tasks run, are done, or failed with a reason on one line', () => {
    for (const [name, operation] of running) {
      assert.equal(task(name).state, 'running', name)
      assert.match(task(name).operation, operation)
    }
    for (const name of done) assert.equal(task(name).state, 'done', name)
    const undeploy = task('libcloud/api_task_undeploy_error')
    assert.equal(undeploy.state, 'failed')
    assert.match(undeploy.error ?? '', /^Error in powering off or suspending virtual machines\. .*required VM tools were found unavailable/)
    assert.deepEqual(task('jclouds/task-error').error, 'Error processing job')
  })

  test('the year 9999 is no end', () => {
    const [inside] = childrenOf(childOf(answer('jclouds/vapp-unresolved'), 'Tasks'), 'Task')
    assert.ok(inside)
    assert.match(attribute(inside, 'endTime') ?? '', /^9999-/)
    const told = (status: string, more: readonly [string, string][] = []): Task =>
      taskOf({ ...inside, attributes: new Map([...inside.attributes, ['status', status], ...more]) })
    assert.equal(told('running').state, 'running')
    // A status of a later version says nothing; then the end does.
    assert.equal(told('some new word').state, 'running')
    assert.equal(told('some new word', [['endTime', '2012-07-11T20:37:49Z']]).state, 'failed')
  })

  test('an entity that is listed but forbidden is a refusal that quotes the server', () => {
    const name = 'libcloud/api_vApp_vapp_access_to_resource_forbidden'
    const failure = failureOf({ status: 403, headers: new Map(), cookies: [], pieces: [], text: textOf(name) }, 'It', 'show vapp-errorRaiser')
    assert.equal(failure.code, 'source-refused')
    assert.match(failure.message, /^It does not let this account show vapp-errorRaiser, or it is not there any more \(No access to entity ".*474bdb3d.*"\)\.$/)
    const listed = childrenOf(childOf(answer('libcloud/api_vdc_brokenVdc'), 'ResourceEntities'), 'ResourceEntity')
    assert.ok(listed.some((entity) => attribute(entity, 'href')?.endsWith('/vapp-errorRaiser')))
  })

  test('queries of other things hold no machines', () => {
    assert.equal(recordsOf(answer('libcloud/api_query_vm')).length, 1)
    for (const name of ['libcloud/api_query_group', 'libcloud/api_query_user']) assert.deepEqual(recordsOf(answer(name)), [])
  })

  test('metadata of version 1.5 have no types', () => {
    assert.equal(markIn(answer('libcloud/api_vapp_get_metadata'), 'owners'), 'msamia@netsuite.com')
    assert.equal(markIn(answer('libcloud/api_vapp_get_metadata'), 'owner'), null)
  })

  test('the same answer with default and with prefixed namespace reads alike', () => {
    const shape = ({ name, namespace, attributes, children, text }: XmlElement): unknown => [name, namespace, [...attributes], text.trim(), children.map(shape)]
    const [plain, prefixed] = (['default', 'vcloud'] as const).map((how) => shape(answer(`jclouds/catalogItem-carrenza-with-${how}-namespace`)))
    assert.deepEqual(plain, prefixed)
  })

  test('fragments whose prefixes nobody declared are read as far as they go', () => {
    assert.equal(attribute(answer('jclouds/os'), 'osType'), 'rhel5_64Guest')
    assert.equal(textAt(answer('jclouds/guestCustomization'), 'ComputerName'), 'RHEL5')
    const [connection] = childrenOf(answer('jclouds/networkconnectionsection'), 'NetworkConnection')
    assert.equal(textAt(connection, 'IpAddress'), '174.47.101.164')
    assert.equal(childrenOf(answer('jclouds/virtualhardwaresection'), 'Item').length, 8)
  })
})

/** Passwords and lines of scripts as they stand in a file, found without the parser. */
function secretsIn(text: string): string[] {
  const passwords = [...text.matchAll(/AdminPassword>([^<]+)</g), ...text.matchAll(/value="([^"]*)"\s+[\w:]*key="vCloud_adminPassword"/g)]
  const scripts = [...text.matchAll(/CustomizationScript>([^<]+)</g)].flatMap(([, script = '']) => script.split('\n'))
  return [...passwords.map(([, password = '']) => password), ...scripts].map((secret) => secret.trim()).filter((secret) => secret.length > 3)
}

/** All that a machine, a tree or a failure could show, as text. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Map ? [...inner] : inner))
}

describe('secrets in recorded answers', { skip: absent }, () => {
  test('no password and no line of a script is left in what is read, derived or complained about', () => {
    const holding: string[] = []
    for (const name of recordings()) {
      const text = textOf(name)
      const secrets = secretsIn(text)
      if (secrets.length > 0) holding.push(name)
      const root = answer(name)
      const failures = [
        failureOf({ status: 500, headers: new Map(), cookies: [], pieces: [], text }, 'It', 'try').message,
        ...[0.3, 0.6, 0.9].map((part) => complaint(text.slice(0, text.length * part))),
      ]
      for (const secret of secrets) {
        for (const out of [shown(root), shown(nodesIn(root)), ...failures]) {
          assert.ok(!out.includes(JSON.stringify(secret).slice(1, -1)), `${name} shows ${secret}`)
        }
      }
    }
    // 12 files hold a password, and 4 more a script only.
    assert.equal(holding.length, 16)
  })
})

function complaint(text: string): string {
  try {
    readAnswer(text, 'It')
    return ''
  } catch (error) {
    assert.ok(error instanceof LifeboatError)
    return error.message
  }
}
