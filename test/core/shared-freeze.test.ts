// Moves that are switched as one, there or back: for every group, every order of events and every place where one of them
// fails, the rules of runbook.md §7 hold, no side is written to that should not be, and all come to an end.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { sharedEndMs, sharedPauseMs } from '../../src/core/forecast.ts'
import { nameThere, rowsOf, titleOf, wayBack, type StepName } from '../../src/core/runbook.ts'
import { clientsFirst, isHalfDone, isOver, turnIn, undoWaitsFor, type Member } from '../../src/core/shared-freeze.ts'
import { noFacts } from '../../src/core/stored-move.ts'
import { wavesTogether } from '../../src/core/waves.ts'

const there: readonly StepName[] = [...rowsOf('switch').map((row) => row.name), 'release-clients', 'forward-stragglers']
const ways = { there, back: wayBack.slice(0, there.length).map((row): StepName => row.name) }
type Way = keyof typeof ways
const way = fc.constantFrom<Way>('there', 'back')

type Node = { state: Member['state']; at: StepName | null; next: number; readonly name: string; readonly after: readonly string[] } & {
  giver: 'open' | 'held' | 'frozen' | 'sealed' | 'forwards'
  receiver: 'closed' | 'checks' | 'open'
  written: number
  copied: number
}

/** One process that drives each member by `turnIn` and `undoWaitsFor` and nothing else; every act is followed by a look at all. */
function world(after: readonly (readonly number[])[], rows: readonly StepName[]) {
  const nodes: Node[] = after.map((others, index) => ({
    name: `m${index}`,
    after: others.filter((other) => other < index).map((other) => `m${other}`),
    ...({ state: 'in', at: null, next: 0, giver: 'open', receiver: 'closed', written: 0, copied: -1 } as const),
  }))
  const trace: string[] = []
  const did = (node: Node, what: string): boolean => trace.includes(`${node.name} ${what}`)
  const databases = (node: Node): readonly Node[] => nodes.filter(({ name }) => node.after.includes(name))
  const clients = (node: Node): readonly Node[] => nodes.filter((other) => other.after.includes(node.name))

  const effects: Partial<Record<StepName, (node: Node) => void>> = {
    'hold-clients': (node) => {
      for (const client of clients(node)) assert.ok(did(client, 'freeze-source'), `${node.name} is held while ${client.name} drains`)
      node.giver = 'held'
    },
    'freeze-source': (node) => void (node.giver = 'frozen'),
    'final-sync': (node) => {
      for (const other of nodes) assert.ok(['frozen', 'sealed', 'forwards'].includes(other.giver), `${other.name} may write while ${node.name} is copied`)
      node.copied = node.written
    },
    'seal-source': (node) => {
      for (const other of nodes) assert.ok(did(other, 'verify-data'), `${node.name} is sealed before ${other.name} is compared`)
      for (const database of databases(node)) assert.ok(did(database, 'release-clients'), `${node.name} is sealed before ${database.name} is released`)
      node.giver = 'sealed'
    },
    'promote-target': (node) => void (node.receiver = 'checks'),
    'commit-switch': (node) => {
      assert.equal(node.copied, node.written, 'V2')
      node.receiver = 'open'
    },
    'release-clients': (node) => void (node.giver = 'forwards'),
  }
  const undo = (node: Node): void => {
    if (undoWaitsFor(nodes, node.name) !== null) return
    for (const database of databases(node)) assert.ok(database.state === 'out' || did(database, 'release-clients'), 'databases first')
    Object.assign(node, { state: 'out', giver: 'open', receiver: 'closed' })
  }
  const walk = (node: Node, row: StepName, fails: boolean): void => {
    node.at = row
    const turn = turnIn(nodes, node.name, row)
    const isCommitted = did(node, 'commit-switch')
    const isAlone = turn.kind === 'stop' && nodes.some((each) => did(each, 'commit-switch') && nameThere(each.at ?? row) !== 'commit-switch')
    if (isAlone)
      assert.ok(
        databases(node).some(({ state }) => state !== 'in'),
        `${node.name} stops though all that it needs goes on`,
      )
    if (turn.kind === 'stop' || (turn.kind === 'go' && fails && !isCommitted)) {
      assert.ok(!isCommitted)
      node.state = 'stopped'
      trace.push(`${node.name} stops`)
    } else if (turn.kind === 'go') {
      const name = nameThere(row)
      effects[name]?.(node)
      node.next++
      trace.push(`${node.name} ${name}`)
    }
  }
  const look = (): void => {
    for (const { giver, receiver } of nodes) assert.ok(!(giver === 'open' && receiver === 'open'), 'V1')
    for (const each of nodes)
      for (const database of databases(each))
        assert.ok(each.receiver !== 'open' || database.receiver === 'open', 'an app is never on the other side before its database')
    for (const each of nodes) if (each.giver === 'open') each.written++
  }
  const act = (node: Node, fails: boolean): void => {
    const row = rows[node.next]
    if (node.state === 'stopped') undo(node)
    else if (node.state === 'in' && row !== undefined) walk(node, row, fails)
    look()
  }
  return { nodes, trace, act, databases }
}

const groups = fc.array(fc.array(fc.nat({ max: 5 }), { maxLength: 3 }), { minLength: 1, maxLength: 5 })

test('undisturbed, all are switched in one freeze, whoever is faster', () => {
  fc.assert(
    fc.property(groups, way, fc.array(fc.nat(), { maxLength: 120 }), (after, to, who) => {
      const { nodes, act } = world(after, ways[to])
      for (const each of who) act(nodes[each % nodes.length] ?? assert.fail(), false)
      for (let round = 0; round < 200; round++) for (const node of nodes) act(node, false)
      assert.ok(nodes.every(({ giver, receiver, state }) => giver === 'forwards' && receiver === 'open' && state === 'in'))
      assert.ok(isOver(nodes) && !isHalfDone(nodes))
    }),
  )
})

test('a failure before the first commit opens all again, databases first; after it whoever does not come after what failed goes on', () => {
  const failures = fc.array(fc.record({ who: fc.nat({ max: 4 }), row: fc.nat({ max: rowsOf('switch').length - 1 }) }), {
    minLength: 1,
    maxLength: 3,
  })
  fc.assert(
    fc.property(groups, way, fc.array(fc.nat(), { maxLength: 150 }), failures, (after, to, drawn, places) => {
      const { nodes, trace, act, databases } = world(after, ways[to])
      const go = (node: Node): void =>
        act(
          node,
          places.some(({ who, row }) => node.name === `m${who}` && row === node.next),
        )
      for (const who of drawn) go(nodes[who % nodes.length] ?? assert.fail())
      for (let round = 0; round < 200; round++) for (const node of nodes) go(node)
      assert.ok(isOver(nodes), 'nobody waits for ever')
      const [stopped, committed] = [trace.findIndex((each) => each.endsWith('stops')), trace.findIndex((each) => each.endsWith('commit-switch'))]
      if (stopped !== -1 && (committed === -1 || stopped < committed)) assert.ok(nodes.every(({ state, receiver }) => state === 'out' && receiver === 'closed'))
      // Each one that ended otherwise had a reason: it failed itself, or what it needs did.
      const isSwitched = (node: (typeof nodes)[number]): boolean => node.receiver === 'open'
      const ofThese = nodes.filter((node) => !isSwitched(node) && databases(node).every(isSwitched))
      assert.equal(isHalfDone(nodes), nodes.some(isSwitched) && !nodes.every(isSwitched))
      if (committed !== -1) assert.ok(ofThese.every((node) => trace.includes(`${node.name} stops`)))
    }),
    { numRuns: 1000 },
  )
})

test('each row of the way back repeats one of the way there, and nothing of the switch is left out', () => {
  const repeated = wayBack.map((row) => nameThere(row.name))
  assert.deepEqual(
    repeated,
    [...rowsOf('switch'), ...rowsOf('settle')].map((row) => row.name).filter((name) => name !== 'watch-target'),
  )
  for (const { name } of wayBack.filter((row) => row.name.endsWith('-back') && row.name !== 'check-source-back'))
    assert.equal(nameThere(name), name.slice(0, -'-back'.length))
  assert.equal(titleOf(nameThere('final-sync-back')), 'Copy the last changes')
})

test('what a person reads of the order is clients first', () => {
  const after: Record<string, readonly string[]> = { web: ['api', 'db', 'elsewhere'], api: ['db'], db: [], cache: [] }
  assert.deepEqual(
    clientsFirst(['db', 'web', 'cache', 'api'], (name) => after[name] ?? []),
    ['web', 'api', 'cache', 'db'],
  )
})

test('those that go together are one in the order of the waves; who would have to go between two of them goes round', () => {
  const together = new Map([['freezes.shop', ['web', 'db']]])
  const orderOf = (after: Record<string, readonly string[]>) => wavesTogether(new Map(Object.entries(after)), together)
  assert.deepEqual(orderOf({ web: ['db'], db: ['ldap'], ldap: [], mail: ['web'] }), { waves: [['ldap'], ['db', 'web'], ['mail']], cycle: null })
  assert.deepEqual(orderOf({ web: ['cache'], cache: ['db'], db: [] }).cycle, ['cache', 'freezes.shop', 'cache'])
})

test('the shared pause is forecast along those that wait for each other, and side by side for the rest', () => {
  const measured = { ...noFacts.measured, drainMs: 1000, verifyMs: 200, startMs: 2000, checkMs: 0 }
  const facts = { ...noFacts, measured, lastPass: { seconds: 3, movedBytes: 0, movedFiles: 0, endedAt: '' } }
  const member = (name: string, ...after: readonly string[]) => ({ name, after, facts })
  const alone = 1.3 * (100 + 1000 + 3000 + 200 + 2000 + 100)
  assert.equal(sharedPauseMs([member('db')]), alone)
  assert.equal(sharedPauseMs([member('db'), member('cache')]), alone, 'neither waits for the other')
  assert.equal(sharedPauseMs([member('web', 'db', 'cache'), member('db'), member('cache')]), alone + 1.3 * (1100 + 2100))
  assert.equal(sharedEndMs([member('web', 'db', 'cache'), member('db'), member('cache')], 'db'), 4200)
  assert.equal(sharedEndMs([member('web', 'db'), member('db')], 'web'), 2100)
})
