// The promises of a Source (src/providers/provider.ts), run against every kind of provider.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { nodeSchema, type Node } from '../../src/core/node.ts'
import type { Source } from '../../src/providers/provider.ts'

/** What a kind cannot do at all; it must then say so with an error, and is not asked further. */
export type Able = { readonly power?: boolean; readonly snapshot?: boolean; readonly network?: boolean }

type MakeSource = (test: TestContext) => Promise<Source>

/**
 * Registers the tests. `makeSource` gives a source of its own to each of them, with at least one node that is on, can be
 * switched off, and has a network card.
 */
export function sourceConformance(name: string, makeSource: MakeSource, able: Able = {}): void {
  const title = (fact: string): string => `${name}: ${fact}`
  const open = async (t: TestContext): Promise<Source> => {
    const source = await makeSource(t)
    t.after(() => source.close())
    return source
  }
  inventoryTests(title, open)
  test(title('it says who answers, with its version, clock and certificate, or has nobody who could'), async (t) => {
    const source = await open(t)
    if (source.about === undefined) return
    const { apiVersion, peer } = await source.about(deadline())
    assert.match(apiVersion ?? '', /^\d/)
    assert.ok(Math.abs(peer.clockAhead ?? Number.NaN) <= 5, `${peer.clockAhead}`)
    // Some simulators speak without TLS.
    assert.ok(peer.certificate === null || Date.parse(peer.certificate.expiresAt) > Date.now(), JSON.stringify(peer))
  })
  test(title('power goes off and on, each twice, and is read back'), { skip: able.power === false }, async (t) => {
    const source = await open(t)
    const { id } = await someNode(source)
    for (const wanted of ['off', 'off', 'on', 'on'] as const) {
      await source.power(id, wanted, deadline())
      assert.equal((await nodeCalled(source, id)).power, wanted)
    }
  })
  test(title('a snapshot taken twice is one snapshot'), { skip: able.snapshot === false }, async (t) => {
    const source = await open(t)
    const { id, snapshots } = await someNode(source)
    await source.snapshot(id, 'before <the> "move" & back', deadline())
    await source.snapshot(id, 'before <the> "move" & back', deadline())
    assert.equal((await nodeCalled(source, id)).snapshots, (snapshots ?? 0) + 1)
  })
  test(title('all network cards are disconnected and connected, each twice, and read back'), { skip: able.network === false }, async (t) => {
    const source = await open(t)
    const before = await someNode(source)
    for (const wanted of ['disconnected', 'disconnected', 'connected', 'connected'] as const) {
      await source.network(before.id, wanted, deadline())
      const { nics } = await nodeCalled(source, before.id)
      assert.deepEqual(
        nics.map(({ connected }) => connected),
        before.nics.map(() => wanted === 'connected'),
      )
    }
    // Guests may have lost their leases meanwhile; the machine itself is as it was.
    const machine = ({ disks, nics, power, template }: Node): unknown => ({ disks, power, template, nics: nics.map(({ mac, network }) => [mac, network]) })
    assert.deepEqual(machine(await nodeCalled(source, before.id)), machine(before))
  })
  test(title('a node that is not there is an error, not a success'), async (t) => {
    const source = await open(t)
    if (able.power !== false) await assert.rejects(source.power('no-such-node', 'off', deadline()))
    if (able.snapshot !== false) await assert.rejects(source.snapshot('no-such-node', 'x', deadline()))
    if (able.network !== false) await assert.rejects(source.network('no-such-node', 'disconnected', deadline()))
  })
}

function inventoryTests(title: (fact: string) => string, open: MakeSource): void {
  test(title('the inventory read twice is the same, and of the agreed shape'), async (t) => {
    const source = await open(t)
    const first = await source.nodes(deadline())
    assert.deepEqual(await source.nodes(deadline()), first)
    assert.ok(first.nodes.length > 0)
    assert.equal(new Set(first.nodes.map(({ id }) => id)).size, first.nodes.length, 'ids are unique')
    for (const node of first.nodes) assert.deepEqual(nodeSchema.parse(node), node)
    if (!first.complete) assert.ok(first.warnings.length > 0, 'what is left out is said')
  })
  test(title('every value that is not given is named in `unknown`, and every name there is a field'), async (t) => {
    const { nodes } = await (await open(t)).nodes(deadline())
    for (const node of nodes) {
      for (const field of emptyFields(node)) assert.ok(node.unknown.includes(field), `${node.name}: ${field} is not named in unknown`)
      for (const field of node.unknown) assert.ok(Object.hasOwn(node, field.split('.')[0] ?? ''), `${node.name}: ${field} is no field`)
    }
  })
  test(title('parallel readings agree'), async (t) => {
    const source = await open(t)
    const [one, other] = await Promise.all([source.nodes(deadline()), source.nodes(deadline())])
    assert.deepEqual(one, other)
  })
  test(title('an abort ends the reading with the reason of the signal'), async (t) => {
    const source = await open(t)
    const reason = new Error('enough')
    await assert.rejects(source.nodes(AbortSignal.abort(reason)), reason)
  })
  test(title('it can be closed twice, used or not'), async (t) => {
    const used = await open(t)
    await used.nodes(deadline())
    for (const source of [used, await open(t)]) {
      await source.close()
      await source.close()
    }
  })
}

function deadline(): AbortSignal {
  return AbortSignal.timeout(60_000)
}

async function someNode(source: Source): Promise<Node> {
  const { nodes } = await source.nodes(deadline())
  const found = nodes.find(({ power, template, nics }) => power === 'on' && !template && nics.length > 0)
  assert.ok(found, 'the lab of this kind has a node that is on and has a network card')
  return found
}

async function nodeCalled(source: Source, id: string): Promise<Node> {
  const found = (await source.nodes(deadline())).nodes.find((node) => node.id === id)
  assert.ok(found, `${id} is still there`)
  return found
}

/** Fields that are null or unknown; inside lists with the name of the list, as `disks.usedMiB`. */
function emptyFields(node: Node): string[] {
  const isEmpty = (value: unknown): boolean => value === null || value === 'unknown'
  const inside = (field: string, part: object): string[] =>
    Object.entries(part)
      .filter(([, value]) => isEmpty(value))
      .map(([key]) => `${field}.${key}`)
  const plain = Object.entries(node)
    .filter(([, value]) => isEmpty(value))
    .map(([key]) => key)
  return [...plain, ...node.disks.flatMap((disk) => inside('disks', disk)), ...node.nics.flatMap((nic) => inside('nics', nic)), ...inside('os', node.os)]
}
