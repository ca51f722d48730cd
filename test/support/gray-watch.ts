// Three observers that share nothing look at one node, and the judge says when they are sure of it.
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Evidence } from '../../src/core/evidence.ts'
import { judgeRules, type JudgeRules } from '../../src/core/judge-rules.ts'
import { judge, noEvidence, targetView, type JudgeState, type TargetView } from '../../src/core/judge.ts'
import { openControl } from '../../src/watch/control.ts'
import { openLadder, type LadderTarget } from '../../src/watch/ladder.ts'
import { observe, type Watched } from '../../src/watch/observer.ts'

export const target = 'web-1'
export const intervalMs = 5000
const observers = ['paris', 'oslo', 'here'].map((name) => ({ name, failureDomain: name }))
/** So many tries of each rung make a baseline, and some more. */
const warmUpRounds = 33
const warmUpMs = 120_000

export const rulesOf = (holdMs: number): JudgeRules => judgeRules({ interval: intervalMs, observers, policy: { quorum: 3, hold: holdMs } })

/** The judge over evidence as it comes, or over those records alone that are let through. */
export class Sitting {
  state: JudgeState = noEvidence
  readonly rules: JudgeRules
  readonly lets: (evidence: Evidence) => boolean
  confirmedAt: number | null = null

  constructor(rules: JudgeRules, lets: (evidence: Evidence) => boolean = () => true) {
    this.rules = rules
    this.lets = lets
  }

  hear(evidence: readonly Evidence[], now: number): void {
    this.state = judge(this.state, evidence.filter(this.lets), now, this.rules)
    if (this.view().standing === 'confirmed') this.confirmedAt ??= now
  }

  view(): TargetView {
    return targetView(this.state, target, this.rules)
  }
}

/** Looks until the signal; every record goes to `hear`. */
async function look(at: LadderTarget, control: string, everyMs: number, hear: (evidence: readonly Evidence[]) => void, signal: AbortSignal): Promise<void> {
  const watched = (): Watched[] => [
    { target, role: 'node', ladder: openLadder(at) },
    { target: control, role: 'control', ladder: openControl(control) },
  ]
  const onLost = (text: string): void => console.log(text)
  const log = { append: async () => await Promise.resolve([]) }
  const options = { views: [], intervalMs: everyMs, suspiciousMs: 1500, atOnce: 4, log, onKept: hear, onLost, signal }
  await Promise.all(observers.map(async ({ name, failureDomain }) => await observe({ ...options, observer: name, failureDomain, watched: watched() })))
}

export type Story = { readonly confirmedSeconds: number | null; readonly layer: string | null; readonly verdict: string; readonly tcpSeconds: number | null }

/** Learns what is usual, lets `strike` do its harm, and tells what became of it within `forMs`. */
export async function watchFault(
  t: TestContext,
  at: LadderTarget,
  control: string,
  holdMs: number,
  forMs: number,
  strike: () => Promise<() => unknown>,
): Promise<Story> {
  const whole = new Sitting(rulesOf(holdMs))
  const tcp = new Sitting(rulesOf(holdMs), (each) => each.kind !== 'sample' || each.role === 'control' || each.rung === 'tcp')
  let rounds = 0
  const stop = new AbortController()
  // On a busy machine observers may be ill themselves for a while.
  const warm = AbortSignal.any([t.signal, stop.signal, AbortSignal.timeout(warmUpMs)])
  const hear = (evidence: readonly Evidence[]): void => {
    for (const sitting of [whole, tcp]) sitting.hear(evidence, Date.now())
    rounds += evidence.filter((each) => each.kind === 'sample' && each.role === 'node' && each.rung === 'tcp').length
    if (rounds >= warmUpRounds * observers.length && whole.view().standing === 'healthy') stop.abort()
  }
  await look(at, control, 200, hear, warm)
  if (whole.view().standing !== 'healthy') throw new Error(`before the fault the node was ${JSON.stringify(whole.view())}`)
  const over = new AbortController()
  const looking = look(at, control, intervalMs, hear, AbortSignal.any([t.signal, over.signal]))
  await delay(intervalMs * 1.5)
  const mend = await strike()
  const struckAt = Date.now()
  try {
    while (whole.confirmedAt === null && Date.now() - struckAt < forMs) await delay(200)
    const { layer, verdict } = whole.view()
    const since = (time: number | null): number | null => (time === null ? null : Math.round((time - struckAt) / 100) / 10)
    return { confirmedSeconds: since(whole.confirmedAt), layer, verdict, tcpSeconds: since(tcp.confirmedAt) }
  } finally {
    await mend()
    over.abort()
    await looking
  }
}
