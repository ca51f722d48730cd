// From evidence to a fail-over against a real PostgreSQL: what is judged is kept, what is confirmed is an incident, what is
// proposed waits for the digest, and the guards are asked again at the act. Nothing is carried out here: that is the move's.
import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import { guarding } from '../../src/app/watch/guarding.ts'
import { openLookout } from '../../src/app/watch/lookout.ts'
import { openWhoServes } from '../../src/app/watch/who-serves.ts'
import { policies } from '../../src/app/watch/policy.ts'
import { kinds } from '../../src/adapters.ts'
import { planOfFailover } from '../../src/app/drill/drills.ts'
import { tellMove, type Parts } from '../../src/app/moves.ts'
import { parseConfig } from '../../src/config/load.ts'
import { judgeRules } from '../../src/core/judge-rules.ts'
import { noFacts, type DecidedFailover } from '../../src/core/stored-move.ts'
import { openPanel } from '../../src/watch/panel.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { evidenceOf, start } from '../core/judging.ts'
import { ownStore } from '../support/own-store.ts'
import { plannedOf, settingsOf } from '../support/stored.ts'

const { pool, store } = ownStore('lookout')
const observers = { paris: 'ovh', oslo: 'telenor', rome: 'tim' }
const quorum = 2
const hard = ['0-600 all: ladder fail']
let parts: Parts
let said: string[]

beforeEach(async () => {
  const durable = { start: async () => await Promise.resolve(), shutdown: async () => undefined }
  parts = { store: store(), journal: openJournal(pool()), signals: openSignals(pool()), durable }
  said = []
  await pool().query(
    'truncate lifeboat.move, lifeboat.judged, lifeboat.incident, lifeboat.failover_approval, lifeboat.policy_switch, lifeboat.drill, lifeboat.signal',
  )
})

const configOf = (mode: string) =>
  parseConfig(
    {
      baseFolder: '',
      text: `project: shop
providers: { iron: { kind: static, nodes: [ { name: web-1, address: 192.0.2.10 }, { name: web-2, address: 203.0.113.11 } ] } }
moves: { web-1: { from: { provider: iron }, to: { provider: iron, node: web-2 }, standby: {}, fence: [ { kind: ssh } ] } }
watch:
  observers: [ { name: paris, failureDomain: ovh }, { name: oslo, failureDomain: telenor }, { name: rome, failureDomain: tim } ]
  policy: { mode: ${mode}, quorum: ${quorum} }
`,
    },
    kinds,
  ).document

/** A standby that was complete as the outage began. */
async function standBy(completeAt: number): Promise<void> {
  const settings = { ...settingsOf('web-1', 'b1946ac92492d234'), fence: ['ssh' as const] }
  await parts.store.beginRun(settings, plannedOf('web-1'), { text: '', baseFolder: '' })
  const at = new Date(completeAt).toISOString()
  const target = { address: '203.0.113.11', privateAddress: null, id: 'i-1' }
  await parts.store.learn('web-1', { ...noFacts, target, lastPass: { seconds: 1, movedBytes: 0, movedFiles: 0, beganAt: at, endedAt: at } }, 0)
}

/** A lookout over a standby that was complete `last` seconds ago; what it hears ends now. */
async function watching(mode: string, last = 60) {
  const config = configOf(mode)
  const now = Date.now()
  const offset = now - start - last * 1000
  const panel = await openPanel(judgeRules(config.watch), { read: async () => await Promise.resolve([]) })
  await standBy(now - last * 1000)
  const whoServes = await openWhoServes(parts.store, config)
  const lookout = await openLookout(parts, { config, panel, whoServes, onLog: (text) => said.push(text) })
  /** Looks after each round. */
  const hear = async (target: string, story: readonly string[], from: number, to: number) => {
    for (const { second, evidence } of evidenceOf({ observers, quorum, story }, to)) {
      if (second < from) continue
      const seen = evidence.map((each) => ({ ...each, at: new Date(Date.parse(each.at) + offset).toISOString() }))
      panel.hear(seen.map((each) => (each.kind === 'sample' && each.role === 'node' ? { ...each, target } : each)))
      await lookout.look(start + second * 1000 + offset)
    }
  }
  return { config, now, hear, look: async () => await lookout.look(Date.now()) }
}

/** Plays the story so that its last second is now. */
async function watch(mode: string, story: readonly string[], last: number) {
  const watched = await watching(mode, last)
  await watched.hear('web-1', story, -160, last)
  return watched
}

const context = { config: { text: '', baseFolder: '' }, secrets: {}, isComplete: true, who: 'ops' }
const card = async () => (await policies(parts, () => configOf('auto')).explainPolicy(context, 'web-1')).moves[0] ?? assert.fail()

test('after a switch it is the target that is judged, and back again; what is seen of the other side says nothing', async () => {
  const { config, hear, look } = await watching('auto')
  const drill = { schema: 'lifeboat.drill/1', move: 'web-1', level: 'D1', at: new Date().toISOString(), passed: true, plan: await plan() } as const
  await parts.store.saveDrill({ ...drill, tried: true, checks: [], isolation: null, notDrilled: [], recoverySeconds: null, expiresAt: null })
  const serve = async (serving: 'source' | 'target') => await parts.store.learn('web-1', { serving }, 0)
  await hear('web-1@target', ['0-600 all: ladder fail'], -160, 60)
  assert.deepEqual([(await card()).serving, (await card()).standing], ['source', 'unknown'])
  await hear('web-1', [], -160, 60)
  assert.deepEqual([(await card()).standing, await parts.store.openIncidents()], ['healthy', []])

  await serve('target')
  assert.deepEqual([(await card()).serving, (await card()).standing], ['target', 'unknown'], 'what was judged of the source counts no more')
  await look()
  const down = await card()
  assert.deepEqual([down.standing, down.verdict, down.act, down.plan], ['confirmed', 'hard-down', 'nothing', null])
  assert.deepEqual([await word(), said.includes('web-1@target is confirmed: hard-down, consistent with unreachable.')], [null, true], said.join('\n'))
  const [incident, ...others] = await parts.store.openIncidents()
  assert.deepEqual([others, incident?.side, incident?.provider], [[], 'target', config.moves['web-1']?.to.provider])

  await serve('source')
  await look()
  assert.deepEqual([(await card()).serving, (await card()).standing], ['source', 'healthy'])
})

const plan = async () => planOfFailover((await parts.store.move('web-1')) ?? assert.fail()) ?? assert.fail()
const word = async () => await parts.signals.take('web-1', 1, 'failover')
const approve = async (digest: string) => await tellMove(parts, 'web-1', 'approve', { digest, who: 'ops@desk' })

test('all well: nothing but judgements is kept; an outage is an incident from its first suspicion, and one that heals is over', async () => {
  await watch('auto', ['0-600 rome: ladder fail'], 30)
  assert.deepEqual([(await parts.store.judged('web-1'))?.standing, await parts.store.openIncidents()], ['suspected', []])
  await pool().query('truncate lifeboat.move')
  await watch('observe', ['0-120 all: ladder fail'], 300)
  const [incident, ...others] = await parts.store.incidents({ limit: 9 })
  assert.deepEqual(others, [])
  assert.ok(incident?.closedAt != null && incident.closedAt > incident.confirmedAt && incident.confirmedAt > incident.suspectedAt)
  assert.equal(incident.decision, null)
  assert.ok(said.some((text) => text.startsWith('web-1 is confirmed: hard-down')))
})

test('proposed, it waits for the digest of what would be done; approved, the move is told once, in whose name and for which plan', async () => {
  const { look } = await watch('propose', hard, 90)
  const digest = await plan()
  assert.ok(said.includes(`A fail-over of web-1 is proposed: lifeboat approve web-1 --digest ${digest}`), said.join('\n'))
  assert.equal(await word(), null)
  await assert.rejects(approve('ffffffffffffffff'), { code: 'plan-changed' })
  assert.equal((await approve(digest)).failover, true)
  assert.equal(await parts.signals.waits('web-1', 1, 'approve'), false, 'the planned switch is not approved by it')
  await look()
  await look()
  const told = await word()
  assert.deepEqual([told?.['who'], told?.['trigger'], told?.['digest']], ['ops@desk', 'approval', digest])
  await look()
  assert.equal(await word(), null, 'an approval is used once')
  await parts.store.returnApproval(String(told?.['id']))
  await look()
  assert.equal((await word())?.['digest'], digest, 'one that was refused before it did anything begins again')
  const [incident] = await parts.store.openIncidents()
  assert.deepEqual([incident?.decision?.act, incident?.decision?.by, incident?.decision?.votes.length], ['fail-over', 'approval', 3])
})

test('without anybody who watches, an approval of a fail-over would lead to nothing, and is refused', async () => {
  await standBy(Date.now())
  await assert.rejects(approve(await plan()), { code: 'not-now', message: 'Nobody watches the source of web-1 now, so nothing would come of it.' })
})

test('where nothing but observing is wanted, an approval would lead to nothing, and is refused', async () => {
  await watch('observe', hard, 60)
  await assert.rejects(approve(await plan()), { code: 'not-now', message: /`watch.policy.mode` is observe/ })
})

test('by itself it acts only after a drill of this very plan, and never while the switch is pressed', async () => {
  const { look } = await watch('auto', hard, 60)
  assert.equal(await word(), null)
  assert.deepEqual((await parts.store.openIncidents())[0]?.decision?.act, 'propose')
  const held = { tried: true, checks: [], isolation: null, notDrilled: [], recoverySeconds: null, expiresAt: null }
  const drill = { schema: 'lifeboat.drill/1', move: 'web-1', level: 'D1', at: new Date().toISOString(), passed: true, ...held } as const
  await parts.store.saveDrill({ ...drill, plan: 'ffff' })
  await look()
  assert.equal(await word(), null)
  await parts.store.saveDrill({ ...drill, plan: await plan() })
  await parts.store.setPolicySwitch({ off: true, by: 'ops', reason: '' })
  await look()
  assert.equal(await word(), null)
  await parts.store.setPolicySwitch({ off: false, by: 'ops', reason: '' })
  await look()
  assert.deepEqual([(await word())?.['trigger']], ['policy'])
})

test('at the act the guards are asked again: what has changed since refuses, and a person’s own word asks nobody', async () => {
  const { now } = await watch('propose', hard, 60)
  const refuse = guarding(parts, { ...settingsOf('web-1', null), fence: ['ssh'] })
  const ask = async (decided: DecidedFailover | null, moment: 'fence' | 'promote' = 'fence', fence: typeof noFacts.fence = null) => {
    const facts = { ...((await parts.store.move('web-1'))?.facts ?? noFacts), decided, fence }
    return await refuse(moment, { facts, token: 0 }).then(
      () => null,
      (error: Error) => error.message,
    )
  }
  const digest = await plan()
  await approve(digest)
  const decided = { id: 'failover-1', trigger: 'approval', digest, silentSince: now - 60_000 } as const
  assert.equal(await ask(null), null)
  assert.equal(await ask(decided), null)
  assert.match((await ask(decided, 'promote')) ?? '', /not confirmed that the source is cut off/)
  assert.equal(await ask(decided, 'promote', { by: 'ssh', text: '', at: new Date().toISOString() }), null)
  assert.match((await ask({ ...decided, silentSince: now })) ?? '', /^The standby is 1 min behind, which may be 10 s\.$/)
  await parts.store.setPolicySwitch({ off: true, by: 'ops', reason: '' })
  const used = async () => (await parts.store.failoverApproval('web-1'))?.used?.by ?? null
  assert.equal(await parts.store.useApproval((await parts.store.failoverApproval('web-1'))?.id ?? 0, 'failover-1'), true)
  assert.match((await ask(decided, 'promote', { by: 'ssh', text: '', at: new Date().toISOString() })) ?? '', /switched off/)
  assert.equal(await used(), 'failover-1', 'once the source is cut off an approval is used')
  assert.match((await ask(decided)) ?? '', /switched off/)
  assert.equal(await used(), null, 'before that it counts on')
  await parts.store.setPolicySwitch({ off: false, by: 'ops', reason: '' })
  await pool().query(`update lifeboat.judged set body = body || jsonb_build_object('at', $1::bigint)`, [now - 300_000])
  assert.match((await ask(decided)) ?? '', /^It was judged 5 min/)
  await pool().query('truncate lifeboat.judged')
  assert.match((await ask(decided)) ?? '', /^Nobody watches the source/)
})
