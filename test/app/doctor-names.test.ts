// What a doctor says of names, against real name servers.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { kinds } from '../../src/adapters.ts'
import { findingsOf } from '../../src/app/doctor/doctor.ts'
import { nameChecks } from '../../src/app/doctor/names.ts'
import { parseConfig } from '../../src/config/load.ts'
import { bindSecrets } from '../../src/config/references.ts'
import type { Finding } from '../../src/core/doctor/finding.ts'
import { startBind } from '../support/bind.ts'
import { freePort, missing, shopZone, type NameServer } from '../support/dns-server.ts'

const www = 'www.shop.example'

/** Findings about one name at this server; `authorities` are asked instead of the zone's own. */
async function examined(t: TestContext, server: NameServer, authorities: readonly string[]): Promise<readonly Finding[]> {
  const key = `{ name: ${server.key.name}, algorithm: ${server.key.algorithm}, secret: env:TSIG }`
  const text = `project: shop
providers:
  iron: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 } ] }
dns:
  zone: { kind: rfc2136, server: ${server.address}, port: ${server.port}, zone: shop.example, key: ${key}, authorities: [ "${authorities.join('", "')}" ] }
  unused: { kind: manual }
moves:
  web-1: { from: { provider: iron }, to: { provider: iron }, names: [ { dns: zone, name: ${www} } ] }
`
  const { document } = parseConfig({ text, baseFolder: '/' }, kinds)
  const checks = nameChecks({ config: bindSecrets(document, new Map([['env:TSIG', server.key.secret]])) })
  return (await Promise.all(checks.map(async (check) => await findingsOf(check, t.signal)))).flat()
}

const placeOf = ({ address, port }: NameServer): string => `${address}:${port}`
const codes = (found: readonly Finding[]): string[] => found.map(({ about, severity, code }) => `${about} ${severity} ${code}`)

describe('names', { skip: await missing('named') }, () => {
  test('that the key may write, at servers that agree', async (t) => {
    const server = await startBind(t)
    assert.deepEqual(codes(await examined(t, server, [placeOf(server)])), ['dns.zone ok may-write', 'dns.zone ok ttl', 'dns.zone ok authority'])
    assert.equal(await server.serial(), 1)
  })

  test('whose epoch record the key may not write are not writable', async (t) => {
    const server = await startBind(t, { grant: [www] })
    const found = await examined(t, server, [placeOf(server)])
    assert.deepEqual(codes(found), ['dns.zone error dns-refused', 'dns.zone ok ttl', 'dns.zone ok authority'])
    assert.match(found[0]?.text ?? '', /the key has no right to it/)
  })

  test('that another server tells differently, or that one does not tell at all', async (t) => {
    const server = await startBind(t)
    const behind = await startBind(t, { records: shopZone.map((line) => line.replace('www A 192.0.2.10', 'www A 192.0.2.99')) })
    const found = await examined(t, server, [placeOf(server), placeOf(behind), `127.0.0.1:${await freePort()}`])
    assert.deepEqual(codes(found).slice(2), ['dns.zone ok authority', 'dns.zone error authority-differs', 'dns.zone error dns-unreachable'])
    assert.match(found[3]?.text ?? '', /^127\.0\.0\.1:\d+ does not tell 192\.0\.2\.10 .* for www\.shop\.example\.$/)
  })

  test('that caches keep for a day, and one that is not there', async (t) => {
    const slow = await startBind(t, { records: shopZone.map((line) => line.replace('www A', 'www 86400 A')) })
    assert.deepEqual(codes(await examined(t, slow, [placeOf(slow)]))[1], 'dns.zone warning ttl')
    const without = await startBind(t, { records: shopZone.filter((line) => !line.startsWith('www')) })
    assert.deepEqual(codes(await examined(t, without, [placeOf(without)]))[1], 'dns.zone warning no-address')
  })
})
