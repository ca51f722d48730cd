import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Move } from '../../src/core/move.ts'
import type { Inventory, Node } from '../../src/core/node.ts'
import { planMoves, type PlanRequest } from '../../src/core/plan-moves.ts'
import { planSchema, type Plan } from '../../src/core/plan.ts'
import { casesOf, catalog, inventory, move, node, request } from './planning.ts'

describe('the plan of one move', () => {
  for (const { name, given, expect } of casesOf('plan')) {
    it(name, () => {
      const wanted = requestOf(given)
      if (expect['error']) {
        assert.throws(() => planMoves(wanted), expect['error'] as object)
        return
      }
      const [planned] = planMoves(wanted).moves
      assert.ok(planned)
      const codes = (list: readonly { code: string }[]) => list.map(({ code }) => code)
      const seen = { ...planned, blockers: codes(planned.blockers), warnings: codes(planned.warnings) }
      for (const [key, value] of Object.entries(expect)) {
        const found: unknown = Reflect.get(seen, key)
        if (Array.isArray(value) || typeof value !== 'object' || value === null) assert.deepEqual(found, value, key)
        else assert.partialDeepStrictEqual(found, value)
      }
    })
  }

  it('has the shape that is promised, and says each thing in a sentence', () => {
    const plan = planSchema.parse(planMoves(request({ inventories: { old: inventory([node({ power: 'off', unknown: ['tools'] })]) } })))
    assert.deepEqual(plan.totals, { monthlyCost: { amount: 78.46, currency: 'USD' }, bothSidesMonthlyCost: null })
    for (const { text } of plan.moves.flatMap((one) => [...one.blockers, ...one.warnings])) assert.match(text, /^\S.*[^.]\.$/)
  })
})

describe('the fingerprint of a plan', () => {
  const first = planMoves(request()).fingerprint
  const changed = (changes: Partial<PlanRequest>) => planMoves(request(changes)).fingerprint
  const withNode = (changes: Partial<Node>) => changed({ inventories: { old: inventory([node(changes)]) } })

  it('stays when only measurements, times, bytes in use, snapshots or somebody’s key file change', () => {
    assert.equal(changed({ measured: { 'web-1': { path: 'direct', forecastPauseMs: 900 } } }), first)
    assert.equal(changed({ inventories: { old: inventory([node()], { takenAt: '2026-12-01T00:00:00.000Z' }) } }), first)
    assert.equal(changed({ catalogs: { new: catalog({ takenAt: '2027-01-01' }) } }), first)
    assert.equal(withNode({ snapshots: 4, tools: 'stopped', disks: node().disks.map((disk) => ({ ...disk, usedMiB: 1 })) }), first)
    const { ssh } = move()
    assert.equal(changed({ moves: [move({ ssh: { source: { ...ssh.source, keyFile: '/home/a/key' }, target: ssh.target } })] }), first)
  })

  it('changes with anything that decides what will be done', () => {
    const others = [
      withNode({ cpus: 4 }),
      withNode({ addresses: ['192.0.2.11'] }),
      withNode({ power: 'off' }),
      withNode({ hazards: [{ code: 'vtpm', severity: 'warning', text: 'x' }] }),
      changed({ moves: [move({ services: ['other.service'] })] }),
      changed({ moves: [move({ downtimeBudgetMs: 5000 })] }),
      changed({ moves: [move({ window: { from: '22:00', to: '04:00', zone: 'UTC' } })] }),
      changed({ moves: [move({ names: [{ dns: 'zone', name: 'www.shop.example' }] })] }),
      changed({ measured: { 'web-1': { path: 'relay', forecastPauseMs: null } } }),
      changed({ steps: ['check-source'] }),
    ]
    assert.equal(new Set([first, ...others]).size, others.length + 1)
  })
})

describe('the plan of many moves', () => {
  it('is byte for byte the same for any order of moves, nodes, providers and keys', () => {
    fc.assert(
      fc.property(shop, fc.infiniteStream(fc.nat()), ({ moves, nodes }, luck) => {
        const shuffled = <T>(list: readonly T[]) =>
          list
            .map((item) => ({ item, rank: luck.next().value as number }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ item }) => item)
        const other: PlanRequest = {
          ...request({
            moves: shuffled(moves).map((one) => ({ ...one, after: shuffled([...one.after, ...one.after]) })),
            inventories: { spare: inventory([]), old: inventory(shuffled(nodes)) },
            catalogs: { new: catalog({ sizes: shuffled(catalog().sizes) }) },
          }),
        }
        const plan = planMoves(request({ moves, inventories: { old: inventory(nodes) } }))
        assert.equal(JSON.stringify(planMoves(other)), JSON.stringify(plan))
      }),
    )
  })

  it('puts every move in exactly one wave, after all it comes after, and as early as that allows', () => {
    fc.assert(
      fc.property(shop, ({ moves, nodes }) => {
        const { waves } = planMoves(request({ moves, inventories: { old: inventory(nodes) } }))
        assert.deepEqual(waves.flat().sort(), moves.map(({ name }) => name).sort())
        const waveOf = (name: string) => waves.findIndex((wave) => wave.includes(name))
        for (const { name, after } of moves) {
          const latest = Math.max(-1, ...after.map(waveOf))
          assert.equal(waveOf(name), latest + 1)
        }
      }),
    )
  })

  it('adds up what all targets cost, and knows nothing when one is unknown', () => {
    const nodes = ['a', 'b'].map((id) => node({ id, name: id, addresses: [] }))
    const moves = nodes.map(({ id }) => move({ name: id, from: { provider: 'old', id, name: null } }))
    const plan = (catalogs: PlanRequest['catalogs']) => planMoves(request({ moves, inventories: { old: inventory(nodes) }, catalogs }))
    assert.deepEqual(plan({ new: catalog() }).totals.monthlyCost, { amount: 156.92, currency: 'USD' })
    assert.equal(plan({ new: catalog({ volumePrice: null }) }).totals.monthlyCost, null)
  })

  it('refuses a circle and shows it', () => {
    const nodes = ['a', 'b', 'c'].map((id) => node({ id, name: id }))
    const after: Record<string, string[]> = { a: ['c'], b: ['a'], c: ['b'] }
    const moves = nodes.map(({ id }) => move({ name: id, from: { provider: 'old', id, name: null }, after: after[id] ?? [] }))
    assert.throws(() => planMoves(request({ moves, inventories: { old: inventory(nodes) } })), {
      code: 'after-cycle',
      message: '`after:` goes round: a -> c -> b -> a.',
    })
  })

  it('blocks two moves of one node, and a move onto itself', () => {
    const twice = planMoves(request({ moves: [move(), move({ name: 'web-2' })] }))
    assert.deepEqual(twice.moves.map(codesOf), [['source-taken'], ['source-taken']])
    const self = requestOf({ target: 'existing', targetNodes: [{ id: 'web-9', name: 'web-9', addresses: ['192.0.2.10'] }], move: { to: { node: 'web-9' } } })
    assert.deepEqual(planMoves(self).moves.map(codesOf), [['same-node']])
  })

  it('of a thousand moves among a thousand nodes takes less than five seconds', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => node({ id: `vm-${index}`, name: `node-${index}` }))
    const moves = nodes.map(({ id, name }, index) => move({ name, from: { provider: 'old', id, name: null }, after: index === 0 ? [] : [`node-${index - 1}`] }))
    const began = performance.now()
    assert.equal(planMoves(request({ moves, inventories: { old: inventory(nodes) } })).waves.length, 1000)
    assert.ok(performance.now() - began < 5000)
  })
})

function codesOf({ blockers }: Plan['moves'][number]): string[] {
  return blockers.map(({ code }) => code)
}

/** `node`, `move` (with `to` and `ssh` merged), `nodes`, `inventory`, `catalog`, `target: existing`, `targetNodes`, `measured`. */
function requestOf(given: Record<string, unknown>): PlanRequest {
  const part = <T>(key: string) => (given[key] ?? {}) as Partial<T>
  const base = move()
  const changes = part<Move>('move')
  const wanted = move({
    ...changes,
    to: { ...base.to, ...changes.to },
    ssh: { source: { ...base.ssh.source, ...changes.ssh?.source }, target: { ...base.ssh.target, ...changes.ssh?.target } },
  })
  const nodes = ((given['nodes'] as Partial<Node>[] | undefined) ?? [part<Node>('node')]).map(node)
  const inventories: Record<string, Inventory> = { old: inventory(nodes, part<Inventory>('inventory')) }
  if (given['targetNodes']) inventories['new'] = inventory((given['targetNodes'] as Partial<Node>[]).map(node), { provider: 'new' })
  const catalogue = given['target'] === 'existing' ? catalog({ kind: 'static', sizes: [], volumePrice: null, addressPrice: null }) : catalog(part('catalog'))
  return request({
    moves: [wanted],
    inventories,
    catalogs: { new: catalogue },
    ...(given['measured'] ? { measured: given['measured'] as NonNullable<PlanRequest['measured']> } : {}),
  })
}

/** Up to twelve nodes; a move comes only after moves with a smaller number, so there is no circle. */
const shop = fc
  .array(
    fc.record({
      cpus: fc.option(fc.integer({ min: 1, max: 16 })),
      power: fc.constantFrom('on' as const, 'off' as const),
      after: fc.array(fc.nat({ max: 11 }), { maxLength: 3 }),
    }),
    { maxLength: 12 },
  )
  .map((entries) => {
    const nodes = entries.map(({ cpus, power }, index) =>
      node({ id: `vm-${index}`, name: `node-${index}`, cpus, power, addresses: [`192.0.2.${index}`, 'fe80::1'] }),
    )
    const moves = entries.map(({ after }, index) =>
      move({
        name: `node-${index}`,
        from: { provider: 'old', id: null, name: `node-${index}` },
        after: after.filter((other) => other < index).map((other) => `node-${other}`),
      }),
    )
    return { nodes, moves }
  })
