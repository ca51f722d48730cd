import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { Secret } from '../../src/core/secret.ts'
import { decodeMessage, encodeMessage } from '../../src/dns/codec.ts'
import type { DnsProvider, Swap, Wanted } from '../../src/dns/provider.ts'
import { algorithms, checkReply, signMessage, signReply } from '../../src/dns/rfc2136/tsig.ts'
import type { Endpoint } from '../../src/io/dns-wire.ts'
import { readOne, refusedWith } from '../conformance/dns.ts'
import { startBind } from '../support/bind.ts'
import { forward, framed, isUpdate, startProxy, startTcp } from '../support/dns-proxy.ts'
import { missing, providerOf, type NameServer } from '../support/dns-server.ts'

const www = 'www.shop.example'
const wanted: Wanted = { a: ['203.0.113.11'], aaaa: [], ttl: 60, epoch: { token: 7, owner: 'web-1/3f2a' } }
const skip = await missing('named')

async function swapOf(provider: DnsProvider, signal: AbortSignal): Promise<Swap> {
  return { name: www, expected: await readOne(provider, www, signal), wanted }
}

describe('a TSIG key', { skip }, () => {
  for (const algorithm of algorithms) {
    test(`with ${algorithm} reads and writes`, async (t) => {
      const server = await startBind(t, { algorithm })
      const provider = providerOf(server)
      await provider.swap([await swapOf(provider, t.signal)], t.signal)
      assert.deepEqual(await server.dig(www, 'A'), ['203.0.113.11'])
    })
  }

  test('that the server does not have is refused, by name', async (t) => {
    const server = await startBind(t)
    const provider = providerOf(server, { key: { ...server.key, name: 'other-key' } })
    const error = await refusedWith('dns-refused', provider.read([www], t.signal))
    assert.match(error.message, /knows no key other-key with hmac-sha256 \(BADKEY\)/)
  })

  test('with another algorithm than at the server is refused', async (t) => {
    const server = await startBind(t)
    await refusedWith('dns-refused', providerOf(server, { key: { ...server.key, algorithm: 'hmac-sha512' } }).read([www], t.signal))
  })

  test('with the wrong secret is refused, for changes too, and nothing changes', async (t) => {
    const server = await startBind(t)
    const swap = await swapOf(providerOf(server), t.signal)
    const provider = providerOf(server, { key: { ...server.key, secret: new Secret('AAAAAAAAAAAAAAAAAAAAAA==') } })
    const error = await refusedWith('dns-refused', provider.swap([swap], t.signal))
    assert.match(error.message, /BADSIG/)
    assert.ok(!error.message.includes('AAAA'))
    await refusedWith('dns-refused', provider.proveWrite([www], t.signal))
    assert.equal(await server.serial(), 1)
  })

  test('is refused when the clocks are too far apart, and the sentence says by how much', async (t) => {
    const server = await startBind(t)
    const ahead = providerOf(server, { clock: () => Date.now() + 600_000 })
    assert.match((await refusedWith('dns-refused', ahead.read([www], t.signal))).message, /BADTIME\): the clock here is (599|600|601) s ahead/)
    const behind = providerOf(server, { clock: () => Date.now() - 600_000 })
    assert.match((await refusedWith('dns-refused', behind.proveWrite([www], t.signal))).message, /(599|600|601) s behind/)
    const near = providerOf(server, { clock: () => Date.now() + 200_000 })
    await near.swap([await swapOf(near, t.signal)], t.signal)
  })

  test('without the right to one of the records is found out before anything changes', async (t) => {
    const server = await startBind(t, { grant: [www, `_lifeboat.${www}`, 'api.shop.example'] })
    const provider = providerOf(server)
    await provider.proveWrite([www], t.signal)
    const error = await refusedWith('dns-refused', provider.proveWrite([www, 'api.shop.example'], t.signal))
    assert.match(error.message, /REFUSED .*api\.shop\.example: the key has no right to it/)
    const api = await readOne(provider, 'api.shop.example', t.signal)
    await refusedWith('dns-refused', provider.swap([{ name: api.name, expected: api, wanted }], t.signal))
    assert.equal(await server.serial(), 1)
  })
})

describe('an answer on the way', { skip }, () => {
  test('that was forged is not believed, and the swap it was about is judged by the zone', async (t) => {
    const server = await startBind(t)
    const swap = await swapOf(providerOf(server), t.signal)
    const forge = (reply: Buffer) => {
      reply[reply.length - 10] = (reply[reply.length - 10] ?? 0) ^ 1
      return reply
    }
    const all = await startProxy(t, server, forge)
    await refusedWith('answer-malformed', providerOf({ ...server, ...all }).read([www], t.signal))
    const updates = await startProxy(t, server, (reply, request) => (isUpdate(request) ? forge(reply) : reply))
    await providerOf({ ...server, ...updates }).swap([swap], t.signal)
    assert.equal(await server.serial(), 2)
  })

  test('signed with another secret, or for another request, is not believed', async (t) => {
    const server = await startBind(t)
    const now = Math.floor(Date.now() / 1000)
    const resign = (secret: Secret, mac: (request: Buffer) => Buffer) => (reply: Buffer, request: Buffer) => {
      const { message } = decodeMessage(reply)
      return signReply({ ...message, additionals: message.additionals.slice(0, -1) }, { ...server.key, secret }, now, mac(request)).bytes
    }
    const ownMac = (request: Buffer) => request.subarray(request.length - 38, request.length - 6)
    const honest = await startProxy(t, server, resign(server.key.secret, ownMac))
    await providerOf({ ...server, ...honest }).read([www], t.signal)
    const other = await startProxy(t, server, resign(new Secret('AAAAAAAAAAAAAAAAAAAAAA=='), ownMac))
    await refusedWith('answer-malformed', providerOf({ ...server, ...other }).read([www], t.signal))
    const replayed = await startProxy(
      t,
      server,
      resign(server.key.secret, () => Buffer.alloc(32, 7)),
    )
    await refusedWith('answer-malformed', providerOf({ ...server, ...replayed }).read([www], t.signal))
  })

  test('without a signature proves nothing, be it a success or a refusal', async (t) => {
    const server = await startBind(t)
    const swap = await swapOf(providerOf(server), t.signal)
    const unsigned = (rcode: number) => (reply: Buffer, request: Buffer) => {
      if (!isUpdate(request)) return reply
      const { message } = decodeMessage(reply)
      return encodeMessage({ ...message, rcode, additionals: [] })
    }
    const refuses = await startProxy(t, await startLiar(t, server), unsigned(9))
    const error = await refusedWith('dns-refused', providerOf({ ...server, ...refuses }).swap([swap], t.signal))
    assert.match(error.message, /NOTAUTH without a signature/)
    const lies = await startProxy(t, await startLiar(t, server), unsigned(0))
    await refusedWith('answer-malformed', providerOf({ ...server, ...lies }).swap([swap], t.signal))
    assert.equal(await server.serial(), 1)
    const applied = await startProxy(t, server, unsigned(9))
    await providerOf({ ...server, ...applied }).swap([swap], t.signal)
    assert.equal(await server.serial(), 2)
  })

  test('that is lost after the change was made does not lose the swap, and it is made and sent once', async (t) => {
    const server = await startBind(t)
    const swap = await swapOf(providerOf(server), t.signal)
    let updates = 0
    const lossy = await startProxy(t, server, (reply, request) => {
      if (!isUpdate(request)) return reply
      updates += 1
      return null
    })
    const provider = providerOf({ ...server, ...lossy })
    await provider.swap([swap], t.signal)
    await provider.swap([swap], t.signal)
    assert.equal(await server.serial(), 2)
    assert.equal(updates, 1)
  })

  test('that is cut short fails as unreachable', async (t) => {
    const server = await startBind(t)
    const cut = await startTcp(t, (socket, message) => socket.end(Buffer.concat([Buffer.from([0, 200]), message.subarray(0, 20)])))
    await refusedWith('dns-unreachable', providerOf({ ...server, ...cut }).read([www], t.signal))
  })

  test('with any bytes changed is never taken for a state that the zone does not have', async (t) => {
    const server = await startBind(t)
    const truth = await readOne(providerOf(server), www, t.signal)
    const change = fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
      const proxy = await startProxy(t, server, (reply) => {
        const place = 2 + (at % (reply.length - 2))
        reply[place] = (reply[place] ?? 0) ^ bits
        return reply
      })
      const read = await readOne(providerOf({ ...server, ...proxy }), www, t.signal).catch((error: unknown) => error)
      if (read instanceof Error) assert.ok('code' in read && ['answer-malformed', 'dns-refused'].includes(String(read.code)), String(read))
      else assert.deepEqual(read, truth)
    })
    await fc.assert(change, { numRuns: 150 })
  })
})

/** Answers queries through the server, and UPDATEs with an unsigned success without doing them. */
async function startLiar(t: TestContext, server: NameServer): Promise<Endpoint> {
  return await startTcp(t, (socket, message) => {
    const { message: request } = decodeMessage(message)
    const lie = encodeMessage({ ...request, response: true, answers: [], authorities: [], additionals: [] })
    const reply = isUpdate(message) ? Promise.resolve(lie) : forward(t, server, message)
    void reply.then((bytes) => socket.write(framed(bytes)))
  })
}

test('what was signed is verified with the same key and refused with a changed byte', () => {
  const key = { name: 'k1.example', algorithm: 'hmac-sha256', secret: new Secret('c2VjcmV0LXNlY3JldA==') } as const
  const request = { ...decodeMessage(Buffer.alloc(12)).message, id: 4711 }
  const { mac } = signMessage(request, key, 1_700_000_000)
  const reply = signReply({ ...request, response: true }, key, 1_700_000_100, mac).bytes
  assert.equal(checkReply(Buffer.from(reply), key, mac, 1_700_000_000).signed, true)
  const untouched = fc.property(fc.nat(reply.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
    const changed = Buffer.from(reply)
    changed[at] = (changed[at] ?? 0) ^ bits
    try {
      const { signed, message } = checkReply(changed, key, mac, 1_700_000_000)
      // The identifier may be changed on the way by a forwarder: the signature keeps the original one, callers compare it.
      assert.ok(!signed || at < 2 || isCaseOfKeyName(changed, reply), `byte ${at} does not matter: ${JSON.stringify(message)}`)
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'answer-malformed', String(error))
    }
  })
  fc.assert(untouched, { numRuns: 3000 })
  assert.throws(() => checkReply(Buffer.from(reply), key, mac, 1_700_000_401), { code: 'answer-malformed', message: /301 s away/ })
})

/** Names have no case, so a changed case is no change. */
function isCaseOfKeyName(one: Buffer, other: Buffer): boolean {
  return one.toString('latin1').toLowerCase() === other.toString('latin1').toLowerCase()
}
