// Answers of the REST API of vCenter, recorded by others; the expected values were worked out from them by hand.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { Secret } from '../../../src/core/secret.ts'
import { openHttp } from '../../../src/io/http.ts'
import { openRest, valueIn } from '../../../src/providers/vsphere/rest.ts'
import { startWebServer } from '../../support/web-server.ts'
import { soon } from '../../support/failures.ts'

const folder = path.join(process.env['LIFEBOAT_FIXTURES'] ?? path.resolve(import.meta.dirname, '../../../../shared/fixtures'), 'vsphere/libcloud')
const absent = existsSync(folder) ? false : `recorded answers are not here (${folder})`
const textOf = (name: string): string => readFileSync(path.join(folder, `${name}.json`), 'utf8')

const disk = z.object({ key: z.string(), value: z.object({ label: z.string(), capacity: z.number() }) })
const machine = z.object({ name: z.string(), guest_OS: z.string(), cpu: z.object({ count: z.number() }), disks: z.array(disk), nics: z.array(z.unknown()) })

describe('recorded answers of the REST API', { skip: absent }, () => {
  test('a log-in takes its session out of the wrapping, and sends it along', async (t) => {
    const sent: unknown[] = []
    const server = await startWebServer(t, ({ url, headers, method }, response) => {
      sent.push(`${method} ${url} ${String(headers['vmware-api-session-id'])}`)
      response.end(textOf(method === 'POST' ? 'session_token' : 'list_nodes'))
    })
    const http = openHttp({ service: 'The vCenter', unreachable: 'source-unreachable' })
    t.after(() => http.close())
    const rest = await openRest(http, { service: 'The vCenter', url: server.url, user: 'u', password: new Secret('p') }, ['rest'], soon())
    const nodes = await rest.ask('/rest/vcenter/vm', z.array(z.object({ vm: z.string(), name: z.string(), memory_size_MiB: z.number() })))
    assert.deepEqual(nodes, [{ vm: 'vm-80', name: 'vCenter', memory_size_MiB: 19_456 }])
    assert.deepEqual(sent, ['POST /rest/com/vmware/cis/session undefined', 'GET /rest/vcenter/vm 48c202a15afb33000a14ca5fab43e27d'])
  })

  test('a machine has its values as lists of key and value', () => {
    const { name, guest_OS: system, cpu, disks, nics } = machine.parse(valueIn(textOf('node_80')))
    assert.deepEqual([name, system, cpu.count, nics.length], ['vCenter', 'OTHER_3X_LINUX_64', 4, 1])
    assert.equal(disks.length, 16)
    assert.deepEqual(disks.slice(0, 2), [
      { key: '2000', value: { label: 'Hard disk 1', capacity: 51_539_607_552 } },
      { key: '2001', value: { label: 'Hard disk 2', capacity: 4_447_010_816 } },
    ])
  })

  test('lists of clusters, hosts and interfaces hold what they say, and no file is left over', () => {
    assert.deepEqual(valueIn(textOf('list_clusters')), [])
    assert.deepEqual(valueIn(textOf('list_hosts')), [{ host: 'host-74', name: '100.100.100.100', connection_state: 'CONNECTED', power_state: 'POWERED_ON' }])
    const [card] = z.array(z.object({ mac: z.string(), ipv4: z.object({ address: z.string(), prefix: z.number() }) })).parse(valueIn(textOf('list_interfaces')))
    assert.deepEqual(card, { mac: '00:0c:29:59:bd:12', ipv4: { address: '195.196.197.198', prefix: 29 } })
    assert.deepEqual(
      readdirSync(folder).toSorted(),
      ['list_clusters', 'list_hosts', 'list_interfaces', 'list_nodes', 'node_80', 'session_token'].map((each) => `${each}.json`),
    )
  })
})
