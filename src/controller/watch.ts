// `lifeboat watch`: an observer in a process of its own. It needs no controller, so that it goes on where nothing else of
// ours runs, and writes what it saw into the evidence of its state folder.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openWatching, type WatchConfig } from '../app/watching.ts'
import type { Evidence } from '../core/evidence.ts'
import { judgeRules } from '../core/judge-rules.ts'
import { judge, noEvidence, targetView, targetsOf, type Vote } from '../core/judge.ts'
import { openEvidenceLog } from '../watch/log/open.ts'
import { observe } from '../watch/observer.ts'

export type WatchOptions = {
  /** With its secrets, as far as they are known. */
  readonly config: WatchConfig
  readonly state: string
  readonly observer: { readonly name: string; readonly failureDomain: string }
  readonly onKept: (evidence: readonly Evidence[]) => void
  /** What this observer thinks of a target, whenever that is not what it thought before. */
  readonly onVerdict: (at: string, target: string, vote: Vote) => void
  readonly tell: (text: string) => void
  /** Called once it looks. */
  readonly onStart: (nodes: number, controls: number) => void
  readonly signal: AbortSignal
}

const suspiciousMs = 1500
/** Connections that are being opened at the same time. */
const atOnce = 32
const judgedEveryMs = 1000
/** So much of what it saw before tells it again what is usual. */
const rememberedMs = 3_600_000

/** Watches until the signal. Fails as openWatching and openEvidenceLog do. */
export async function watchNodes(options: WatchOptions): Promise<void> {
  const { config, state, observer, tell, signal } = options
  mkdirSync(state, { recursive: true, mode: 0o700 })
  const log = await openEvidenceLog(join(state, 'evidence'), { tell })
  try {
    const watching = await openWatching(config, state, tell, signal)
    const bench = openBench(options)
    const [from, to] = [new Date(Date.now() - rememberedMs), new Date()].map((date) => date.toISOString())
    bench.hear((await log.read({ from: from ?? '', to: to ?? '', observers: [observer.name] })).map(({ evidence }) => evidence))
    const sitting = setInterval(bench.sit, judgedEveryMs)
    options.onStart(watching.watched.filter(({ role }) => role === 'node').length, config.watch.controls.length)
    try {
      await observe({
        observer: observer.name,
        failureDomain: observer.failureDomain,
        ...watching,
        intervalMs: config.watch.interval,
        suspiciousMs,
        atOnce,
        log,
        onKept: (evidence) => {
          bench.hear(evidence)
          options.onKept(evidence)
        },
        onLost: tell,
        signal,
      })
    } finally {
      clearInterval(sitting)
      bench.sit()
      await watching.close()
    }
  } finally {
    await log.close()
  }
}

/** The judge, for this one observer; it hears all the time and thinks now and then. */
function openBench({ config, observer, onVerdict }: WatchOptions): { readonly hear: (evidence: readonly Evidence[]) => void; readonly sit: () => void } {
  const known = config.watch.observers.filter(({ name }) => name !== observer.name)
  const rules = judgeRules({ ...config.watch, observers: [...known, observer] })
  const told = new Map<string, string>()
  let state = noEvidence
  let heard: Evidence[] = []
  return {
    hear: (evidence) => void heard.push(...evidence),
    sit: () => {
      const now = Date.now()
      state = judge(state, heard, now, rules)
      heard = []
      for (const target of targetsOf(state)) {
        const vote = targetView(state, target, rules).votes.find((each) => each.observer === observer.name)
        if (vote === undefined || vote.verdict === 'unknown') continue
        const thought = `${vote.verdict} ${vote.layer}`
        if (told.get(target) !== thought) onVerdict(new Date(now).toISOString(), target, vote)
        told.set(target, thought)
      }
    },
  }
}
