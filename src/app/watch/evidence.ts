// All that one process sees, in one log that the judge hears: its own observer, webhooks, status pages, and observers elsewhere.
import { join } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { messageOf } from '../../core/errors.ts'
import { judgeRules } from '../../core/judge-rules.ts'
import type { Serving } from '../../core/serving.ts'
import { sleep } from '../../io/wait.ts'
import { openEvidenceLog, type OpenEvidenceLog } from '../../watch/log/open.ts'
import { observe, pace } from '../../watch/observer.ts'
import { openPanel, type Panel } from '../../watch/panel.ts'
import { pullEvidence, type RemoteOptions } from '../../watch/remote.ts'
import { pollStatusPage } from '../../watch/statuspage.ts'
import { receiveHooks, type HookReceiver } from './hooks.ts'
import { tellServing } from '../../watch/tell-serving.ts'
import { openWatching } from './watching.ts'

export type Sight = { readonly log: OpenEvidenceLog; readonly panel: Panel; readonly receiver: HookReceiver; readonly close: () => Promise<void> }

type Watch = {
  readonly config: Config
  readonly state: string
  /** Which targets serve now. */
  readonly serving: () => Serving
  readonly onLog: (text: string) => void
}
type Source = Watch & { readonly log: OpenEvidenceLog; readonly signal: AbortSignal }

const againMs = 60_000
/** An observer that sees something bad looks more often than `watch.interval`, and its door lets us ask ten times as often. */
const askedEveryMs = 1000
const toldEveryMs = 1000
const dropEveryMs = 3_600_000

/** Opens the log in `evidence/` of the state folder and begins to fill it. `config`: with its secrets bound. Fails as openEvidenceLog and receiveHooks do. */
export async function openSight(watch: Watch): Promise<Sight> {
  const { config, state, onLog } = watch
  const kept = await openEvidenceLog(join(state, 'evidence'), { tell: onLog })
  const ended = new AbortController()
  const panel = await openPanel(judgeRules(config.watch), kept)
  const log: OpenEvidenceLog = {
    ...kept,
    append: async (evidence) => {
      const places = await kept.append(evidence)
      panel.hear(evidence)
      return places
    },
  }
  try {
    const receiver = await receiveHooks(config, log, onLog)
    const source = { ...watch, log, signal: ended.signal }
    const work = sourcesOf(source).map(async (act) => await keepOn(act, source))
    const close = async (): Promise<void> => {
      ended.abort()
      receiver.close()
      await Promise.allSettled(work)
      await kept.close()
    }
    return { log, panel, receiver, close }
  } catch (error) {
    ended.abort()
    await kept.close()
    throw error
  }
}

function sourcesOf({ config }: Watch): readonly ((source: Source) => Promise<void>)[] {
  const here = config.watch.observers.find(({ url }) => url === undefined)
  const pages = Object.entries(config.providers).flatMap(([provider, { contact }]) =>
    isPage(contact?.statusPage) ? [{ provider, url: contact.statusPage }] : [],
  )
  const elsewhere = config.watch.observers.flatMap(({ name, url, token = null }) => (url === undefined ? [] : [{ observer: name, url, token }]))
  return [
    ...(here === undefined || Object.keys(config.moves).length === 0 ? [] : [async (source: Source) => await lookHere(here, source)]),
    ...elsewhere.map((one) => async (source: Source) => await follow(one, source)),
    ...elsewhere.map((one) => async (source: Source) => await tellServing({ ...one, everyMs: toldEveryMs, ...source, tell: source.onLog })),
    ...pages.map((page) => async (source: Source) => await pollPage(page, source)),
    dropOld,
  ]
}

async function lookHere({ name, failureDomain }: Config['watch']['observers'][number], { config, state, serving, log, onLog, signal }: Source): Promise<void> {
  const watching = await openWatching({ config, state, serving, tell: onLog, signal })
  try {
    await observe({ observer: name, failureDomain, ...watching, intervalMs: config.watch.interval, ...pace, log, onLost: onLog, signal })
  } finally {
    await watching.close()
  }
}

async function follow(elsewhere: Pick<RemoteOptions, 'observer' | 'url' | 'token'>, { config, log, onLog, signal }: Source): Promise<void> {
  await pullEvidence({ ...elsewhere, everyMs: Math.min(config.watch.interval, askedEveryMs), log, now: () => Date.now(), signal, tell: onLog })
}

async function pollPage(page: { readonly provider: string; readonly url: string }, { config, log, signal }: Source): Promise<void> {
  await pollStatusPage({ ...page, everyMs: config.watch.statusPageInterval, log, now: () => Date.now(), signal })
}

/** A contact may be words for people. */
function isPage(statusPage: string | undefined): statusPage is string {
  return statusPage !== undefined && /^https?:/.test(statusPage)
}

async function dropOld({ config, log, signal }: Source): Promise<void> {
  for (;;) {
    await log.dropBefore(new Date(Date.now() - config.watch.keepFor).toISOString())
    await sleep(dropEveryMs, signal)
  }
}

/** Whatever fails is told and tried again: what watches must not end by what it watches. */
async function keepOn(act: (source: Source) => Promise<void>, source: Source): Promise<void> {
  const { onLog, signal } = source
  while (!signal.aborted) {
    try {
      await act(source)
    } catch (error) {
      if (!signal.aborted) onLog(messageOf(error))
    }
    await sleep(againMs, signal).catch(() => undefined)
  }
}
