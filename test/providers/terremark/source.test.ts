// What the source reads from a service, in pages of one: nodes with their places, and what leads customers to them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Notice } from '../../../src/core/node.ts'
import { Secret } from '../../../src/core/secret.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { openSource, password, shop, startService, user } from './lab.ts'

const codes = (notices: readonly Notice[]): readonly string[] => notices.map(({ code, severity }) => `${code} ${severity}`)

test('every machine of every data centre comes once, with its place, its two disks and what its names and ports will be', async (t) => {
  const service = await startService(t, { pageSize: 1 })
  const { nodes, complete, warnings } = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([complete, warnings], [true, []])
  assert.deepEqual(
    nodes.map(({ id, path, power, cpus, memoryMiB, os }) => [id, path, power, cpus, memoryMiB, os.family]),
    [
      ['14000', `/${user}/front/web-1`, 'on', 2, 4096, 'linux'],
      ['14001', `/${user}/front/web-2`, 'on', 1, 1024, 'linux'],
      ['14002', `/${user}/back/orders`, 'off', 1, 1024, 'windows'],
    ],
  )
  assert.deepEqual(nodes[0]?.disks, [
    { label: 'Hard Disk 1', sizeMiB: 40_960, usedMiB: null },
    { label: 'Hard Disk 2', sizeMiB: 10_240, usedMiB: null },
  ])
  assert.deepEqual(
    nodes.map(({ addresses, nics }) => [addresses, nics.length]),
    [
      [['10.112.78.69'], 1],
      [['10.112.78.70'], 1],
      [[], 1],
    ],
  )
  assert.deepEqual(
    nodes.map(({ hints }) => hints?.map(({ key, value }) => `${key} ${value}`)),
    [['ports 8080', 'names 204.51.112.91'], ['ports 53/udp', 'names 204.51.112.91'], []],
  )
  assert.equal(nodes[0]?.hints?.[0]?.text, 'Internet service web-1 HTTP leads 204.51.112.91, port 80 (HTTP) to port 8080 of this node.')
})

test('a public address that nothing uses is told, and leaves the inventory complete', async (t) => {
  const service = await startService(t, { spareAddresses: ['204.51.114.79'] })
  const { complete, warnings } = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([complete, codes(warnings)], [true, ['public-address-unused info', 'public-address-unused info']])
})

test('a machine that is refused or unreadable stays in the inventory with its name, unknown in the rest', async (t) => {
  const service = await startService(t)
  await service.control('/status', { path: '/vapp/14000', code: 403 })
  await service.control('/body', { path: '/vapp/14001', body: '<VApp name="web-2"' })
  const { nodes, complete, warnings } = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([complete, codes(warnings)], [false, ['answer-missing warning', 'answer-missing warning']])
  assert.deepEqual(
    nodes.map(({ name, power, cpus }) => [name, power, cpus]),
    [
      ['web-1', 'unknown', null],
      ['web-2', 'unknown', null],
      ['orders', 'off', 1],
    ],
  )
  for (const field of ['power', 'cpus', 'memoryMiB', 'disks', 'nics', 'hazards', 'labels', 'addresses']) assert.ok(nodes[0]?.unknown.includes(field), field)
})

test('without its internet services a machine has unknown hints, not none', async (t) => {
  const service = await startService(t)
  await service.control('/status', { path: '/vdc/1/internetServices', code: 500 })
  const { nodes, complete } = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([complete, nodes.map(({ unknown }) => unknown.includes('hints'))], [false, [true, true, false]])
})

test('what is behind a service is asked at the other address that was known, when the first is not there', async (t) => {
  const service = await startService(t)
  await service.control('/status', { path: '/InternetServices/140000/nodeServices', code: 404 })
  const nodes =
    '<NodeServices xmlns="urn:tmrk:vCloudExpress-1.0"><NodeService><IpAddress>10.112.78.69</IpAddress><Port>8443</Port></NodeService></NodeServices>'
  await service.control('/body', { path: '/InternetServices/140000/nodes', body: nodes })
  const answer = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([answer.complete, answer.nodes[0]?.hints?.[0]?.value], [true, '8443'])
})

test('a data centre that cannot be read is told, the others are read; with none of them the reading fails', async (t) => {
  const service = await startService(t)
  const source = await openSource(t, service.url)
  await service.control('/status', { path: '/vdc/1', code: 403 })
  const { nodes, complete } = await source.nodes(soon())
  assert.deepEqual([nodes.map(({ name }) => name), complete], [['orders'], false])
  await service.control('/status', { path: '/vdc/', code: 403, count: 2 })
  await assert.rejects(source.nodes(soon()), failsWith('source-refused', /refuses to list what it has \(403: this account may not/))
})

test('a machine that two data centres list comes once, and two of one number keep their whole addresses as ids', async (t) => {
  const service = await startService(t)
  const vapp = (path: string, name: string): string => `<ResourceEntity href="${path}" name="${name}" type="application/vnd.vmware.vcloud.vApp+xml"/>`
  const entities = vapp('/api/v0.8a-ext1.6/vapp/14002', 'orders') + vapp('/elsewhere/vapp/14000', 'web-9') + vapp('/api/v0.8a-ext1.6/vapp/14000', 'web-1')
  await service.control('/body', { path: '/vdc/2', body: `<Vdc><ResourceEntities>${entities}</ResourceEntities></Vdc>` })
  const { nodes } = await (await openSource(t, service.url)).nodes(soon())
  const ids = nodes.map(({ id, name }) => `${id} ${name}`)
  assert.deepEqual(ids.toSorted(), ['/api/v0.8a-ext1.6/vapp/14000 web-1', '/elsewhere/vapp/14000 web-9', '14001 web-2', '14002 orders'])
})

test('a next page that leads back ends the list', async (t) => {
  const service = await startService(t)
  const round = `<Vdc xmlns="http://www.vmware.com/vcloud/v1"><Link rel="next" href="https://elsewhere.example/api/v0.8a-ext1.6/vdc/1"/></Vdc>`
  await service.control('/body', { path: '/vdc/1', body: round, count: 5 })
  const { nodes } = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([nodes.map(({ name }) => name), service.requests.filter((each) => each.endsWith('/vdc/1')).length], [['orders'], 1])
})

test('addresses in answers are asked at the configured host only', async (t) => {
  const service = await startService(t)
  const list = '<OrgList><Org href="https://elsewhere.example//evil.example/api/v0.8a-ext1.6/org/240" name="x"/></OrgList>'
  await service.control('/body', { path: '/login', body: list })
  await (await openSource(t, service.url)).nodes(soon())
  assert.ok(service.requests.includes('GET //evil.example/api/v0.8a-ext1.6/org/240'))
})

test('a wrong password is refused as one, and a service of another kind is named', async (t) => {
  const service = await startService(t)
  await assert.rejects(
    (await openSource(t, service.url, { password: new Secret('wrong') })).nodes(soon()),
    failsWith('source-login', /user or password is wrong/),
  )
  const others = '<SupportedVersions xmlns="http://www.vmware.com/vcloud/versions"><VersionInfo><Version>5.1</Version></VersionInfo></SupportedVersions>'
  await service.control('/body', { path: '/versions', body: others })
  await assert.rejects((await openSource(t, service.url)).nodes(soon()), failsWith('answer-malformed', /no version 0\.8 .*kind vcloud/))
  await service.control('/body', { path: '/versions', body: '<!DOCTYPE html><html>sign in</html>' })
  await assert.rejects((await openSource(t, service.url)).nodes(soon()), failsWith('answer-malformed', /web page instead of XML/))
})

test('the address of a version, or of the log-in itself, is enough', async (t) => {
  const service = await startService(t)
  const origin = new URL(service.url).origin
  for (const url of [origin, service.url, `${service.url}/v0.8a-ext1.6`, `${service.url}/v0.8a-ext1.6/login`]) {
    assert.equal((await (await openSource(t, url)).nodes(soon())).nodes.length, shop.length, url)
  }
  await service.control('/status', { path: '/versions', code: 404 })
  await service.control('/status', { path: '/api/v0.8/login', code: 404 })
  await assert.rejects((await openSource(t, service.url)).nodes(soon()), failsWith('answer-malformed', /no log-in at \/api\/v0\.8\/login/))
  assert.ok(service.requests.includes('POST /api/v0.8/login'))
})

test('no snapshot can be taken and no network be unplugged, and the source says why', async (t) => {
  const source = await openSource(t, (await startService(t)).url)
  await assert.rejects(source.snapshot('14000', 'before', soon()), failsWith('source-refused', /has no snapshots/))
  await assert.rejects(source.network('14000', 'disconnected', soon()), failsWith('source-refused', /cannot unplug or plug the network/))
})

test('a password in an answer reaches neither a node nor an error', async (t) => {
  const canary = 'cAnArY-7f3'
  const service = await startService(t)
  const secret = `<GuestCustomizationSection><AdminPassword>${canary}</AdminPassword></GuestCustomizationSection><x:AdminPassword>${canary}</x:AdminPassword>`
  const vapp = `<VApp name="web-1" status="4" AdminPassword="${canary}" xmlns="http://www.vmware.com/vcloud/v1">${secret}<Section xsi:type="OperatingSystemSection_Type"><Description>Ubuntu</Description>${secret}</Section></VApp>`
  const message = `Log-in of ${user} with ${password.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('&3', '&amp;3')} failed: password=${canary}`
  const error = `<Error message="${message}" majorErrorCode="500" minorErrorCode="${canary}">${secret}</Error>`
  await service.control('/body', { path: '/vapp/14000', body: vapp })
  await service.control('/body', { path: '/vapp/14001', code: 500, body: error })
  await service.control('/body', { path: '/vapp/14002', body: `<VApp>${canary}<` })
  const answer = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([answer.nodes[0]?.name, answer.nodes[0]?.os.name], ['web-1', 'Ubuntu'])
  const shown = JSON.stringify(answer)
  assert.match(shown, /\[secret\]/)
  assert.ok(!shown.includes(canary) && !shown.includes(JSON.stringify(password).slice(1, -1)), shown)
})
