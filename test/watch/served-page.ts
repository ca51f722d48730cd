// A status page that plays a script, minute by minute, to the real poller: one look a minute by the clock of the script.
import { hash } from 'node:crypto'
import path from 'node:path'
import type { Said } from '../../src/core/outage-score.ts'
import { openEvidenceLog } from '../../src/watch/log/open.ts'
import { pollStatusPage } from '../../src/watch/statuspage.ts'
import { startWebServer } from '../support/web-server.ts'
import { begin } from './evidence.ts'

export const minuteMs = 60_000

/** When it was written and with which words; `from` another minute: edited; `until`: gone from then on; `claims`: back-dated. */
export type Written = {
  readonly at: number
  readonly status: string
  readonly body: string
  readonly edits?: readonly (readonly [number, string])[]
  readonly until?: number
  readonly claims?: number
}
export type Incident = {
  readonly id: string
  readonly name: string
  readonly impact: string
  readonly posts: readonly Written[]
  readonly until?: number
}
export type Script = {
  readonly incidents?: readonly Incident[]
  /** What the page says of itself, from which minute on. */
  readonly indicators?: readonly (readonly [number, string])[]
  /** From which minute on it answers something else than itself. */
  readonly answers?: readonly (readonly [number, 'page' | 'error' | 'elsewhere' | 'garbage'])[]
  /** Minutes that are played. */
  readonly length: number
}

type Test = Parameters<typeof startWebServer>[0]

export async function play(test: Test, folder: string, script: Script): Promise<{ readonly said: readonly Said[]; readonly notModified: number }> {
  let minute = 0
  let notModified = 0
  const server = await startWebServer(test, (request, response) => {
    const answer = latest(script.answers ?? [], minute) ?? 'page'
    if (answer === 'error') return void response.writeHead(500).end()
    if (answer === 'elsewhere') return void response.writeHead(302, { location: 'https://elsewhere.example/' }).end()
    if (answer === 'garbage') return void response.end('<html>We will be back.</html>')
    const text = JSON.stringify(request.url === '/api/v2/summary.json' ? summary(script, minute) : { incidents: incidentsAt(script, minute) })
    const etag = `"${hash('sha256', text)}"`
    if (request.headers['if-none-match'] === etag) {
      notModified += 1
      return void response.writeHead(304).end()
    }
    response.writeHead(200, { etag }).end(text)
  })
  const log = await openEvidenceLog(path.join(folder, 'evidence'))
  const over = new AbortController()
  await pollStatusPage({
    provider: 'old',
    url: server.url,
    everyMs: 0,
    log,
    now: () => begin + minute * minuteMs,
    signal: over.signal,
    onLooked: () => {
      minute += 1
      if (minute > script.length) over.abort()
    },
  })
  const kept = await log.read({ from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z', kinds: ['statement'] })
  await log.close()
  return { said: kept.flatMap(({ seq, evidence }) => (evidence.kind === 'statement' ? [{ seq, evidence }] : [])), notModified }
}

function summary(script: Script, minute: number): unknown {
  const indicator = latest(script.indicators ?? [], minute) ?? 'none'
  return {
    page: { id: 'p', name: 'Old', updated_at: timeAt(0) },
    status: { indicator, description: indicator === 'none' ? 'All Systems Operational' : 'Trouble' },
    components: [{ id: 'c', name: 'Compute', status: indicator === 'none' ? 'operational' : 'partial_outage' }],
    incidents: incidentsAt(script, minute).filter(({ status }) => status !== 'resolved' && status !== 'postmortem'),
  }
}

function incidentsAt(script: Script, minute: number) {
  return (script.incidents ?? []).flatMap(({ id, name, impact, posts, until }) => {
    const there = posts.filter((post) => post.at <= minute && minute < (post.until ?? Infinity))
    const [first] = posts
    const last = there.at(-1)
    if (first === undefined || last === undefined || minute >= (until ?? Infinity)) return []
    const updates = there.map((post) => ({
      id: `${id}-${post.at}`,
      status: post.status,
      body: latest(post.edits ?? [], minute) ?? post.body,
      created_at: timeAt(post.claims ?? post.at),
    }))
    return [{ id, name, status: last.status, impact, created_at: timeAt(first.claims ?? first.at), incident_updates: updates.toReversed() }]
  })
}

function latest<What>(changes: readonly (readonly [number, What])[], minute: number): What | undefined {
  return changes.findLast(([from]) => from <= minute)?.[1]
}

export function timeAt(minute: number): string {
  return new Date(begin + minute * minuteMs).toISOString()
}
