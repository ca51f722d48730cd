// Whom the zone above names as servers, and what addresses lead back to, asked of real name servers.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { delegationFindings, reverseFindings } from '../../src/core/doctor/names.ts'
import { delegationOf, namesOf, serversAt } from '../../src/dns/delegation.ts'
import { startBind } from '../support/bind.ts'
import { freePort, missing, shopZone } from '../support/dns-server.ts'

const codes = (found: readonly { readonly severity: string; readonly code: string; readonly text: string }[]) =>
  found.map(({ severity, code, text }) => `${severity} ${code}: ${text}`)

describe('a zone', { skip: await missing('named') }, () => {
  test('whose parent names other servers than itself is told, in both directions', async (t) => {
    const own = await startBind(t, { records: [...shopZone, '@ NS ns2'].concat('ns2 A 127.0.0.1') })
    const records = [
      '$TTL 60',
      '@ SOA ns hostmaster 1 60 10 3600 5',
      '@ NS ns',
      'ns A 127.0.0.1',
      'shop NS ns1.shop',
      'shop NS ns.old-host.test.',
      'ns1.shop A 127.0.0.1',
    ]
    const parent = await startBind(t, { zone: 'example', records })
    const asking = { resolver: parent, port: parent.port, signal: t.signal }

    const above = await delegationOf('shop.example', asking)
    assert.deepEqual(above, { parent: 'example', servers: ['ns.old-host.test', 'ns1.shop.example'] })
    const servers = await serversAt(own, 'shop.example', t.signal)
    assert.deepEqual(servers, ['ns1.shop.example', 'ns2.shop.example'])
    assert.deepEqual(codes(delegationFindings('shop.example', 'example', above?.servers ?? [], servers)), [
      'warning delegation-differs: example sends whoever asks for shop.example to ns.old-host.test, too, which the zone itself does not name.',
      'warning delegation-differs: shop.example names ns2.shop.example among its servers, example does not.',
    ])
    assert.deepEqual(codes(delegationFindings('shop.example', 'example', servers, servers)), [
      'ok delegation: example names the same servers of shop.example as the zone itself.',
    ])
    assert.deepEqual(await delegationOf('a.b.shop.example', asking), null, 'the closest zone above does not know it')
    assert.equal(await delegationOf('other.example', asking), null)
    assert.equal(await delegationOf('shop.test', asking), null)
  })

  test('of which nobody tells anything is no failure', async (t) => {
    const nobody = { address: '127.0.0.1', port: await freePort() }
    const asking = { resolver: nobody, port: nobody.port, signal: t.signal }
    assert.equal(await delegationOf('shop.example', asking), null)
    assert.deepEqual(await serversAt(nobody, 'shop.example', t.signal), [])
    assert.deepEqual(await namesOf('192.0.2.10', asking), [])
    const reason = new Error('enough')
    await assert.rejects(delegationOf('shop.example', { ...asking, signal: AbortSignal.abort(reason) }), reason)
  })

  test('whose addresses lead back to it is told, for both families', async (t) => {
    const head = ['$TTL 60', '@ SOA ns hostmaster.example. 1 60 10 3600 5', '@ NS ns', 'ns A 127.0.0.1']
    const six = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0'
    const server = await startBind(t, {
      zone: '2.0.192.in-addr.arpa',
      records: [...head, '10 PTR WWW.Shop.Example.', '10 PTR host-10.old.test.', '11 PTR host-11.old.test.'],
      moreZones: { '8.b.d.0.1.0.0.2.ip6.arpa': [...head, `${six} PTR www.shop.example.`] },
    })
    const asking = { resolver: server, signal: t.signal }
    const back = await namesOf('192.0.2.10', asking)
    assert.deepEqual(back, ['host-10.old.test', 'www.shop.example'])
    assert.deepEqual(codes(reverseFindings('www.shop.example', '192.0.2.10', back)), [
      'warning ptr: 192.0.2.10 leads back to www.shop.example (PTR), and the new address does not yet.',
    ])
    assert.deepEqual(reverseFindings('www.shop.example', '192.0.2.11', await namesOf('192.0.2.11', asking)), [])
    assert.deepEqual(await namesOf('2001:db8::1', asking), ['www.shop.example'])
    assert.deepEqual(await namesOf('192.0.2.12', asking), [])
  })
})
