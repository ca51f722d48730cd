// `lifeboat watch`: an observer in a process of its own. It needs no controller, so that it goes on where nothing else of
// ours runs, and writes what it saw into the evidence of its state folder.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openWatching, type WatchConfig } from '../app/watch/watching.ts'
import type { Evidence } from '../core/evidence.ts'
import { judgeRules } from '../core/judge-rules.ts'
import { targetView, targetsOf, type Vote } from '../core/judge.ts'
import type { EvidenceLog } from '../watch/evidence-log.ts'
import { openAudit } from '../server/audit.ts'
import { listenAt } from '../server/listen.ts'
import { createObserverServer } from '../server/observer.ts'
import { openHeardServing, type HeardServing } from './heard-serving.ts'
import { openEvidenceLog, type OpenEvidenceLog } from '../watch/log/open.ts'
import { observe, pace } from '../watch/observer.ts'
import { openPanel, type Panel } from '../watch/panel.ts'

export type WatchOptions = {
  /** With its secrets, as far as they are known. */
  readonly config: WatchConfig
  readonly state: string
  readonly observer: { readonly name: string; readonly failureDomain: string }
  readonly onKept: (evidence: readonly Evidence[]) => void
  /** What this observer thinks of a target, whenever that is not what it thought before. */
  readonly onVerdict: (at: string, target: string, vote: Vote) => void
  readonly tell: (text: string) => void
  /** `HOST:PORT` where bearers of `server.tokens` may have its evidence; null: nobody else may. */
  readonly listen: string | null
  /** Called once it looks. */
  readonly onStart: (nodes: number, controls: number, url: string | null) => void
  readonly signal: AbortSignal
}

const judgedEveryMs = 1000

/** Watches until the signal. Fails as openWatching and openEvidenceLog do. */
export async function watchNodes(options: WatchOptions): Promise<void> {
  const { config, state, observer, tell, signal } = options
  mkdirSync(state, { recursive: true, mode: 0o700 })
  const log = await openEvidenceLog(join(state, 'evidence'), { tell })
  const opened = [log.close]
  try {
    const serving = await openHeardServing(join(state, 'watch', 'serving.json'))
    const open = options.listen === null ? null : await tellOthers(options, options.listen, log, serving.hear)
    opened.push(async () => await open?.close())
    const watching = await openWatching({ config, state, serving: serving.now, tell, signal })
    const seat = await openSeat(options, log)
    const sitting = setInterval(seat.sit, judgedEveryMs)
    options.onStart(watching.watched.filter(({ role }) => role === 'node').length, config.watch.controls.length, open?.url ?? null)
    try {
      await observe({
        observer: observer.name,
        failureDomain: observer.failureDomain,
        ...watching,
        intervalMs: config.watch.interval,
        ...pace,
        log,
        onKept: (evidence) => {
          seat.hear(evidence)
          options.onKept(evidence)
        },
        onLost: tell,
        signal,
      })
    } finally {
      clearInterval(sitting)
      seat.sit()
      await watching.close()
    }
  } finally {
    for (const close of opened.toReversed()) await close()
  }
}

async function tellOthers(
  { config, state }: WatchOptions,
  listen: string,
  log: OpenEvidenceLog,
  hearServing: HeardServing['hear'],
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const audit = await openAudit(join(state, 'audit.jsonl'))
  const server = createObserverServer({ tokens: config.server.tokens, audit, evidence: log, hearServing })
  const close = async (): Promise<void> => {
    await server.close()
    await audit.close()
  }
  try {
    return { url: await listenAt(server, listen, '--listen'), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What this one observer thinks, told whenever it changes. */
async function openSeat({ config, observer, onVerdict }: WatchOptions, log: EvidenceLog): Promise<{ readonly hear: Panel['hear']; readonly sit: () => void }> {
  const known = config.watch.observers.filter(({ name }) => name !== observer.name)
  const rules = judgeRules({ ...config.watch, observers: [...known, observer] })
  const panel = await openPanel(rules, log, { observers: [observer.name] })
  const told = new Map<string, string>()
  return {
    hear: panel.hear,
    sit: () => {
      const now = Date.now()
      const state = panel.sit(now)
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
