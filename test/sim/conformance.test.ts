// The adapters of the simulated world keep the promises of the real ones: what is found with them is not found because
// the world is kinder, or worse, than a real one.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { PlannedMove } from '../../src/core/plan.ts'
import type { Side } from '../../src/movers/mover.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { dnsConformance, type DnsSubject } from '../conformance/dns.ts'
import { engineConformance } from '../conformance/engine.ts'
import { moverConformance, type MoverUnderTest } from '../conformance/mover.ts'
import { sourceConformance } from '../conformance/source.ts'
import { targetConformance } from '../conformance/target.ts'
import { dnsOf, linkOf, moverOf, sourceOf, targetOf } from './adapters.ts'
import { asking, type Ask } from './asking.ts'
import { engineOf } from './engine.ts'
import { bigEstate } from './estate.ts'
import { write, type Machine } from './machine.ts'
import { openWorld, type World } from './world.ts'

type Test = { readonly after: (act: () => void) => void }

/** A world in which nothing is lost, and the way to it. */
function calmWorld(t: Test): { readonly world: World; readonly ask: Ask } {
  const world = openWorld(bigEstate(2, 1), { seed: 1, latencyMs: 1, lostPerMille: 0 })
  t.after(world.close)
  return { world, ask: asking(world.ask) }
}

const planned = { name: 'node-0', project: 'shop', to: { provider: 'new-0', kind: 'simulated', size: 'small' } } as unknown as PlannedMove
const later: (() => void)[] = []
const worldOfFile = (): ReturnType<typeof calmWorld> => calmWorld({ after: (act) => void later.push(act) })
test.after(() => later.forEach((act) => act()))

sourceConformance('a simulated source', async (t) => await Promise.resolve(sourceOf(calmWorld(t).ask, 'old-0')))

targetConformance('a simulated target', async () => {
  const target = targetOf(worldOfFile().ask, 'new-0')
  const run = async (program: () => Promise<Readonly<Record<string, unknown>>>) => {
    const declared = await program()
    const made = 'node' in declared ? { ...declared, address: '203.0.113.1' } : declared
    return { outputs: made, resources: [{ name: 'declared', inputs: declared }] }
  }
  return await Promise.resolve({ target, move: planned, run })
})

engineConformance(
  'the simulated engine',
  async () => {
    const { ask } = worldOfFile()
    const layer = nodeLayer(planned, targetOf(ask, 'new-0'), { shared: {}, data: {} }, { run: '1', authorizedKeys: [] })
    const disturb = async (): Promise<void> =>
      void (await ask({ part: 'stack', of: layer.stack, op: 'disturb', move: '', args: {} }, AbortSignal.timeout(5000)))
    return await Promise.resolve({ engine: engineOf(ask), layer, disturb })
  },
  { skip: false },
)

test('an engine that died between asking and storing adopts what was made; what was not made is forgotten', async (t) => {
  const { world, ask } = calmWorld(t)
  const [engine, target, signal] = [engineOf(ask), targetOf(ask, 'new-0'), AbortSignal.timeout(5000)]
  const layer = nodeLayer(planned, target, { shared: {}, data: {} }, { run: '1', authorizedKeys: [] })
  const stack = { part: 'stack', of: layer.stack, move: 'node-0' } as const
  await ask({ ...stack, op: 'create', args: { declared: {}, provider: 'new-0' } }, signal)
  await assert.rejects(
    engine.up(layer, () => undefined, signal),
    { code: 'provision-failed' },
  )
  assert.match((await engine.recover(layer, target.find, signal)).join(), /adopted/)
  await engine.up(layer, () => undefined, signal)
  assert.equal(world.cloud.made.get(layer.stack)?.length, 1)
  assert.deepEqual([...world.broken], [])
})

const zoneState = [
  ['www', ['192.0.2.10'], []],
  ['api', ['192.0.2.20', '192.0.2.21'], ['2001:db8::20']],
  ['files', ['192.0.2.30'], []],
  ['ns1', ['192.0.2.53'], []],
] as const

/** The records of the zone, as they stand in the world and not as the adapter tells. */
function recordsOf({ zone }: World): DnsSubject['records'] {
  return async (asked, type) => {
    const name = asked.replace(/^_lifeboat\./, '')
    const state = zone.names.get(name)
    const { ttl = null, epoch = null } = state ?? {}
    if (type === 'TXT') return await Promise.resolve(epoch === null ? [] : [`${ttl} TXT "v=1 epoch=${epoch.token} owner=${epoch.owner}"`])
    const addresses = type === 'A' ? (state?.a ?? []) : (state?.aaaa ?? [])
    return await Promise.resolve(addresses.map((address) => `${ttl} ${type} ${address}`))
  }
}

dnsConformance('a simulated zone', false, async (t) => {
  const { world, ask } = calmWorld(t)
  for (const [label, a, aaaa] of zoneState) {
    const name = `${label}.shop.example`
    world.zone.names.set(name, { name, a, aaaa, ttl: 10, epoch: null })
  }
  return await Promise.resolve({ provider: dnsOf(ask), records: recordsOf(world), changes: async () => await Promise.resolve(world.zone.serial) })
})

moverConformance('the simulated mover', async (t): Promise<MoverUnderTest> => {
  const { world, ask } = calmWorld(t)
  const signal = AbortSignal.timeout(20_000)
  const source = world.moves.get('node-0')?.source as Machine
  await ask({ part: 'stack', of: 'node-node-0', op: 'create', move: 'node-0', args: { declared: {}, provider: 'new-0' } }, signal)
  const target = world.moves.get('node-0')?.target as Machine
  const link = linkOf(ask)
  const sideOf = (name: Side['name'], { address }: Machine): Side => {
    const at = link({ alias: name, address, port: 22, user: 'root', keyFile: null, agent: null, jump: null, sudo: false }, 'node-0')
    const { port, user, folder, run, sshConfig } = at
    return { name, address, port, user, folder, run, sshConfig, call: async (request, until) => await at.call({ token: 1, ...request }, until) }
  }
  const [from, to] = [sideOf('source', source), sideOf('target', target)]
  for (const [side, peer, role] of [
    [from, to, 'open'],
    [to, from, 'closed'],
  ] as const) {
    await ask({ part: 'node', of: side.address, op: 'install', move: 'node-0', args: {} }, signal)
    await side.call({ op: 'claim', owner: 'node-0/test' }, signal)
    await side.call({ op: 'configure', config: { side: side.name, role, services: ['app.service'], singletons: [], peer } }, signal)
  }
  let written = 0
  const act = (machine: Machine, path: string, content?: string) => async () => await Promise.resolve(write(machine, path, content ?? String(++written)))
  // Nobody else writes: what a pass moves is what the suite changed.
  source.running.clear()
  return {
    mover: moverOf(),
    pair: { from, to },
    change: act(source, 'files/1'),
    oddChanges: [
      { title: 'a new file', act: act(source, 'files/new') },
      {
        title: 'a file that is gone',
        act: async () => {
          source.files.delete('files/2')
          source.changed.add('files/2')
          await Promise.resolve()
        },
      },
    ],
    contents: async (side) =>
      await Promise.resolve(
        JSON.stringify(Object.fromEntries([...(side === 'source' ? source : target).files].sort(([one], [other]) => (one < other ? -1 : 1)))),
      ),
    damages: [
      { title: 'a file that was changed over there', act: act(target, 'files/3', 'x'), names: 'files/3', mendedBy: 'repeat' },
      {
        title: 'a file that no recorder named',
        act: async () => void (await Promise.resolve(target.files.set('files/4', 'x'))),
        names: 'files/4',
        mendedBy: 'audit',
      },
    ],
  }
})
