// The customers of the shop, as a process of their own: what else happens in the caller's process must not show in
// their figures. lab/clients.ts is that process.
import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { worldFolder } from './place.ts'

export type TrafficSpec = {
  readonly names: readonly string[]
  /** For each name; half of them POST. */
  readonly requestsPerSecond: number
  /** Where the samples go, one JSON object a line. */
  readonly samples: string
}

/** One request of one customer. `at`: when it was due, milliseconds since 1970; `ms`: from then to its end. */
export type Sample = {
  readonly at: number
  readonly ms: number
  readonly name: string
  readonly kind: 'GET' | 'POST'
  readonly connection: 'new' | 'kept'
  readonly address: string | null
  readonly outcome: 'ok' | 'failed'
  readonly status: number | null
  readonly retried: boolean
  /** Of an order. */
  readonly id: string | null
  readonly error: string | null
}

export type Figures = {
  readonly requests: number
  /** No 2xx answer within 30 s. */
  readonly failed: number
  /** A kept connection that closed before the first byte of an answer; sent again once on a new one. */
  readonly retried: number
  /** The longest time from when a request was due until its 2xx answer. */
  readonly longestPauseMs: number
  /** Name -> ids of orders that were acknowledged. */
  readonly acknowledged: Readonly<Record<string, readonly string[]>>
}

export type Traffic = {
  readonly samples: string
  /** Figures so far; requests under way do not count. */
  readonly figures: () => Figures
  /** All samples so far, in the order in which they ended. */
  readonly read: () => Sample[]
  /** No more requests; waits until those under way have ended. */
  readonly stop: () => Promise<Figures>
}

let runs = 0

/** Starts customers for these names. They resolve each name themselves and honour its TTL. The samples go to `folder`. */
export function startTraffic(names: readonly string[], requestsPerSecond = 10, folder = worldFolder): Traffic {
  const samples = path.join(folder, `traffic-${runs++}.jsonl`)
  const spec: TrafficSpec = { names, requestsPerSecond, samples }
  // The file is there from the start, so that it can be read before the first request has ended.
  const log = openSync(samples, 'a')
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'clients.ts'), JSON.stringify(spec)], { stdio: ['ignore', log, 'inherit'] })
  child.unref()
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 255)))
  const read = () => readSamples(samples)
  return {
    samples,
    read,
    figures: () => figuresOf(read()),
    stop: async () => {
      child.ref()
      child.kill('SIGTERM')
      const code = await ended
      if (code !== 0) throw new Error(`The customers ended with ${code}.`)
      return figuresOf(read())
    },
  }
}

function readSamples(file: string): Sample[] {
  const text = readFileSync(file, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map((line): Sample => JSON.parse(line))
}

/** What a table says of these samples. */
export function figuresOf(samples: readonly Sample[]): Figures {
  const acknowledged: Record<string, string[]> = {}
  let failed = 0
  let retried = 0
  let longestPauseMs = 0
  for (const sample of samples) {
    if (sample.retried) retried += 1
    if (sample.outcome === 'failed') failed += 1
    else longestPauseMs = Math.max(longestPauseMs, sample.ms)
    if (sample.outcome === 'ok' && sample.id !== null) (acknowledged[sample.name] ??= []).push(sample.id)
  }
  return { requests: samples.length, failed, retried, longestPauseMs, acknowledged }
}

/** Acknowledged orders that are not on the node exactly once. `stored`: ids as they lie there, with repetitions. */
export function lostWrites(acknowledged: readonly string[], stored: readonly string[]): string[] {
  const times = new Map<string, number>()
  for (const id of stored) times.set(id, (times.get(id) ?? 0) + 1)
  return acknowledged.filter((id) => times.get(id) !== 1)
}
