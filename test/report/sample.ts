// A project as a report sees it: three nodes that go there, back, and there again, under traffic. Written by hand: steps
// with their seconds; one attempt is undone because it would have taken too long, one step is cut by a controller's death.
import type { Plan, PlannedMove } from '../../src/core/plan.ts'
import type { JournalRecord, RecordState } from '../../src/core/records.ts'
import type { ReportInput, Sample } from '../../src/report/schema.ts'

type Entry = Omit<JournalRecord, 'seq' | 'schema' | 'hash'>
type Details = Readonly<Record<string, unknown>>
type Node = {
  readonly name: string
  readonly old: string
  readonly young: string
  readonly dns: string | null
  readonly begins: number
  readonly check: string
}

const start = Date.parse('2026-03-14T02:00:00.000Z')
const fingerprint = 'b1946ac92492d234'
const nodes: readonly Node[] = [
  { name: 'db-1', old: '192.0.2.12', young: '203.0.113.12', dns: null, begins: 0, check: 'port 5432 accepts' },
  { name: 'api-1', old: '192.0.2.11', young: '203.0.113.11', dns: 'api.shop.example', begins: 7, check: 'GET http://{address}/health answers 200' },
  { name: 'web-1', old: '192.0.2.10', young: '203.0.113.10', dns: 'www.shop.example', begins: 12, check: 'GET http://{address}/ answers 200' },
]

/** Writes the records of one move; `now` is in seconds since the beginning. */
function writer(node: Node) {
  const entries: Entry[] = []
  let now = node.begins
  let run = 1
  const write = (step: string, state: RecordState, text: string, details: Details = {}) =>
    entries.push({ at: new Date(start + Math.round(now * 1000)).toISOString(), move: node.name, run, step, state, text, details })
  const wait = (seconds: number) => void (now += seconds)
  const step = (name: string, seconds: number, text: string, details: Details = {}, end: RecordState = 'done') => {
    write(name, 'started', '')
    wait(seconds)
    write(name, end, text, details)
  }
  return { entries, write, wait, now: () => now, step, nextRun: () => void run++, until: (at: number) => void (now = Math.max(now, at)) }
}

type Writer = ReturnType<typeof writer>

function prepare({ step, write, wait, now }: Writer, { name, young, dns }: Node): void {
  step('check-source', 1.4, 'ssh answers; Debian GNU/Linux 12, 2 vCPU, 4096 MiB')
  step('adopt-inventory', 0.1, 'kept')
  step('provision-node', 38.2, `t3.medium at ${young}`, { address: young })
  step('prepare-node', 3.1, 'both sides are ready')
  if (dns) step('claim-names', 0.2, `_lifeboat.${dns} is ours`)
  step('start-recording', 0.1, 'recording on both sides')
  write('first-sync', 'started', '')
  wait(9)
  write('first-sync', 'progress', '1.1 GiB of 2.4 GiB')
  if (name === 'db-1') {
    wait(4)
    write('first-sync', 'started', 'going on where it was')
  }
  wait(11.5)
  write('first-sync', 'done', '2.4 GiB, 18,204 files', { movedBytes: 2_576_980_378, movedFiles: 18_204, seconds: 20.5 })
  if (dns) step('lower-ttl', 12.4, '300 s before, 5 s now', { timeToLive: [{ name: dns, before: 300, after: 5 }] })
  step('keep-in-sync', 1.2, '640 KiB, 41 files', { movedBytes: 655_360, movedFiles: 41 })
  write('await-approval', 'started', '')
  write('await-approval', 'waiting', 'forecast 4.1 s', { forecastPauseMs: 4100 })
  wait(14)
  const approval = {
    by: 'approve',
    who: 'ops@desk',
    at: new Date(start + 1000 * now()).toISOString(),
    digest: name === 'db-1' ? fingerprint : null,
    plan: fingerprint,
  }
  write('await-approval', 'done', 'approved', approval)
}

/** What each step was thought to take on the way back, in ms. */
const forecastSteps = {
  'hold-clients': 100,
  'freeze-source': 400,
  'final-sync': 500,
  'verify-data': 280,
  'promote-target': 900,
  'check-target': 0,
  'release-clients': 100,
}

/** An attempt that notices in time that it would take too long, and lets everybody go on. */
function tooSlow({ step, wait }: Writer): void {
  step('check-ready', 0.6, 'ready', { forecastPauseMs: 4100, budgetMs: 20_000 })
  step('hold-clients', 0.1, 'the holder counted a connection from outside')
  step('freeze-source', 1.2, '2 units stopped')
  step('final-sync', 6.4, 'A pass of 6.4 s leaves 9.1 s of 20 s: not enough for the rest', {}, 'failed')
  step('thaw-source', 0.9, 'what ran runs again')
  step('unhold-clients', 0.1, '37 connections answered by the source')
  wait(8)
  step('keep-in-sync', 2.2, '88 MiB, 310 files', { movedBytes: 92_274_688, movedFiles: 310 })
}

function switchOver({ step }: Writer, { dns, old, young, check }: Node, scale: number, forecastPauseMs: number): void {
  step('check-ready', 0.7, 'ready', { forecastPauseMs, budgetMs: 20_000, checks: 1 })
  step('hold-clients', 0.09, 'the holder counted a connection from outside')
  step('freeze-source', 0.8 * scale, '2 units stopped')
  step('final-sync', 0.62 * scale, '212 KiB, 9 files', { movedBytes: 217_088, movedFiles: 9 })
  step('verify-data', 0.31, 'both sides are equal', { differences: 0 })
  step('seal-source', 0.05, 'sealed')
  step('promote-target', 1.05 * scale, '2 units started')
  step('check-target', 0.12, 'all checks pass', {
    checks: [
      { check, passed: true, ms: 19 },
      { check: '`systemctl is-active shop` succeeds', passed: true, ms: 52 },
    ],
  })
  step('commit-switch', 0.04, 'committed')
  step('release-clients', 0.07, 'held connections are answered by the target')
  step('forward-stragglers', 0.2, 'the old address forwards')
  step('start-singletons', 0.4, 'shop-cron.timer')
  step('start-reverse-sync', 1.1, 'the source follows')
  if (dns) step('switch-dns', 0.6, 'all 2 authorities answer with the new address', { names: [dns], from: old, to: young })
}

function watch({ write, wait }: Writer, stragglers: number, seconds: number): void {
  write('watch-target', 'started', '')
  for (const stale of [2, 2, 1]) {
    wait(5)
    write('watch-target', 'progress', 'watching', { stragglers, cached: { asked: 3, stale } })
  }
  wait(5)
  write('watch-target', 'done', 'no regression', { stragglers, cached: { asked: 3, stale: 0 } })
  write('await-finish', 'started', '')
  wait(12)
  write('await-finish', 'progress', `going back costs ${seconds} s and no write`, {
    stragglers,
    price: { possible: true, seconds, writesLost: 0, why: 'Both sides answer, so a final pass carries every write back.' },
  })
  wait(11)
}

function goBack({ step, write }: Writer, { dns, old, young, check }: Node): void {
  step('check-ready-back', 0.6, 'ready', { forecastPauseMs: 3400, forecastSteps, budgetMs: 20_000, checks: 1 })
  step('hold-clients-back', 0.12, 'held on both sides')
  step('freeze-target', 0.7, '2 units stopped')
  step('final-sync-back', 0.44, '96 KiB, 5 files', { movedBytes: 98_304, movedFiles: 5 })
  step('verify-data-back', 0.28, 'both sides are equal')
  step('seal-target', 0.05, 'sealed')
  step('promote-source', 0.93, '2 units started')
  step('check-source-back', 0.1, 'all checks pass', { checks: [{ check, passed: true, ms: 12 }] })
  step('commit-switch-back', 0.04, 'committed')
  step('release-clients-back', 0.08, 'held connections are answered by the source')
  step('forward-stragglers-back', 0.2, 'the target forwards')
  step('start-singletons-back', 0.3, 'shop-cron.timer')
  step('start-reverse-sync-back', 1, 'the target follows')
  if (dns) step('switch-dns-back', 0.5, 'all 2 authorities answer with the old address', { names: [dns], from: young, to: old })
  write('move', 'undone', 'Rolled back; the source serves.')
}

/** The web node goes back while its move still waits; the others had been left alone, so that going back is a run of its own. */
function journalOf(node: Node): Entry[] {
  const move = writer(node)
  move.write('move', 'started', 'Migration begins.', { want: 'migrate', plan: fingerprint, who: 'ops@desk' })
  move.write('credentials', 'waiting', 'Waiting for env:VC_PASSWORD')
  prepare(move, node)
  if (node.name === 'api-1') tooSlow(move)
  switchOver(move, node, node.name === 'db-1' ? 1.4 : 1, 4100)
  watch(move, node.dns ? 23 : 4, 3.4)
  move.until(190 + 20 * nodes.indexOf(node))
  if (node.name !== 'web-1') move.nextRun()
  goBack(move, node)
  move.until(270 + 20 * nodes.indexOf(node))
  move.nextRun()
  switchOver(move, node, 0.8, 3600)
  watch(move, node.dns ? 31 : 5, 3.1)
  return move.entries
}

function plannedMove({ name, old }: Node): PlannedMove {
  return {
    name,
    project: 'shop',
    from: { provider: 'old', id: `vm-${name}`, name, address: old },
    to: {
      provider: 'new',
      kind: 'aws',
      size: 't3.medium',
      image: 'debian-12',
      reasons: ['2 vCPU and 4096 MiB are needed'],
      alternatives: [],
      monthlyCost: { amount: 36.4, currency: 'USD' },
      volumeGiB: 40,
      address: null,
    },
    path: 'direct',
    forecastPauseMs: null,
    steps: [],
    after: [],
    ports: [{ port: 443, protocol: 'tcp', proxyProtocol: false }],
    roots: ['/srv/shop'],
    blockers: [],
    warnings: [],
  }
}

/** Twelve requests a second for each name; those that meet a pause wait for its end and are answered by the other side. */
function trafficOf(records: readonly JournalRecord[]): Sample[] {
  let random = 7
  const next = () => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647
  return nodes.flatMap(({ name, dns, old, young }) => {
    if (dns === null) return []
    const own = records.filter(({ move }) => move === name)
    const at = (steps: readonly string[], state: RecordState) =>
      own.filter((record) => steps.includes(record.step) && record.state === state).map((record) => Date.parse(record.at))
    const holds = at(['hold-clients', 'hold-clients-back'], 'done')
    const ends = at(['release-clients', 'release-clients-back', 'unhold-clients'], 'done')
    const turns = at(['release-clients', 'release-clients-back'], 'done')
    return Array.from({ length: 12 * 390 }, (_, index): Sample => {
      const began = start + Math.round((index / 12) * 1000 + next() * 60)
      const pause = holds.findIndex((hold, each) => began >= hold && began < (ends[each] ?? 0))
      const waits = pause === -1 ? 0 : (ends[pause] ?? began) - began
      const ms = Math.round(waits + 8 + next() ** 4 * 90)
      const turned = turns.filter((turn) => turn <= began + waits).length
      const retried = pause !== -1 && began - (holds[pause] ?? 0) < 40
      return { at: new Date(began).toISOString(), ms, outcome: retried ? 'retried' : 'ok', name: dns, address: turned % 2 === 1 ? young : old }
    })
  })
}

export function sampleInput(): ReportInput {
  const entries = nodes.flatMap(journalOf).toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
  const records = entries.map((entry, index): JournalRecord => ({
    schema: 'lifeboat.journal/1',
    seq: index + 1,
    hash: String(index + 1).padStart(64, '0'),
    ...entry,
  }))
  const plan: Plan = {
    schema: 'lifeboat.plan/1',
    fingerprint,
    moves: nodes.map(plannedMove),
    waves: [['db-1'], ['api-1'], ['web-1']],
    totals: { monthlyCost: { amount: 109.2, currency: 'USD' }, bothSidesMonthlyCost: null },
  }
  return { project: 'shop', records, plan, traffic: { samples: trafficOf(records), lostWrites: 0 } }
}
