// Processes that run moves in a world of two tables (executor-process.ts), and a move for them.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Pool } from 'pg'
import { plannedMoveSchema } from '../../src/core/plan.ts'
import { runbookVersion } from '../../src/core/runbook.ts'
import { moveSettingsSchema, type Beginning } from '../../src/core/stored-move.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { openStore } from '../../src/workflows/store.ts'

export async function openWorld(pool: Pool): Promise<void> {
  await pool.query('create schema world; create table world.go (); create table world.mark (at timestamptz default clock_timestamp(), folder text, token int)')
}

export type Executor = { readonly folder: string; readonly child: ChildProcess; readonly lines: string[]; readonly ended: Promise<number | null> }

/** Starts a process that runs moves and waits until it does. */
export async function startExecutor(url: string, folder: string, kind: 'shared' | 'alone', version = runbookVersion): Promise<Executor> {
  const script = path.join(import.meta.dirname, 'executor-process.ts')
  const child = spawn(process.execPath, [script, url, folder, kind, version], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(line))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  await until(() => lines.includes('ready'), 'A start', 60)
  return { folder, child, lines, ended }
}

export async function until(isSo: () => boolean | Promise<boolean>, what: string, seconds: number): Promise<number> {
  const began = performance.now()
  const ask = async () => ((await isSo()) ? true : null)
  await waitUntil(ask, { what, deadlineMs: seconds * 1000, everyMs: 50, signal: AbortSignal.timeout(seconds * 1000 + 5000) })
  return performance.now() - began
}

/** A stored move that nobody has begun, and a world without marks. `begun`: how somebody meant to, and died. */
export async function storeMove(pool: Pool, name: string, begun: Beginning | null = null): Promise<void> {
  await pool.query('truncate world.mark, world.go, lifeboat.move, lifeboat.journal, lifeboat.executor')
  const ssh = { user: 'root', port: 22, keyFile: null, jump: null, sudo: false }
  const common = { name, project: 'shop', ports: [] }
  const settings = moveSettingsSchema.parse({
    ...common,
    from: { provider: 'old', id: name },
    to: { provider: 'iron' },
    source: { address: '192.0.2.1', ssh },
    target: { ssh },
    data: [],
    services: [],
    singletons: [],
    checks: [],
    names: [],
    downtimeBudgetMs: 20_000,
    reverseSync: true,
    finish: { policy: 'manual', watchForMs: 1000, forwardForMs: 1000 },
  })
  const to = { provider: 'iron', kind: 'static', size: '', image: '', reasons: [], alternatives: [], monthlyCost: null, volumeGiB: 0, address: '192.0.2.2' }
  const rest = { path: 'direct', forecastPauseMs: null, steps: [], after: [], roots: [], blockers: [], warnings: [] }
  const plan = plannedMoveSchema.parse({ ...common, from: { provider: 'old', id: name, name, address: '192.0.2.1' }, to, ...rest })
  assert.equal(await openStore(pool).beginRun(settings, plan, { text: '', baseFolder: '/' }, begun), 1)
}
