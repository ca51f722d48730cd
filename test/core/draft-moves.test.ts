// What a draft says of a node, and what it leaves out.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { kinds } from '../../src/adapters.ts'
import { parseConfig } from '../../src/config/load.ts'
import { withMoves } from '../../src/config/write-moves.ts'
import { draftMoves, type DraftRequest } from '../../src/core/draft-moves.ts'
import { parseInside } from '../../src/core/inside/parse.ts'
import type { Node } from '../../src/core/node.ts'
import { wavesOf } from '../../src/core/waves.ts'
import { inventory, node } from './planning.ts'

const inside = { ...parseInside('', '2026-11-26T10:00:00.000Z'), system: { ...emptySystem(), id: 'debian', version: '12' } }

function emptySystem() {
  return { hostname: null, name: null, id: null, version: null, kernel: null, machine: null, uptimeSeconds: null, user: null }
}

const timer = (unit: string) => ({ unit, starts: null, state: null, when: null, file: null })
const web: Node = node({
  inside: { ...inside, timers: [timer('apt-daily.timer'), timer('shop-cron.timer')] },
  hints: [
    { key: 'after', value: 'db-1', text: 'talks to db-1 (192.0.2.11:5432) from shop.service' },
    { key: 'ports', value: '80', text: 'shop.service listens' },
    { key: 'ports', value: '53/udp', text: 'named.service listens' },
    { key: 'services', value: 'shop.service', text: 'listens on 80' },
    { key: 'data', value: '/srv', text: 'ext4, 12 MiB' },
    { key: 'data', value: 'postgres', text: 'postgresql 15' },
    { key: 'names', value: 'www.shop.example', text: 'served by /etc/nginx/shop' },
    { key: 'names', value: 'www.other.example', text: 'served by /etc/nginx/other' },
  ],
})
const database: Node = node({ id: 'vm-43', name: 'db-1', inside })

const asked = (nodes: readonly Node[], changes: Partial<DraftRequest> = {}): DraftRequest => ({
  inventory: inventory(nodes),
  target: { provider: 'new', makes: true },
  zones: new Map([['zone', 'shop.example']]),
  taken: new Set<string>(),
  ...changes,
})

test('a draft says what the node told, each guess with what it rests on', () => {
  const draft = draftMoves(asked([web, database])).drafts.find(({ name }) => name === 'web-1')
  assert.deepEqual(draft?.entry, {
    from: { provider: 'old', name: 'web-1' },
    to: { provider: 'new', size: 'auto', image: 'debian-12' },
    data: [{ kind: 'files', path: '/srv' }],
    services: ['shop.service'],
    singletons: ['shop-cron.timer'],
    ports: [80, '53/udp'],
    checks: [{ tcp: 80 }],
    names: [{ dns: 'zone', name: 'www.shop.example' }],
    after: ['db-1'],
  })
  assert.equal(draft?.reasons['after'], 'talks to db-1 (192.0.2.11:5432) from shop.service')
})

test('a node that moves already, that nobody could look into, or that is a template is left out, and it is said why', () => {
  const dark = node({ id: 'vm-44', name: 'dark', hazards: [{ code: 'inside-skipped', severity: 'info', text: 'Not looked into: it is off.' }] })
  const { drafts, leftOut } = draftMoves(asked([web, database, dark, node({ id: 'vm-45', name: 'form', template: true })], { taken: new Set(['vm-43']) }))
  assert.deepEqual(
    drafts.map(({ name, entry }) => [name, entry['after']]),
    [['web-1', undefined]],
  )
  assert.deepEqual(leftOut, [
    { name: 'dark', why: 'Not looked into: it is off.' },
    { name: 'db-1', why: 'a move of it is there already' },
  ])
})

const talking = (name: string, ...peers: string[]): Node =>
  node({ id: name, name, inside, hints: peers.map((value) => ({ key: 'after', value, text: `talks to ${value}` })) })

test('two that talk to each other do not go round: one step is left out, and said', () => {
  const [app, , db] = draftMoves(asked([talking('app', 'db', 'cache'), talking('db', 'app'), talking('cache')])).drafts
  assert.deepEqual([app?.entry['after'], db?.entry['after']], [['cache'], ['app']])
  assert.equal(app?.reasons['after'], 'talks to db; talks to cache; app -> db -> app would go round, so the first step of it is left out')
})

test('whoever talks to whom, the order of a draft never goes round, and an order that does not is kept', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(fc.constantFrom(...names)), { minLength: 5, maxLength: 5 }), (peers) => {
      const wished = new Map(names.map((name, index) => [name, peers[index] ?? []]))
      const { drafts } = draftMoves(asked(names.map((name) => talking(name, ...(wished.get(name) ?? [])))))
      const after = new Map(drafts.map(({ name, entry }) => [name, (entry['after'] ?? []) as string[]]))
      assert.equal(wavesOf(after).cycle, null)
      if (wavesOf(wished).cycle === null) for (const [name, before] of after) assert.deepEqual(before, wished.get(name))
    }),
  )
})

test('whatever nodes are called, the file that a draft is written into stays what it was and can be read', () => {
  const anyNode = fc.record({ name: fc.oneof(fc.string(), fc.constantFrom('web-1', 'Web 1', 'moves:', '# x', '-')), text: fc.string() })
  const before =
    '# keep me\nproject: shop # and me\nproviders:\n  old: { kind: static, nodes: [ { name: a, address: 192.0.2.1 } ] }\n  new: { kind: static, nodes: [ { name: b, address: 192.0.2.2 } ] }\n'
  fc.assert(
    fc.property(fc.array(anyNode, { maxLength: 6 }), (named) => {
      const nodes = named.map(({ name, text }, index) => node({ id: `vm-${index}`, name, inside, hints: [{ key: 'data', value: '/srv', text }] }))
      const after = withMoves(before, draftMoves(asked(nodes, { target: { provider: 'new', makes: false } })).drafts)
      const { document } = parseConfig({ text: after, baseFolder: '/' }, kinds)
      assert.equal(Object.keys(document.moves).length, named.length)
      assert.ok(after.startsWith('# keep me\nproject: shop # and me\n'))
      assert.equal(withMoves(after, []), after)
      assert.deepEqual((parse(after) as { providers: unknown }).providers, (parse(before) as { providers: unknown }).providers)
    }),
  )
})
