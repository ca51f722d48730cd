// Evidence out of a few lines: `"0-60 paris,rome: echo slow"`. In the 160 seconds before time 0 all is well, so that
// everybody knows what is usual.
import type { Evidence, Rung, Sample } from '../../src/core/evidence.ts'
import { judge, noEvidence, targetView, type JudgeState, type TargetView } from '../../src/core/judge.ts'
import { judgeRules, type JudgeRules } from '../../src/core/judge-rules.ts'

export const start = Date.UTC(2026, 2, 1, 10)
export const roundMs = 5000
const warmUpMs = 160_000

/** ms of each rung while all is well, and while it is slow (as measured in gray faults). */
const usual: Readonly<Record<Rung, readonly [well: number, slow: number]>> = {
  icmp: [2, 1500],
  tcp: [3, 1200],
  banner: [16, 1513],
  kex: [72, 4066],
  auth: [36, 3400],
  exec: [192, 3622],
  fsync: [176, 3879],
  echo: [5, 1503],
  app: [40, 2600],
  view: [80, 80],
}
export const ladder = Object.keys(usual) as readonly Rung[]
const controls = ['https://a.example', 'https://b.example', 'https://c.example']

/** `0-60 paris: echo slow, fsync fail`; who: observers, `all`, or `monitor`. What stands on a later line wins. */
type Line = { readonly from: number; readonly to: number; readonly who: readonly string[]; readonly what: readonly string[] }

function lineOf(text: string): Line {
  const match = /^(\d+)-(\d+) ([\w,-]+): (.+)$/.exec(text)
  if (match === null) throw new Error(`Not a line of a story: ${text}`)
  const [, from, to, who = '', what = ''] = match
  return { from: Number(from) * 1000, to: Number(to) * 1000, who: who.split(','), what: what.split(', ') }
}

export type Play = {
  readonly observers: Readonly<Record<string, string>>
  readonly quorum: number
  readonly holdSeconds?: number
  readonly story: readonly string[]
}

export function rulesOf({ observers, quorum, holdSeconds = 30 }: Play): JudgeRules {
  const named = Object.entries(observers).map(([name, failureDomain]) => ({ name, failureDomain }))
  return judgeRules({ interval: roundMs, observers: named, policy: { quorum, hold: holdSeconds * 1000 } })
}

/** What is known at each of these seconds; judged once a round. */
export function play(given: Play, seconds: readonly number[]): Map<number, TargetView> {
  const views = new Map<number, TargetView>()
  for (const { second, view } of rounds(given, Math.max(...seconds))) if (seconds.includes(second)) views.set(second, view)
  return views
}

type Round = { readonly second: number; readonly state: JudgeState; readonly view: TargetView }

/** Every round up to a second. `mix` may change what comes of each: its order, say. */
export function* rounds(given: Play, last: number, mix: (round: Evidence[]) => readonly Evidence[] = (round) => round): Generator<Round> {
  const rules = rulesOf(given)
  let state: JudgeState = noEvidence
  for (const { second, evidence } of evidenceOf(given, last)) {
    state = judge(state, mix(evidence), start + second * 1000, rules)
    yield { second, state, view: targetView(state, 'web-1', rules) }
  }
}

/** What comes in each round, up to a second. */
export function* evidenceOf(given: Play, last: number): Generator<{ readonly second: number; readonly evidence: Evidence[] }> {
  const lines = given.story.map(lineOf)
  for (let at = -warmUpMs; at <= last * 1000; at += roundMs) yield { second: at / 1000, evidence: roundOf(given, lines, at) }
}

function roundOf({ observers }: Play, lines: readonly Line[], at: number): Evidence[] {
  const saidOf = (who: string): string[] =>
    lines
      .filter((line) => at >= line.from && at < line.to && (line.who.includes(who) || (line.who.includes('all') && who !== 'monitor')))
      .flatMap(({ what }) => what)
  return [...Object.entries(observers).flatMap(([name, domain]) => observed(name, domain, saidOf(name), at)), ...monitored(saidOf('monitor'), at)]
}

function observed(observer: string, domain: string, said: readonly string[], at: number): Evidence[] {
  if (said.includes('silent')) return []
  const time = new Date(start + at).toISOString()
  const lag = Number(said.find((each) => each.startsWith('lag '))?.slice(4) ?? 3)
  const inDomain = said.find((each) => each.startsWith('in '))?.slice(3) ?? domain
  const bad = Number(said.find((each) => each.startsWith('controls-bad '))?.slice(13) ?? 0)
  const base = { kind: 'sample', at: time, observer, connection: 'fresh', text: '' } as const
  return [
    { kind: 'health', at: time, observer, failureDomain: inDomain, loopLagMs: lag },
    ...(said.includes('no-controls') ? [] : controls).map((target, nth): Sample => ({
      ...base,
      target,
      role: 'control',
      rung: 'tcp',
      ms: 9,
      outcome: nth < bad ? 'fail' : 'ok',
    })),
    ...(['fresh', 'kept'] as const).flatMap((connection) =>
      ladder.flatMap((rung) => tried({ ...base, connection, target: 'web-1', role: 'node', rung }, said)),
    ),
  ]
}

/** `echo slow` is said of both connections, `kept:echo slow` of one. `absent`: no such sample at all. */
function tried(sample: Omit<Sample, 'ms' | 'outcome'>, said: readonly string[]): Sample[] {
  const { rung, connection } = sample
  const words = said.findLast((each) => [`${rung} `, `${connection}:${rung} `, 'ladder ', `${connection}:ladder `].some((prefix) => each.startsWith(prefix)))
  const how = words?.slice(words.indexOf(' ') + 1) ?? 'ok'
  const [well, slow] = usual[rung]
  if (how === 'absent') return []
  if (how === 'fail') return [{ ...sample, ms: 5000, outcome: 'fail' }]
  if (how === 'unknown') return [{ ...sample, ms: null, outcome: 'unknown' }]
  return [{ ...sample, ms: how === 'slow' ? slow : how === 'ok' ? well : Number(how), outcome: 'ok' }]
}

/** `firing`, `resolved`, `blind`, `firing-late` (weight 0), of another one: `firing other`. */
function monitored(said: readonly string[], at: number): Evidence[] {
  const time = new Date(start + at).toISOString()
  return said.map((words, nth) => {
    const [state = '', name = 'pager'] = words.split(' ')
    const late = state === 'firing-late'
    return {
      kind: 'signal',
      at: time,
      id: `${at}-${nth}`,
      source: name,
      family: 'alertmanager',
      deliveryKey: `${at}-${nth}`,
      instanceKey: 'web-1 down',
      state: late ? 'firing' : (state as 'firing' | 'resolved' | 'blind'),
      severity: 'critical',
      occurredAt: time,
      subjects: ['web-1'],
      auth: { scheme: 'hmac', ok: true },
      rawSha256: '0'.repeat(64),
      text: '',
      weight: late ? 0 : 1,
    }
  })
}

/** A view in words, as golden files hold it: `confirmed gray small-packets 3/3`, with ` +monitor` while monitoring fires. */
export function told({ standing, verdict, layer, down, voters, monitorFires }: TargetView): string {
  return [standing, verdict, layer ?? '-', `${down}/${voters}`, ...(monitorFires ? ['+monitor'] : [])].join(' ')
}
