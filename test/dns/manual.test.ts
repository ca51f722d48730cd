import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { disagreements } from '../../src/dns/agreement.ts'
import { manual, manualProvider } from '../../src/dns/manual.ts'
import type { DnsProvider, Swap, Wanted } from '../../src/dns/provider.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { refusedWith } from '../conformance/dns.ts'
import { startBind } from '../support/bind.ts'
import { freePort, missing, type NameServer } from '../support/dns-server.ts'

const www = 'www.shop.example'
const wanted: Wanted = { a: ['203.0.113.11'], aaaa: ['2001:db8::b'], ttl: 60, epoch: { token: 7, owner: 'web-1/3f2a' } }
const skip = await missing('named')

type Desk = { readonly provider: DnsProvider; readonly told: string[] }

function desk(...servers: readonly { readonly address: string; readonly port: number }[]): Desk {
  const told: string[] = []
  const authorities = servers.map(({ address, port }) => ({ address, port }))
  return { told, provider: manualProvider({ authorities, resolver: null, tell: (text) => told.push(text), everyMs: 30 }) }
}

async function swapOf({ provider }: Desk, signal: AbortSignal, next: Wanted = wanted): Promise<Swap> {
  const [expected] = await provider.read([www], signal)
  assert.ok(expected)
  return { name: www, expected, wanted: next }
}

/** Waits until the operator was told something that matches. */
async function toldOf(t: TestContext, told: readonly string[], what: RegExp): Promise<string> {
  const ask = async () => told.find((text) => what.test(text))
  return await waitUntil(ask, { what: `a text like ${what}`, deadlineMs: 10_000, everyMs: 10, signal: t.signal })
}

test('the operator is told what to change, and the swap ends when all servers have it', { skip }, async (t) => {
  const server = await startBind(t)
  const all = desk(server)
  const swap = await swapOf(all, t.signal)
  let ended = false
  const call = all.provider.swap([swap], t.signal).then(() => (ended = true))
  const text = await toldOf(t, all.told, /^Change these records/)
  assert.deepEqual(text.split('\n').slice(1), [
    '  www.shop.example  A  192.0.2.10 -> 203.0.113.11',
    '  www.shop.example  AAAA  none -> 2001:db8::b',
    '  www.shop.example  TTL  10 -> 60 s',
  ])
  await server.nsupdate([`update delete ${www} A`, `update add ${www} 60 A 203.0.113.11`])
  await toldOf(t, all.told, /tells 203\.0\.113\.11 \(TTL 60 s\)/)
  assert.equal(ended, false)
  await server.nsupdate([`update add ${www} 60 AAAA 2001:db8::b`])
  await call
  assert.deepEqual(await disagreements(all.provider, [swap], t.signal), [])
  const [after] = await all.provider.read([www], t.signal)
  assert.deepEqual(after, { name: www, a: wanted.a, aaaa: wanted.aaaa, ttl: 60, epoch: null })
  const words = all.told.length
  await all.provider.swap([swap], t.signal)
  assert.equal(all.told.length, words, 'what is so already needs no words')
})

test('a claim needs no work of the operator: there is no epoch to keep', { skip }, async (t) => {
  const all = desk(await startBind(t))
  assert.equal(all.provider.keepsEpoch, false)
  const swap = await swapOf(all, t.signal, { a: ['192.0.2.10'], aaaa: [], ttl: 10, epoch: wanted.epoch })
  await all.provider.proveWrite([www], t.signal)
  await all.provider.swap([swap], t.signal)
  await all.provider.swap([{ ...swap, wanted: { ...swap.wanted, epoch: { token: 8, owner: 'web-1/3f2a' } } }], t.signal)
  assert.deepEqual(all.told, [])
})

test('a server that is behind keeps the swap waiting, and the operator is told which', { skip }, async (t) => {
  const [first, second] = [await startBind(t), await startBind(t)]
  const all = desk(first, second)
  const swap = await swapOf(all, t.signal, { ...wanted, aaaa: [] })
  const call = all.provider.swap([swap], t.signal)
  const lines = [`update delete ${www} A`, `update add ${www} 60 A 203.0.113.11`]
  await toldOf(t, all.told, /^Change/)
  await first.nsupdate(lines)
  const behind = await toldOf(t, all.told, /^Waiting[^\n]+\n[^\n]+$/)
  assert.equal(behind, `Waiting until all name servers have it:\n127.0.0.1:${second.port} tells 192.0.2.10 (TTL 10 s) for www.shop.example.`)
  await second.nsupdate(lines)
  await call
})

test('a swap that was half done when it was interrupted goes on', { skip }, async (t) => {
  const server = await startBind(t)
  const all = desk(server)
  const swap = await swapOf(all, t.signal)
  const stop = new AbortController()
  const reason = new Error('enough')
  const first = all.provider.swap([swap], stop.signal)
  await server.nsupdate([`update delete ${www} A`, `update add ${www} 60 A 203.0.113.11`])
  stop.abort(reason)
  await assert.rejects(first, reason)
  const call = all.provider.swap([swap], t.signal)
  await server.nsupdate([`update add ${www} 60 AAAA 2001:db8::b`])
  await call
})

test('a name that somebody else pointed elsewhere is refused, before anybody is told anything', { skip }, async (t) => {
  const server = await startBind(t)
  const all = desk(server)
  const swap = await swapOf(all, t.signal)
  await server.nsupdate([`update add ${www} 10 A 198.51.100.99`])
  await refusedWith('names-changed', all.provider.swap([swap], t.signal))
  await refusedWith('names-unfit', all.provider.swap([{ ...swap, wanted: { ...wanted, a: [], aaaa: [] } }], t.signal))
  assert.deepEqual(all.told, [])
})

test('a lower TTL is waited for, another one beside new addresses is not, a higher one only asked for', { skip }, async (t) => {
  const server = await startBind(t)
  const all = desk(server)
  const lower = await swapOf(all, t.signal, { a: ['192.0.2.10'], aaaa: [], ttl: 5, epoch: wanted.epoch })
  const lowering = all.provider.swap([lower], t.signal)
  await toldOf(t, all.told, /TTL {2}10 -> 5 s$/)
  await server.nsupdate([`update delete ${www} A`, `update add ${www} 5 A 192.0.2.10`])
  await lowering
  const moving = all.provider.swap([await swapOf(all, t.signal, { ...wanted, aaaa: [], ttl: 5 })], t.signal)
  await server.nsupdate([`update delete ${www} A`, `update add ${www} 300 A 203.0.113.11`])
  await moving
  await all.provider.swap([await swapOf(all, t.signal, { ...wanted, aaaa: [], ttl: 3600 })], t.signal)
  await toldOf(t, all.told, /TTL {2}300 -> 3600 s$/)
})

test('a dead server does not hinder reading, but it does keep a swap waiting', { skip }, async (t) => {
  const server = await startBind(t)
  const dead = { address: '127.0.0.1', port: await freePort() }
  const all = desk(dead, server)
  const stop = new AbortController()
  const swap = await swapOf(all, t.signal, { a: ['192.0.2.10'], aaaa: [], ttl: 10, epoch: wanted.epoch })
  const call = all.provider.swap([swap], stop.signal)
  await toldOf(t, all.told, /ECONNREFUSED/)
  stop.abort()
  await assert.rejects(call, { name: 'AbortError' })
  await refusedWith('dns-unreachable', desk(dead).provider.read([www], t.signal))
  await refusedWith('dns-unreachable', desk(dead).provider.swap([swap], t.signal))
})

test('without a list of servers the NS records of the nearest zone say who they are', { skip }, async (t) => {
  const server: NameServer = await startBind(t)
  const config = manual.schema.parse({ kind: 'manual', resolver: `127.0.0.1:${server.port}` })
  const provider = await manual.connect('hand', config, { tell: () => {} })
  assert.deepEqual(await provider.authorities(['a.b.shop.example', www], t.signal), [{ address: '127.0.0.1', port: 53 }])
})

test('the configuration is the kind alone, or names servers that can be read', () => {
  assert.ok(manual.schema.safeParse({ kind: 'manual' }).success)
  assert.ok(!manual.schema.safeParse({ kind: 'manual', authorities: [] }).success)
  assert.ok(!manual.schema.safeParse({ kind: 'manual', authorities: ['not an address'] }).success)
  assert.ok(!manual.schema.safeParse({ kind: 'manual', zone: 'shop.example' }).success)
})
