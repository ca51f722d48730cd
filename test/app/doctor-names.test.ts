// What a doctor says of names, against real name servers.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { kinds } from '../../src/adapters.ts'
import { findingsOf } from '../../src/app/doctor/doctor.ts'
import { nameChecks } from '../../src/app/doctor/names.ts'
import { parseConfig } from '../../src/config/load.ts'
import { bindSecrets } from '../../src/config/references.ts'
import type { Finding } from '../../src/core/doctor/finding.ts'
import { nameFindings } from '../../src/core/doctor/names.ts'
import { startBind } from '../support/bind.ts'
import { freePort, missing, shopZone, type NameServer } from '../support/dns-server.ts'

const www = 'www.shop.example'

/** Nobody listens there: whatever this machine's resolver says of our zones is kept out. */
const noResolver = '127.99.99.99'

/** Findings about one name at this server; `authorities` are asked instead of the zone's own. */
async function examined(t: TestContext, server: NameServer, authorities: readonly string[]): Promise<readonly Finding[]> {
  const key = `{ name: ${server.key.name}, algorithm: ${server.key.algorithm}, secret: env:TSIG }`
  const text = `project: shop
providers:
  iron: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 } ] }
dns:
  zone: { kind: rfc2136, server: ${server.address}, port: ${server.port}, zone: shop.example, key: ${key}, authorities: [ "${authorities.join('", "')}" ] }
  unused: { kind: manual }
watch: { resolvers: [ ${noResolver} ] }
moves:
  web-1: { from: { provider: iron }, to: { provider: iron }, ports: [80], names: [ { dns: zone, name: ${www} } ] }
`
  const { document } = parseConfig({ text, baseFolder: '/' }, kinds)
  const checks = nameChecks({ config: bindSecrets(document, new Map([['env:TSIG', server.key.secret]])) })
  return (await Promise.all(checks.map(async (check) => await findingsOf(check, t.signal)))).flat()
}

const placeOf = ({ address, port }: NameServer): string => `${address}:${port}`
const codes = (found: readonly Finding[]): string[] => found.map(({ about, severity, code }) => `${about} ${severity} ${code}`)

test('a signature that has ended is an error, whatever is left of the zone', () => {
  const around = { name: www, ttls: [], issuers: [], fingerprints: 0, certificates: [], senders: [], mailOf: [], signedUntil: 1000 }
  const codeAt = (now: number) => nameFindings(around, { ports: [], addresses: [], now }).map(({ severity, code }) => `${severity} ${code}`)
  assert.deepEqual([999 - 86_400, 999, 1000].map(codeAt), [['ok signed'], ['warning signature-ends'], ['error signature-over']])
})

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

  test('beside which records stand that stay with the old machine', async (t) => {
    const records = [
      ...shopZone.map((line) => line.replace('@ SOA ns1 hostmaster 1 3600 600 86400 10', '@ 90000 SOA ns1 hostmaster 1 3600 600 86400 90000')),
      'www 20 AAAA 2001:db8::10',
      'www SSHFP 4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
      '_80._tcp.www TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
      '@ TXT "v=spf1 ip4:192.0.2.10 " "-all"',
      '@ MX 10 www',
      '@ CAA 0 issue "ca.example; policy=ev"',
    ]
    const server = await startBind(t, { records })
    const later = await startBind(t, { records: records.map((line) => line.replace('hostmaster 1 ', 'hostmaster 7 ')) })
    const found = await examined(t, server, [placeOf(server), placeOf(later)])
    assert.deepEqual(
      found.filter(({ severity }) => severity !== 'ok').map(({ code }) => code),
      ['serial-differs', 'negative-ttl', 'ttl-differs', 'sshfp', 'tlsa', 'spf', 'mx'],
    )
    assert.deepEqual(
      found.filter(({ code }) => ['caa', 'tlsa', 'mx', 'negative-ttl'].includes(code)).map(({ text }) => text),
      [
        'Caches remember for 1 d 1 h that a name of shop.example is absent.',
        '_80._tcp.www.shop.example says which certificate clients must see (TLSA).',
        'Mail for shop.example comes to www.shop.example, and port 25 is not among the ports of its move.',
        'Certificates for www.shop.example may come from ca.example alone (CAA).',
      ],
    )
    const end = new Date(Date.now() + 30 * 86_400_000).toISOString().replaceAll(/[-:T]|[.].*/g, '')
    const other = await startBind(t, { records: [...shopZone, `www RRSIG A 13 3 10 ${end} 20200101000000 4711 shop.example. AAAA`] })
    assert.equal((await examined(t, other, [placeOf(other)])).at(-1)?.code, 'signed')
  })

  test('that caches keep for a day, and one that is not there', async (t) => {
    const slow = await startBind(t, { records: shopZone.map((line) => line.replace('www A', 'www 86400 A')) })
    assert.deepEqual(codes(await examined(t, slow, [placeOf(slow)]))[1], 'dns.zone warning ttl')
    const without = await startBind(t, { records: shopZone.filter((line) => !line.startsWith('www')) })
    assert.deepEqual(codes(await examined(t, without, [placeOf(without)]))[1], 'dns.zone warning no-address')
  })
})
