// Answers of real vCenters (5.5 to 8.0.3), recorded by others; the expected values were worked out from them by hand.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { Secret } from '../../../src/core/secret.ts'
import { openHttp } from '../../../src/io/http.ts'
import { at, childOf, childrenOf, readXml, textAt, type XmlElement } from '../../../src/io/xml.ts'
import { nodeOf } from '../../../src/providers/vsphere/derive.ts'
import { faultOf } from '../../../src/providers/vsphere/faults.ts'
import { pathOf, placesOf } from '../../../src/providers/vsphere/places.ts'
import type { VimObject } from '../../../src/providers/vsphere/properties.ts'
import { openSession, referenceOf, type Session } from '../../../src/providers/vsphere/soap.ts'
import { startWebServer } from '../../support/web-server.ts'
import { failsWith, soon } from '../../support/failures.ts'

const folder = path.join(process.env['LIFEBOAT_FIXTURES'] ?? path.resolve(import.meta.dirname, '../../../../shared/fixtures'), 'vsphere/pyvmomi')
const absent = existsSync(folder) ? false : `recorded answers are not here (${folder})`

const recording = z.object({
  interactions: z.array(
    z.object({
      request: z.object({ body: z.string().nullable() }),
      response: z.object({
        body: z.object({ string: z.string() }),
        headers: z.record(z.string(), z.array(z.string())),
        status: z.object({ code: z.number() }),
      }),
    }),
  ),
})

type Recorded = { readonly asked: string; readonly status: number; readonly body: string; readonly cookies: readonly string[] }

function recorded(name: string): readonly Recorded[] {
  const text = readFileSync(path.join(folder, `${name}.yaml`), 'utf8')
  return recording.parse(parse(text, { logLevel: 'silent' })).interactions.map(({ request, response }) => ({
    asked: request.body ?? '',
    status: response.status.code,
    body: response.body.string,
    cookies: Object.entries(response.headers).flatMap(([key, values]) => (key.toLowerCase() === 'set-cookie' ? values : [])),
  }))
}

/** What single-property reads said about one object, as a retrieval would have given it. */
function objectFrom(name: string, type: string, id: string): VimObject {
  const given = new Map<string, XmlElement>()
  for (const { asked, body } of recorded(name)) {
    const property = /<prop versionId="[^"]*">([^<]*)</.exec(asked)?.[1]
    const value = at(readXml(body, 'It'), 'Body', 'FetchResponse', 'returnval')
    if (property !== undefined && value !== null && asked.includes(`>${id}<`)) given.set(property, value)
  }
  return { type, id, given, missing: new Map() }
}

/** A server that plays a recording back, and remembers the cookies that it was sent. */
async function replay(t: TestContext, name: string): Promise<{ session: Promise<Session>; cookies: (string | undefined)[] }> {
  const cookies: (string | undefined)[] = []
  const answers = recorded(name)
  const server = await startWebServer(t, (request, response, body) => {
    cookies.push(request.headers.cookie)
    const method = /<soapenv:Body><(\w+)/.exec(body)?.[1]
    const answer = answers.find(({ asked }) => asked.includes(`<${method} `))
    response.writeHead(answer?.status ?? 404, answer === undefined ? {} : { 'set-cookie': [...answer.cookies] }).end(answer?.body)
  })
  const http = openHttp({ service: 'The vCenter', unreachable: 'source-unreachable' })
  t.after(() => http.close())
  return { session: openSession(http, { service: 'The vCenter', url: server.url, user: 'u', password: new Secret('p') }, soon()), cookies }
}

describe('recorded answers', { skip: absent }, () => {
  test('every one is read: an envelope with one answer or one fault, or the list of versions', () => {
    let read = 0
    for (const file of readdirSync(folder).filter((each) => each.endsWith('.yaml'))) {
      for (const { body, status } of recorded(file.replace('.yaml', ''))) {
        const root = readXml(body, file)
        if (root.name === 'namespaces') assert.equal(textAt(root, 'namespace', 'name'), 'urn:vim25')
        else {
          assert.deepEqual([root.name, root.namespace], ['Envelope', 'http://schemas.xmlsoap.org/soap/envelope/'])
          assert.equal(childOf(root, 'Body')?.children.length, 1, file)
          assert.equal(faultOf(root) !== null, status === 500)
        }
        read += 1
      }
    }
    assert.equal(read, 232)
  })

  test('a task list with CR/LF, plug-in messages and doubled backslashes is read', () => {
    const root = readXml(readFileSync(path.join(folder, 'unknown_method.xml'), 'utf8'), 'It')
    const tasks = childrenOf(at(root, 'Body', 'ReadNextTasksResponse'), 'returnval')
    assert.equal(textAt(tasks[0], 'reason', 'userName'), String.raw`vmware\\sa-vdp3`)
    assert.equal(at(tasks[0], 'reason')?.type, 'TaskReasonUser')
  })

  test('a log-in to vCenter 8.0.3 takes its references, its version and its cookie', async (t) => {
    const { session, cookies } = await replay(t, 'test_json_vm_explode_default')
    const { apiVersion, rootFolder, propertyCollector, viewManager, logout } = await session
    assert.equal(apiVersion, '8.0.2.0')
    assert.deepEqual(rootFolder, { type: 'Folder', id: 'group-d1' })
    assert.deepEqual(propertyCollector, { type: 'PropertyCollector', id: 'propertyCollector' })
    assert.deepEqual(viewManager, { type: 'ViewManager', id: 'ViewManager' })
    const given = recorded('test_json_vm_explode_default').flatMap((each) => each.cookies)[0]
    // No log-out was recorded; what counts is that it came with the cookie.
    await assert.rejects(logout(soon()))
    assert.deepEqual(cookies, [undefined, undefined, given?.split(';')[0]])
  })

  test('a failed log-in to vCenter 6.0 is one, although it sets a cookie', async (t) => {
    const { session } = await replay(t, 'basic_connection_bad_password')
    await assert.rejects(session, failsWith('source-login', /user or password is wrong/))
  })

  test('a container view is named by an opaque text', () => {
    const answer = recorded('vm_nic_data').find(({ asked }) => asked.includes('CreateContainerView'))
    const view = referenceOf(at(readXml(answer?.body ?? '', 'It'), 'Body', 'CreateContainerViewResponse', 'returnval'))
    assert.deepEqual(view, { type: 'ContainerView', id: 'session[528f663e-230c-6463-ad76-915dcbafa38b]528c03ab-6381-df94-fd25-7fc9157fd9e0' })
  })

  test('a machine of vCenter 8.0.3 becomes a node, with the detected system and the used size of its disk', () => {
    const machine = objectFrom('test_json_vm_explode_default', 'VirtualMachine', 'vm-19')
    const places = {
      root: 'group-d1',
      networks: new Map<string, string>(),
      containers: new Map([
        ['group-v8', { name: 'vCLS', parent: 'group-v4' }],
        ['group-v4', { name: 'vm', parent: 'datacenter-3' }],
        ['datacenter-3', { name: 'DataCenter', parent: 'group-d1' }],
      ]),
    }
    assert.deepEqual(nodeOf(machine, places), {
      id: 'vm-19',
      name: 'vCLS-8f66678f-3d69-4b58-a4c7-bae62203b573',
      path: '/DataCenter/vm/vCLS/vCLS-8f66678f-3d69-4b58-a4c7-bae62203b573',
      power: 'on',
      template: false,
      cpus: 1,
      memoryMiB: 128,
      // 2058399744 - 1299390464 + 10446848 - 9050112 = 760406016 bytes = 725.2 MiB
      disks: [{ label: 'Hard disk 1', sizeMiB: 2048, usedMiB: 726 }],
      nics: [],
      os: { family: 'linux', id: 'vmwarePhoton64Guest', name: 'VMware Photon OS (64-bit)' },
      hostname: 'None',
      addresses: [],
      firmware: 'bios',
      tools: 'running',
      snapshots: 0,
      labels: {},
      hazards: [
        { code: 'system-machine', severity: 'info', text: 'vCenter runs it for its own cluster services.' },
        { code: 'guest-differs', severity: 'info', text: 'It is configured as other26xLinux64Guest, and vmwarePhoton64Guest runs in it.' },
        { code: 'appliance', severity: 'error', text: 'Another system made it and looks after it (com.vmware.vim.eam).' },
      ],
      unknown: [],
    })
    const unseen = nodeOf(machine, { ...places, containers: new Map() })
    assert.deepEqual([unseen.path, unseen.unknown], [null, ['path']])
  })

  test('a machine of which only the guest was given knows nothing else', () => {
    const given = objectFrom('vm_nic_data', 'VirtualMachine', 'vm-19').given
    const node = nodeOf({ type: 'VirtualMachine', id: 'vm-19', given, missing: new Map() }, { root: 'group-d1', containers: new Map(), networks: new Map() })
    assert.deepEqual([node.tools, node.os.id, node.cpus, node.power, node.disks], ['running', 'vmwarePhoton64Guest', null, 'unknown', []])
    assert.deepEqual(node.unknown, ['cpus', 'disks', 'firmware', 'hazards', 'memoryMiB', 'nics', 'path', 'power', 'template'])
  })

  test('a datacenter and a network have their names and places', () => {
    const datacenter = objectFrom('test_json_datacenter_explode', 'Datacenter', 'datacenter-3')
    const network = objectFrom('test_json_network_explode', 'Network', 'network-13')
    const places = placesOf([datacenter, network], 'group-d1')
    assert.deepEqual([...places.networks], [['network-13', 'VM Network']])
    assert.equal(pathOf(places, 'datacenter-3', 'vm'), '/DataCenter/vm')
  })
})
