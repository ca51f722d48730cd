import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Secret } from '../../src/core/secret.ts'
import { disagreements } from '../../src/dns/agreement.ts'
import type { DnsProvider, Swap, Wanted } from '../../src/dns/provider.ts'
import { rfc2136 } from '../../src/dns/rfc2136/index.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { readOne, refusedWith } from '../conformance/dns.ts'
import { startBind } from '../support/bind.ts'
import { forward, framed, isUpdate, startProxy, startTcp } from '../support/dns-proxy.ts'
import { freePort, missing, providerOf, shopZone } from '../support/dns-server.ts'

const www = 'www.shop.example'
const wanted: Wanted = { a: ['203.0.113.11'], aaaa: [], ttl: 60, epoch: { token: 7, owner: 'web-1/3f2a' } }
const skip = await missing('named')

async function swapOf(provider: DnsProvider, signal: AbortSignal): Promise<Swap> {
  return { name: www, expected: await readOne(provider, www, signal), wanted }
}

describe('a name server', { skip }, () => {
  test('that is dead is unreachable, and nothing waits for it long', async (t) => {
    const server = await startBind(t)
    const swap = await swapOf(providerOf(server), t.signal)
    await server.stop()
    await refusedWith('dns-unreachable', providerOf(server).read([www], t.signal))
    await refusedWith('dns-unreachable', providerOf(server).swap([swap], t.signal))
    await refusedWith('dns-unreachable', providerOf(server).proveWrite([www], t.signal))
  })

  test('that answers another question than was asked is not believed', async (t) => {
    const server = await startBind(t)
    const confused = await startProxy(t, server, (reply) => {
      reply.write('W', 14)
      reply.write('x', 15)
      return reply
    })
    await refusedWith('answer-malformed', providerOf(server).readAt(confused, [www], t.signal))
    const polite = await startProxy(t, server, (reply) => {
      if (reply[12] === 3) reply.write('WWW', 13)
      return reply
    })
    assert.equal((await providerOf(server).readAt(polite, [www], t.signal))[0]?.ttl, 10)
  })

  test('that does not hold the zone is refused with its answer', async (t) => {
    const server = await startBind(t)
    const provider = providerOf(server, { zone: 'other.example' })
    assert.match((await refusedWith('dns-refused', provider.read(['www.other.example'], t.signal))).message, /answers REFUSED/)
  })

  test('may have a copy that is behind: it disagrees until it has caught up', async (t) => {
    const primary = await startBind(t)
    const secondary = await startBind(t, { secondaryOf: primary })
    const dead = { address: '127.0.0.1', port: await freePort() }
    const both = [primary, secondary].map(({ address, port }) => ({ address, port }))
    const provider = providerOf(primary, { authorities: both })
    const swap = await swapOf(provider, t.signal)
    assert.deepEqual(
      await disagreements(provider, [{ name: www, wanted: { ...swap.expected, ttl: 10, epoch: wanted.epoch } }], t.signal).then((all) =>
        all.map(({ text }) => text),
      ),
      [`127.0.0.1:${primary.port} tells 192.0.2.10 (TTL 10 s) for ${www}.`, `127.0.0.1:${secondary.port} tells 192.0.2.10 (TTL 10 s) for ${www}.`],
    )
    await provider.swap([swap], t.signal)
    const agree = async () => ((await disagreements(provider, [swap], t.signal)).length === 0 ? true : null)
    await waitUntil(agree, { what: 'agreement', deadlineMs: 20_000, everyMs: 100, signal: t.signal })
    const withDead = providerOf(primary, { authorities: [...both, dead] })
    const rest = await disagreements(withDead, [swap], t.signal)
    assert.deepEqual(
      rest.map(({ authority, found }) => ({ authority, found })),
      [{ authority: dead, found: null }],
    )
  })

  test('is found by the NS records of the zone, and keeps its own port', async (t) => {
    const server = await startBind(t, {
      records: [...shopZone, '@ NS ns2', 'ns2 A 192.0.2.2', '@ NS ns3.elsewhere.test.'],
      moreZones: { 'elsewhere.test': ['@ 10 SOA ns a 1 1 1 1 1', '@ 10 NS ns', 'ns 10 A 192.0.2.4', 'ns3 10 A 192.0.2.3'] },
    })
    assert.deepEqual(
      [...(await providerOf(server).authorities([], t.signal))].sort((one, other) => one.address.localeCompare(other.address)),
      [
        { address: '127.0.0.1', port: server.port },
        { address: '192.0.2.2', port: 53 },
        { address: '192.0.2.3', port: 53 },
      ],
    )
  })

  test('is asked for two hundred names in one call', async (t) => {
    const names = Array.from({ length: 200 }, (_, at) => `n${at}.shop.example`)
    const server = await startBind(t, { records: [...shopZone, ...names.map((_, at) => `n${at} A 192.0.2.${at}`)] })
    const states = await providerOf(server).read(names, t.signal)
    assert.deepEqual(
      states.map(({ a }) => a[0]),
      names.map((_, at) => `192.0.2.${at}`),
    )
  })
})

describe('a name', { skip }, () => {
  test('that somebody else changed between reading and swap is left as they made it', async (t) => {
    const server = await startBind(t)
    const provider = providerOf(server)
    const swap = await swapOf(provider, t.signal)
    await server.nsupdate([`update add ${www} 10 A 198.51.100.99`])
    const error = await refusedWith('names-changed', provider.swap([swap], t.signal))
    assert.match(error.message, /expected to have 192\.0\.2\.10; it has 192\.0\.2\.10, 198\.51\.100\.99/)
    assert.deepEqual([...(await server.dig(www, 'A'))].sort(), ['192.0.2.10', '198.51.100.99'])
    assert.deepEqual(await server.dig(`_lifeboat.${www}`, 'TXT'), [])
  })

  test('that changes in the very moment of the swap is left alone by the server itself', async (t) => {
    const server = await startBind(t)
    const swap = await swapOf(providerOf(server), t.signal)
    for (const line of [`update add ${www} 10 AAAA 2001:db8::99`, `update add _lifeboat.${www} 10 TXT "v=1 epoch=8 owner=web-1/ffff"`]) {
      let done = false
      // The proxy makes the foreign change when the swap has read the name and is about to send its UPDATE.
      const late = await startTcp(t, (socket, message) => {
        const first = isUpdate(message) && !done ? server.nsupdate([line]) : Promise.resolve()
        done ||= isUpdate(message)
        void first.then(() => forward(t, server, message)).then((reply) => socket.write(framed(reply)))
      })
      await refusedWith('names-changed', providerOf({ ...server, ...late }).swap([swap], t.signal))
      assert.ok(done)
      await server.nsupdate([`update delete ${www} AAAA`, `update delete _lifeboat.${www} TXT`])
    }
    assert.deepEqual(await server.dig(www, 'A'), ['192.0.2.10'])
  })

  test('that becomes an alias in the very moment of the swap is not taken for switched', async (t) => {
    const server = await startBind(t)
    const expected = await readOne(providerOf(server), 'new.shop.example', t.signal)
    const late = await startTcp(t, (socket, message) => {
      const first = isUpdate(message) ? server.nsupdate(['update add new.shop.example 10 CNAME www.shop.example']) : Promise.resolve()
      void first.then(() => forward(t, server, message)).then((reply) => socket.write(framed(reply)))
    })
    await refusedWith('names-unfit', providerOf({ ...server, ...late }).swap([{ name: expected.name, expected, wanted }], t.signal))
    assert.deepEqual(await server.dig('_lifeboat.new.shop.example', 'TXT'), [])
  })

  test('whose epoch record is not ours counts as changed by somebody else', async (t) => {
    const server = await startBind(t, {
      records: [
        ...shopZone,
        '_lifeboat.www TXT "v=spf1 -all"',
        '_lifeboat.api TXT "v=1 epoch=7" " owner=a/b"',
        '_lifeboat.files TXT "v=1 epoch=7 owner=a/b"',
        '_lifeboat.files TXT "x"',
      ],
    })
    for (const name of [www, 'api.shop.example', 'files.shop.example']) await refusedWith('names-changed', providerOf(server).read([name], t.signal))
  })

  test('that is an alias cannot be switched, and the sentence names its target', async (t) => {
    const server = await startBind(t, { records: [...shopZone, 'shop CNAME www', 'old DNAME new', '_lifeboat.files CNAME www'] })
    const error = await refusedWith('names-unfit', providerOf(server).read(['shop.shop.example'], t.signal))
    assert.match(error.message, /alias \(CNAME\) of www\.shop\.example/)
    await refusedWith('names-unfit', providerOf(server).read(['a.old.shop.example'], t.signal))
    await refusedWith('names-unfit', providerOf(server).read(['files.shop.example'], t.signal))
  })

  test('that only a wildcard answers for cannot be switched; one of its own beside the wildcard can', async (t) => {
    const server = await startBind(t, { records: [...shopZone, '* A 192.0.2.10', '*.deep A 192.0.2.11'] })
    const provider = providerOf(server)
    const error = await refusedWith('names-unfit', provider.read([www, 'anything.shop.example'], t.signal))
    assert.match(error.message, /anything\.shop\.example has no addresses of its own, a wildcard/)
    await refusedWith('names-unfit', provider.read(['a.b.deep.shop.example'], t.signal))
    await refusedWith('names-unfit', provider.read(['*.shop.example'], t.signal))
    assert.equal(await server.serial(), 1)
    await provider.swap([await swapOf(provider, t.signal)], t.signal)
    assert.deepEqual(await server.dig(www, 'A'), ['203.0.113.11'])
    const forced = { name: 'anything.shop.example', a: ['192.0.2.10'], aaaa: [], ttl: 10, epoch: null }
    await refusedWith('names-changed', provider.swap([{ name: forced.name, expected: forced, wanted }], t.signal))
  })

  test('in another zone cannot be switched with this one, wherever that zone is', async (t) => {
    const below = ['@ 10 SOA ns a 1 1 1 1 1', '@ 10 NS ns', 'ns 10 A 127.0.0.1', 'www 10 A 192.0.2.77']
    const server = await startBind(t, {
      records: [...shopZone, 'away NS ns.away', 'ns.away A 192.0.2.66', 'near NS ns.near', 'ns.near A 127.0.0.1'],
      moreZones: { 'near.shop.example': below },
    })
    const provider = providerOf(server)
    assert.match((await refusedWith('names-unfit', provider.read(['www.near.shop.example'], t.signal))).message, /lies in the zone near\.shop\.example/)
    assert.match(
      (await refusedWith('names-unfit', provider.read(['www.away.shop.example'], t.signal))).message,
      /lies in away\.shop\.example, which .* leaves to other servers/,
    )
    await refusedWith('names-unfit', provider.read(['www.example'], t.signal))
  })

  test('whose HTTPS record hints at addresses cannot be switched; without hints it can', async (t) => {
    const server = await startBind(t, { records: [...shopZone, 'www HTTPS 1 . alpn=h2 ipv4hint=192.0.2.10', 'api HTTPS 1 svc.shop.example. alpn=h2'] })
    assert.match((await refusedWith('names-unfit', providerOf(server).read([www], t.signal))).message, /HTTPS record with address hints/)
    await providerOf(server).read(['api.shop.example'], t.signal)
  })

  test('at the top of the zone can be switched, and the records beside it stay', async (t) => {
    const server = await startBind(t, { records: [...shopZone, '@ A 192.0.2.1', '@ MX 10 www', '@ TXT "v=spf1 -all"'] })
    const provider = providerOf(server)
    const expected = await readOne(provider, 'shop.example', t.signal)
    await provider.swap([{ name: 'shop.example', expected, wanted }], t.signal)
    assert.deepEqual(await server.records('shop.example', 'A'), ['60 A 203.0.113.11'])
    assert.deepEqual(await server.dig('shop.example', 'MX'), ['10 www.shop.example.'])
    assert.deepEqual(await server.dig('shop.example', 'TXT'), ['"v=spf1 -all"'])
    assert.deepEqual(await server.dig('_lifeboat.shop.example', 'TXT'), ['"v=1 epoch=7 owner=web-1/3f2a"'])
  })

  test('whose sets have two TTLs tells the longer one, and a swap makes them one', async (t) => {
    const server = await startBind(t, { records: [...shopZone, 'two 60 A 192.0.2.5', 'two 600 AAAA 2001:db8::5'] })
    const provider = providerOf(server)
    const expected = await readOne(provider, 'two.shop.example', t.signal)
    assert.equal(expected.ttl, 600)
    const { a, aaaa } = expected
    const claim = { name: expected.name, expected, wanted: { a, aaaa, ttl: 600, epoch: wanted.epoch } }
    await provider.swap([claim], t.signal)
    assert.deepEqual(await server.records(expected.name, 'A'), ['600 A 192.0.2.5'])
    await server.nsupdate([`update delete ${expected.name} A`, `update add ${expected.name} 60 A 192.0.2.5`])
    await provider.swap([{ ...claim, expected: await readOne(provider, expected.name, t.signal) }], t.signal)
    assert.deepEqual(await server.records(expected.name, 'A'), ['600 A 192.0.2.5'])
  })
})

describe('the adapter', { skip }, () => {
  test('makes a provider of what stands in the configuration', async (t) => {
    const server = await startBind(t)
    const config = rfc2136.schema.parse({
      kind: 'rfc2136',
      server: '127.0.0.1',
      port: server.port,
      zone: 'Shop.Example.',
      key: { ...server.key, name: 'Lifeboat-Test.' },
      authorities: [`127.0.0.1:${server.port}`],
    })
    const provider = await rfc2136.connect('zone', config, { tell: () => {} })
    await provider.swap([await swapOf(provider, t.signal)], t.signal)
    assert.deepEqual(await provider.authorities([www], t.signal), [{ address: '127.0.0.1', port: server.port }])
    assert.deepEqual(await server.dig(www, 'A'), ['203.0.113.11'])
  })

  test('refuses unknown keys, a secret in the open, and a secret that is none', async () => {
    const key = { name: 'k1', algorithm: 'hmac-sha256', secret: new Secret('not base64!') }
    const config = { kind: 'rfc2136', server: '192.0.2.53', zone: 'shop.example', key }
    assert.ok(!rfc2136.schema.safeParse({ ...config, colour: 'red' }).success)
    assert.ok(!rfc2136.schema.safeParse({ ...config, key: { ...key, secret: 'AAAA' } }).success)
    const error = await refusedWith('secret-unavailable', rfc2136.connect('zone', rfc2136.schema.parse(config), { tell: () => {} }))
    assert.ok(!error.message.includes('not base64!'))
  })
})
