// How soon many who watch hear of many moves, and whether those who are cut off and come again hear of all.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { repository } from '../lab/place.ts'
import { atMost, below, type Benchmark, type Stage } from './benchmark.ts'

const token = 'a-token-of-the-benchmark'
const [clients, moves, seconds] = [200, 500, 10]

type Serving = { readonly url: string; readonly write: () => Promise<readonly number[]>; readonly close: () => Promise<void> }

async function serve(): Promise<Serving> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-bench-sse-'))
  const child: ChildProcess = spawn(process.execPath, [path.join(repository, 'bench', 'sse-server.ts'), folder, token], { stdio: ['pipe', 'pipe', 'inherit'] })
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('It has no pipes.')
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('The server ended.')
    return value
  }
  return {
    url: await next(),
    write: async () => {
      stdin.write(`${moves} ${seconds}\n`)
      return JSON.parse(await next()) as number[]
    },
    close: async () => {
      stdin.end()
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Watcher = { readonly seqs: Set<number>; readonly lags: number[]; readonly cut: () => void; readonly close: () => void }

/** Begins behind a record, and comes again whenever it is cut off, with the id of the last event that it had as a whole. Resolves once it listens. */
async function watch(url: string, from: number): Promise<Watcher> {
  const [seqs, lags] = [new Set<number>(), [] as number[]]
  const { promise, resolve } = Promise.withResolvers<void>()
  let [place, isOver] = [String(from), false]
  let request: http.ClientRequest | null = null
  const hear = (event: string): void => {
    const [, id, seq, at] = /^id: (\S+)\ndata: \{"schema":"[^"]+","seq":(\d+),"at":"([^"]+)"/.exec(event) ?? []
    if (id === undefined || at === undefined) return
    lags.push(Date.now() - Date.parse(at))
    seqs.add(Number(seq))
    place = id
  }
  const connect = (): void => {
    if (isOver) return
    const headers = { authorization: `Bearer ${token}`, 'last-event-id': place }
    request = http.get(`${url}/events`, { agent: false, headers }, (answer) => {
      resolve()
      let rest = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        const events = (rest + chunk).split('\n\n')
        rest = events.pop() ?? ''
        events.forEach(hear)
      })
      answer.on('error', () => undefined)
    })
    request.on('error', () => undefined).on('close', connect)
  }
  connect()
  await promise
  return {
    seqs,
    lags,
    cut: () => request?.destroy(),
    close: () => {
      isOver = true
      request?.destroy()
    },
  }
}

/** What was written while all of them watched; `meanwhile` until then. Waits until nothing new comes. */
async function watched({ url, write }: Serving, meanwhile: (all: readonly Watcher[], signal: AbortSignal) => Promise<void>) {
  const answer = await fetch(`${url}/api/v1/seq`, { headers: { authorization: `Bearer ${token}` } })
  const { seq: last } = (await answer.json()) as { readonly seq: number }
  const all = await Promise.all(Array.from({ length: clients }, async () => await watch(url, last)))
  const written = new AbortController()
  const [seqs] = await Promise.all([write().finally(() => written.abort()), meanwhile(all, written.signal)])
  const missing = (): number => all.reduce((sum, each) => sum + seqs.filter((seq) => !each.seqs.has(seq)).length, 0)
  for (let left = missing(), looks = 0; left > 0 && looks < 50; looks += 1, left = missing()) await delay(200)
  all.forEach(({ close }) => close())
  return { lags: all.flatMap((each) => each.lags), lost: missing() }
}

async function stage(measured: (serving: Serving) => Promise<number>): Promise<Stage> {
  const serving = await serve()
  return { contestants: { ours: async () => await measured(serving) }, close: serving.close }
}

const what = `${clients} who watch, ${moves} moves that write a record every 5 s, for ${seconds} s: 100 records and 20,000 events a second. The server, its door and PostgreSQL are real, the moves only write; those who watch share the cores with them`

export const sse: Benchmark = {
  name: 'sse',
  says: 'How soon many who watch hear of many moves, and what those miss who are cut off.',
  cases: [
    {
      name: 'lag p95',
      unit: 'ms',
      rounds: 3,
      quick: true,
      goals: [below(500)],
      notes: `${what}; from the time of a record to its arrival, of all events`,
      prepare: async () =>
        await stage(async (serving) => {
          const { lags, lost } = await watched(serving, async () => undefined)
          if (lost > 0) throw new Error(`${lost} events did not come.`)
          return lags.toSorted((a, b) => a - b)[Math.floor(lags.length * 0.95)] ?? Number.NaN
        }),
    },
    {
      name: 'cut off and come again',
      unit: 'events missed',
      rounds: 3,
      quick: true,
      goals: [atMost(0)],
      notes: `${what}; every 20 ms one of them is cut off and comes again with Last-Event-ID`,
      prepare: async () =>
        await stage(async (serving) => {
          const cutSome = async (all: readonly Watcher[], signal: AbortSignal): Promise<void> => {
            for (let nth = 0; !signal.aborted; nth += 1) {
              all[(nth * 73) % all.length]?.cut()
              await delay(20)
            }
          }
          return (await watched(serving, cutSome)).lost
        }),
    },
  ],
}
