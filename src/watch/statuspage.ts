// Asks a provider's status page again and again, and keeps what it says as often as its words change. A page that is down,
// leads elsewhere or cannot be read says something by that, too.
import { LifeboatError, messageOf } from '../core/errors.ts'
import type { Statement } from '../core/evidence.ts'
import { keyOf, newlySaid, postsOf, type Post, type Spoken } from '../core/status-page.ts'
import { openHttp, type HttpConnection } from '../io/http.ts'
import { sleep } from '../io/wait.ts'
import type { EvidenceLog } from './evidence-log.ts'

const mostBytes = 4 * 1024 * 1024
const answerMs = 15_000

export type StatusPageOptions = {
  readonly provider: string
  /** As under `contact: statusPage`: the page of a Statuspage, or the address of a list of incidents (`…/incidents.json`). */
  readonly url: string
  readonly everyMs: number
  readonly log: Pick<EvidenceLog, 'append' | 'keepRaw' | 'read'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly signal: AbortSignal
  /** After each look, with what was new in it. */
  readonly onLooked?: (statements: readonly Statement[]) => void
}

/** Looks until the signal ends it. Failures of the log pass through. */
export async function pollStatusPage(options: StatusPageOptions): Promise<void> {
  const { provider, everyMs, log, now, signal } = options
  const http = openHttp({ service: `The status page of ${provider}`, unreachable: 'source-unreachable' })
  const ask = asker(http, options)
  let spoken = await spokenBefore(options)
  try {
    for (;;) {
      const begun = performance.now()
      const heard = await ask()
      const fresh = newlySaid(spoken, 'posts' in heard ? heard.posts : [...withoutItself(spoken), heard.failure])
      if (fresh.length > 0) {
        const rawSha256 = 'posts' in heard ? await log.keepRaw(Buffer.from(heard.text)) : ''
        const at = new Date(now()).toISOString()
        const statements = fresh.map((post): Statement => ({ kind: 'statement', at, provider, ...post, rawSha256 }))
        await log.append(statements)
        spoken = new Map([...spoken, ...fresh.map((post) => [keyOf(post), post] as const)])
        options.onLooked?.(statements)
      } else options.onLooked?.([])
      await sleep(Math.max(0, everyMs - (performance.now() - begun)), signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await http.close()
  }
}

/** What it said as far as the log knows, so that a start says nothing twice. */
async function spokenBefore({ provider, log }: StatusPageOptions): Promise<Spoken> {
  const kept = await log.read({ from: '1970-01-01T00:00:00.000Z', to: '9999-12-31T23:59:59.999Z', kinds: ['statement'] })
  const own = kept.flatMap(({ evidence }) => (evidence.kind === 'statement' && evidence.provider === provider ? [evidence] : []))
  return new Map(
    own.map(({ incident, update, status, impact, title, body, claimedAt }) => {
      const post = { incident, update: update ?? '', status, impact, title, body, claimedAt }
      return [keyOf(post), post]
    }),
  )
}

/** While it cannot be heard, nobody knows of its posts that they are gone. */
function withoutItself(spoken: Spoken): readonly Post[] {
  return [...spoken.values()].filter(({ incident }) => incident !== '')
}

type Heard = { readonly posts: readonly Post[]; readonly text: string } | { readonly failure: Post }

function asker(http: HttpConnection, { url, signal }: StatusPageOptions): () => Promise<Heard> {
  const addresses = addressesOf(url)
  const last = new Map<string, { readonly etag: string; readonly text: string }>()
  const get = async (address: string): Promise<string> => {
    const known = last.get(address)
    const headers = known === undefined ? undefined : { 'if-none-match': known.etag }
    const request = { url: address, signal, deadlineMs: answerMs, maxBytes: mostBytes, ...(headers && { headers }) }
    const { status, headers: answered, text } = await http.send(request)
    if (status === 304 && known !== undefined) return known.text
    if (status !== 200) throw new LifeboatError('source-refused', `It answered ${status}.`)
    const etag = answered.get('etag')
    if (etag === undefined) last.delete(address)
    else last.set(address, { etag, text })
    return text
  }
  return async () => {
    try {
      const texts: string[] = []
      for (const address of addresses) texts.push(await get(address))
      return { posts: merged(texts.map(read)), text: texts.join('\n') }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof LifeboatError)) throw error
      const status = error.code === 'answer-malformed' ? 'unreadable' : 'unreachable'
      return { failure: { incident: '', update: '', status, impact: '', title: 'The page does not answer as one', body: messageOf(error), claimedAt: null } }
    }
  }
}

/** The summary has the components, and only incidents that are open; the list has those that are over, too. */
function addressesOf(url: string): readonly string[] {
  const page = new URL(url)
  if (page.pathname.endsWith('.json')) return [url]
  const folder = page.pathname.replace(/\/?$/, '/')
  return ['summary.json', 'incidents.json'].map((name) => new URL(`${folder}api/v2/${name}`, page).href)
}

function read(text: string): readonly Post[] {
  const posts = postsOf(parsed(text))
  if (posts === null) throw new LifeboatError('answer-malformed', 'What it answers is no list of incidents.')
  return posts.map((post) => ({ ...post, claimedAt: timeOf(post.claimedAt) }))
}

function timeOf(text: string | null): string | null {
  const ms = text === null ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? null : new Date(ms).toISOString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function merged(lists: readonly (readonly Post[])[]): readonly Post[] {
  return [...new Map(lists.flat().map((post) => [keyOf(post), post])).values()]
}
