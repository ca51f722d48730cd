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

const listener = (port: number, unit: string | null) => ({ protocol: 'tcp' as const, address: '127.0.0.1', port, unit, program: null, package: null })
const server = (kind: 'postgresql' | 'mysql' | 'redis', version: string, port: number, role: 'primary' | 'replica' = 'primary') => ({
  kind,
  version,
  port,
  role,
  replication: [],
  databases: [],
})

function draftedWith(databases: readonly ReturnType<typeof server>[], units: Readonly<Record<number, string>>, folders: readonly string[] = []) {
  const listeners = Object.entries(units).map(([port, unit]) => listener(Number(port), unit))
  const hints = [
    ...folders.map((value) => ({ key: 'data' as const, value, text: 'ext4' })),
    ...listeners.map(({ port, unit }) => ({ key: 'services' as const, value: unit ?? '', text: `listens on ${port}` })),
  ]
  const [draft] = draftMoves(asked([node({ inside: { ...inside, databases: [...databases], listeners }, hints })])).drafts
  return { data: draft?.entry['data'], services: draft?.entry['services'], why: draft?.reasons['data'], draft }
}

test('databases are drafted by their kind, and their units are left to their movers', () => {
  const usual = draftedWith([server('postgresql', '15.13', 5432), server('redis', '7.0.15', 6379), server('mysql', '10.11.14-MariaDB', 3306)], {
    5432: 'postgresql@15-main.service',
    6379: 'redis-server.service',
    3306: 'mariadb.service',
    80: 'shop.service',
  })
  assert.deepEqual(usual.data, [{ kind: 'postgres', cluster: '15/main' }, { kind: 'redis' }, { kind: 'mysql' }])
  assert.deepEqual(usual.services, ['shop.service'])
  assert.match(usual.why ?? '', /^postgresql 15\.13 in postgresql@15-main\.service, by replication; redis/)
  const second = draftedWith([server('postgresql', '13.2', 5433), server('redis', '7.0.15', 6380)], {
    5433: 'postgresql@13-shop.service',
    6380: 'redis-server@two.service',
  })
  assert.deepEqual(second.data, [
    { kind: 'postgres', cluster: '13/shop', name: 'postgres-5433', port: 5433 },
    { kind: 'redis', name: 'redis-6380', port: 6380, unit: 'redis-server@two.service' },
  ])
  assert.equal(second.services, undefined)
})

test('what no mover would take is not drafted: a replica, MySQL, a server that is no unit', () => {
  const { data, services } = draftedWith(
    [server('postgresql', '15.13', 5432, 'replica'), server('mysql', '8.0.36', 3306), server('redis', '7.0.15', 6379), server('postgresql', '16.1', 5434)],
    { 5432: 'postgresql@15-main.service', 3306: 'mysql.service', 5434: 'pg.service' },
  )
  assert.equal(data, undefined)
  assert.deepEqual(services, ['mysql.service', 'postgresql@15-main.service', 'pg.service'])
})

test('a file system that holds a database is not copied as files, and that is said', () => {
  const { data, why, draft } = draftedWith([server('postgresql', '15.13', 5432)], { 5432: 'postgresql@15-main.service' }, [
    '/srv',
    '/var',
    '/var/lib/postgresql/15/main',
  ])
  assert.deepEqual(data, [
    { kind: 'files', path: '/srv' },
    { kind: 'postgres', cluster: '15/main' },
  ])
  assert.match(why ?? '', /\/var holds postgresql 15\.13, which is not copied as files: name what else is to move of it/)
  const before =
    'project: shop\nproviders:\n  old: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 } ] }\n  new: { kind: static, nodes: [ { name: web-1, address: 192.0.2.2 } ] }\n'
  const text = withMoves(before, draft === undefined ? [] : [{ ...draft, entry: { ...draft.entry, to: { provider: 'new' } } }])
  assert.deepEqual(Object.keys(parseConfig({ text, baseFolder: '/' }, kinds).document.moves), ['web-1'])
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
