// Deliveries of monitoring to `lifeboat serve`, as a process with its own database and log on this disk: each signed, each
// its own, each acknowledged once it is on the disk. Whoever sends them has the other core.
import { spawn, type ChildProcess } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import { repository } from '../lab/place.ts'
import { openEvidenceLog } from '../src/watch/log/open.ts'
import { stopController } from '../test/support/cli.ts'
import { atMost, below, type Benchmark, type Case, type Stage } from './benchmark.ts'

const key = 'a-key-of-the-benchmark'
const page = `project: bench
providers:
  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }
hooks:
  pager: { family: pagerduty, key: env:HOOK_KEY }
server: { listen: "127.0.0.1:0" }
`
const connections = 50
const [perSecond, seconds] = [1000, 10]

type Serving = { readonly folder: string; readonly child: ChildProcess; readonly pool: Pool; readonly close: () => Promise<void> }

async function serve(): Promise<Serving> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-bench-hooks-'))
  writeFileSync(path.join(folder, 'lifeboat.yaml'), page)
  const child = spawn(process.execPath, [path.join(repository, 'src', 'cli.ts'), 'serve'], {
    cwd: folder,
    env: { ...process.env, HOOK_KEY: key },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'exit')
  while (!said.includes('Serving at'))
    await Promise.race([
      once(child.stderr, 'data'),
      ended.then(() => {
        throw new Error(said)
      }),
    ])
  const pool = new Pool(/Serving at (\S+);/.exec(said)?.[1] ?? '', { connections, pipelining: 1 })
  const close = async (): Promise<void> => {
    await pool.destroy()
    child.kill('SIGTERM')
    await ended
    // Its database outlives one that was killed; a controller that adopts it ends it.
    await stopController(path.join(folder, '.lifeboat')).catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  }
  return { folder, child, pool, close }
}

let sent = 0

/** Sends one delivery of its own and answers its id once it was acknowledged; null: it was not. */
async function deliver({ pool }: Serving): Promise<string | null> {
  const id = `event-${sent++}`
  const data = { id: `incident-${id}`, title: 'web-1 is slow', service: { id: 'PA2', summary: 'web-1' }, urgency: 'high', priority: null }
  const body = JSON.stringify({ event: { id, event_type: 'incident.triggered', occurred_at: new Date().toISOString(), data } })
  const signature = `v1=${createHmac('sha256', key).update(body).digest('hex')}`
  const answer = await pool
    .request({ method: 'POST', path: '/hooks/pager', headers: { 'content-type': 'application/json', 'x-pagerduty-signature': signature }, body })
    .catch(() => null)
  await answer?.body.dump()
  return answer?.statusCode === 202 ? id : null
}

/** Sends so many a second, whether or not the earlier ones were answered; the slowest of a hundred, in milliseconds from when each was due. */
async function steadily(serving: Serving, signal: AbortSignal): Promise<number> {
  const took: number[] = []
  const all: Promise<void>[] = []
  const began = performance.now()
  let nth = 0
  while (nth < perSecond * seconds) {
    await delay(1, undefined, { signal })
    // However late this comes, what fell due meanwhile is measured from when it did.
    for (let due = began + (nth * 1000) / perSecond; due <= performance.now() && nth < perSecond * seconds; due = began + (nth * 1000) / perSecond) {
      nth += 1
      const since = due
      all.push(
        deliver(serving).then((id) => {
          if (id === null) throw new Error('A delivery was not acknowledged.')
          took.push(performance.now() - since)
        }),
      )
    }
  }
  await Promise.all(all)
  return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? Number.NaN
}

/** Each connection sends as soon as it has its answer, until the time is over or the server is; the ids that were acknowledged. */
async function asFastAsItGoes(serving: Serving, ms: number): Promise<string[]> {
  const until = performance.now() + ms
  const acknowledged: string[] = []
  const loop = async (): Promise<void> => {
    while (performance.now() < until && serving.child.exitCode === null && serving.child.signalCode === null) {
      const id = await deliver(serving)
      if (id !== null) acknowledged.push(id)
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  return acknowledged
}

/** Acknowledged deliveries that a server has not kept that was killed under load. */
async function lost(): Promise<number> {
  const serving = await serve()
  try {
    const running = asFastAsItGoes(serving, 30_000)
    await delay(2500)
    serving.child.kill('SIGKILL')
    const acknowledged = await running
    const log = await openEvidenceLog(path.join(serving.folder, '.lifeboat', 'evidence'))
    const kept = await log.read({ from: '2020-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z', kinds: ['signal'] })
    await log.close()
    const ids = new Set(kept.map(({ evidence }) => (evidence.kind === 'signal' ? evidence.deliveryKey : '')))
    if (acknowledged.length < 100) throw new Error(`Only ${acknowledged.length} deliveries were acknowledged before the kill.`)
    return acknowledged.filter((id) => !ids.has(id)).length
  } finally {
    await serving.close()
  }
}

async function stage(measured: (serving: Serving, signal: AbortSignal) => Promise<number>): Promise<Stage> {
  const serving = await serve()
  // The first ones are compiled.
  await asFastAsItGoes(serving, 1500)
  return { contestants: { ours: async (signal) => await measured(serving, signal) }, close: serving.close }
}

const common: Pick<Case, 'rounds' | 'quick'> = { rounds: 3, quick: true }
const what = 'PagerDuty v3, HMAC-SHA256, over loopback, 50 connections; sender and server share the cores'

export const hooks: Benchmark = {
  name: 'hooks',
  says: 'Deliveries of monitoring, signed, each acknowledged once it is on the disk.',
  cases: [
    {
      ...common,
      name: 'p99 at 1,000/s',
      unit: 'ms',
      goals: [below(50)],
      notes: `${what}; from when each was due, for ${seconds} s`,
      prepare: async () => await stage(steadily),
    },
    {
      ...common,
      name: 'as fast as it goes',
      unit: 'ms/delivery',
      goals: [atMost(1)],
      notes: `${what}; 1 ms is 1,000 a second`,
      prepare: async () => await stage(async (serving) => 5000 / (await asFastAsItGoes(serving, 5000)).length),
    },
    {
      ...common,
      name: 'kill -9 under load',
      unit: 'acknowledged and lost',
      goals: [atMost(0)],
      notes: `${what}; the log is read after the kill`,
      prepare: async () => await Promise.resolve({ contestants: { ours: lost }, close: async () => await Promise.resolve() }),
    },
  ],
}
