// Follows an observer on another machine: what it keeps there is kept here, too, as often as there is more of it. Where it
// cannot be had nothing is kept, and so the judge hears nothing of it.
import { z } from 'zod'
import { canonicalJson } from '../core/canonical.ts'
import { LifeboatError, codeOf, messageOf, type ErrorCode } from '../core/errors.ts'
import { evidenceSchema, type Evidence } from '../core/evidence.ts'
import type { Secret } from '../core/secret.ts'
import { openHttp, type HttpConnection } from '../io/http.ts'
import { sleep } from '../io/wait.ts'
import type { EvidenceLog } from './evidence-log.ts'

export type RemoteOptions = {
  /** Its name under `watch.observers`: whatever else its server tells is not believed. */
  readonly observer: string
  /** Of its `lifeboat serve`. */
  readonly url: string
  readonly token: Secret | null
  /** Between two questions. */
  readonly everyMs: number
  readonly log: Pick<EvidenceLog, 'append' | 'read'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly signal: AbortSignal
  /** Told once records are kept here. */
  readonly onKept?: (evidence: readonly Evidence[]) => void
  /** Hears, in a sentence and once, that it cannot be had or believed, and that it can again. */
  readonly tell: (text: string) => void
}

/** What is older says nothing any more, not even what is usual; and a clock may be wrong, but not by so much. */
const oldestMs = 3_600_000
const aheadMs = 300_000
/** A try is kept once its round is over: those of so long a time may come in any order. */
const overlapMs = 120_000
const mostRecords = 2000
/** Between two pauses: more comes with the next question. */
const mostPages = 50
const mostBytes = 16 * 1024 * 1024
const answerMs = 15_000
const longestPauseMs = 30_000

const pageSchema = z.object({
  records: z.array(z.object({ seq: z.number().int().positive(), evidence: z.unknown() })).max(mostRecords),
  through: z.number().int().nonnegative(),
  head: z.number().int().nonnegative(),
})
type Page = z.infer<typeof pageSchema>

/** Follows it until the signal. Whatever goes wrong there or on the way is told, and tried again. */
export async function pullEvidence(options: RemoteOptions): Promise<void> {
  const { observer, everyMs, tell, signal } = options
  const http = openHttp({ service: `Observer ${observer}`, unreachable: 'source-unreachable' })
  const takeOver = follow(options, async (query) => await ask(http, options, query))
  let told: ErrorCode | null = null
  let pauseMs = everyMs
  try {
    for (;;) {
      const trouble = await takeOver().then(
        () => null,
        (error: unknown) => error,
      )
      signal.throwIfAborted()
      const code = trouble === null ? null : codeOf(trouble)
      if (code !== told) tell(trouble === null ? `Observer ${observer} can be had again.` : messageOf(trouble))
      told = code
      pauseMs = code === null ? everyMs : Math.min(pauseMs * 2, Math.max(everyMs, longestPauseMs))
      await sleep(pauseMs, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await http.close()
  }
}

type Ask = (query: Readonly<Record<string, string | number>>) => Promise<Page>

/** Each call takes over what is there by now. Fails with source-unreachable, source-refused or answer-malformed, or as the log does. */
function follow({ observer, log, now, onKept }: RemoteOptions, askPage: Ask): () => Promise<void> {
  /** In its log; null: to be found anew. */
  let place: number | null = null
  /** Records that the log here has already, while they may come again. */
  const known = new Set<string>()

  const findPlace = async (): Promise<number> => {
    const oldest = now() - oldestMs
    const own = await log.read({ from: timeAt(oldest), to: timeAt(now() + aheadMs), observers: [observer], kinds: ['sample', 'health'] })
    known.clear()
    for (const { evidence } of own) known.add(canonicalJson(evidence))
    const newest = own.reduce((most, { evidence: { at } }) => (at > most ? at : most), '')
    const from = newest === '' ? oldest : Math.max(oldest, Date.parse(newest) - overlapMs)
    const { records, head } = await askPage({ from: timeAt(from), limit: 1 })
    return records[0] === undefined ? head : records[0].seq - 1
  }
  const take = async (records: readonly unknown[]): Promise<Taken> => {
    const taken = believed(observer, records, now())
    const fresh = taken.timely.filter((each) => !known.has(canonicalJson(each)))
    if (fresh.length > 0) {
      await log.append(fresh)
      onKept?.(fresh)
    }
    return taken
  }
  return async () => {
    let foreign = 0
    for (let pages = 0; pages < mostPages; pages += 1) {
      place ??= await findPlace()
      const { records, through, head } = await askPage({ after: place, limit: mostRecords })
      if (head < place) {
        // Its log began anew.
        place = null
        return
      }
      if (through < place || (through === place && head > place))
        throw malformed(`Observer ${observer} answers again and again with the same place in its log.`)
      const taken = await take(records.map(({ evidence }) => evidence))
      foreign += taken.foreign
      place = through
      if (place < head) continue
      known.clear()
      if (foreign > 0) throw malformed(`Observer ${observer} tells what is not its own, or cannot be read: it is left out.`)
      if (taken.untimely > 0) throw malformed(`Observer ${observer} tells of ${outOfTime}: it is left out. Compare its clock.`)
      return
    }
  }
}

type Taken = { readonly timely: readonly Evidence[]; readonly untimely: number; readonly foreign: number }
const outOfTime = `more than ${oldestMs / 60_000} min ago, or more than ${aheadMs / 60_000} min from now`

/** What an observer may say: what it saw itself, and how it was. */
function believed(observer: string, records: readonly unknown[], now: number): Taken {
  const own = records.flatMap((record) => {
    const evidence = evidenceSchema.safeParse(record).data
    return (evidence?.kind === 'sample' || evidence?.kind === 'health') && evidence.observer === observer ? [evidence] : []
  })
  const [since, before] = [timeAt(now - oldestMs), timeAt(now + aheadMs)]
  const timely = own.filter(({ at }) => at >= since && at < before)
  return { timely, untimely: own.length - timely.length, foreign: records.length - own.length }
}

async function ask(http: HttpConnection, { observer, url, token, signal }: RemoteOptions, query: Parameters<Ask>[0]): Promise<Page> {
  const address = new URL(`${url.replace(/\/$/, '')}/api/v1/evidence`)
  for (const [name, value] of Object.entries({ ...query, observers: observer, kinds: 'sample,health' })) address.searchParams.set(name, String(value))
  const headers = token === null ? {} : { authorization: `Bearer ${token.reveal()}` }
  const { status, text } = await http.send({ url: address.href, signal, headers, deadlineMs: answerMs, maxBytes: mostBytes })
  if (status === 401 || status === 403)
    throw new LifeboatError('source-refused', `Observer ${observer} refuses our token (${status}): it needs one of scope read there.`)
  const page = status === 200 ? pageSchema.safeParse(parsed(text)).data : undefined
  if (page !== undefined) return page
  throw malformed(`Observer ${observer} answers ${status}, and nothing that is evidence: its url must be that of a lifeboat serve.`)
}

function malformed(sentence: string): LifeboatError {
  return new LifeboatError('answer-malformed', sentence)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function timeAt(ms: number): string {
  return new Date(ms).toISOString()
}
