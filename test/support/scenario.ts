// What the scenarios of the runbook share: a world with one move, its journal as it grows, and the ways to hurt it.
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { connectController } from '../../src/controller/client.ts'
import type { JournalRecord } from '../../src/core/records.ts'
import { exec, type ExecResult } from '../../src/io/exec.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { worldFolder } from '../../lab/place.ts'
import type { WorldSpec } from '../../lab/spec.ts'
import { startWorld, type World } from '../../lab/world.ts'

export type Scene = World & {
  /** Starts a command and lets it run; answers its result. */
  readonly begin: (...args: string[]) => Promise<ExecResult>
  /** The first record after `after` that fits. Fails with what came instead when it does not come in time. */
  readonly record: (fits: (record: JournalRecord) => boolean, options?: { readonly after?: number; readonly withinMs?: number }) => Promise<JournalRecord>
  /** The whole journal so far. */
  readonly journal: () => Promise<readonly JournalRecord[]>
  /** Ends the controller as `kill -9` does; its database server lives on. */
  readonly killController: () => number
  readonly controllerPid: () => number
}

const state = (world: World): string => path.join(world.folder, '.lifeboat')

/** A world in which web-1 moves between two static hosts: everything real but the making of the target. */
export async function setScene(spec: Partial<WorldSpec> = {}): Promise<Scene> {
  const world = await startWorld({ sources: ['web-1'], targets: 'static', names: true, ...spec })
  const controllerPid = (): number => Number((JSON.parse(readFileSync(path.join(state(world), 'controller.json'), 'utf8')) as { pid: number }).pid)
  const client = async () => await connectController({ state: state(world), pulumiRoot: null, signal: AbortSignal.timeout(60_000) })
  return {
    ...world,
    begin: async (...args) => await world.lifeboat(args, { deadlineMs: 300_000 }),
    journal: async () => {
      const open = await client()
      try {
        return (await open.get('/api/v1/journal', AbortSignal.timeout(20_000))) as readonly JournalRecord[]
      } finally {
        open.close()
      }
    },
    record: async (fits, { after = 0, withinMs = 120_000 } = {}) => await firstRecord(await client(), fits, after, withinMs),
    controllerPid,
    killController: () => {
      const pid = controllerPid()
      process.kill(pid, 'SIGKILL')
      return pid
    },
  }
}

/** A scene of its own for one case of a matrix, in a world that had others before: nothing of it is left for the next. */
export async function setCase(t: TestContext, name: string, spec: Partial<WorldSpec> = {}): Promise<Scene> {
  const scene = await setScene({ ...spec, folder: path.join(worldFolder, name) })
  t.after(async () => {
    await scene.stop()
    // The name server keeps what was written to its zone.
    rmSync(path.join(worldFolder, 'names'), { recursive: true, force: true })
  })
  // An orderly end, so that its database goes too.
  t.after(() => process.kill(scene.controllerPid(), 'SIGTERM'))
  return scene
}

async function firstRecord(
  client: Awaited<ReturnType<typeof connectController>>,
  fits: (record: JournalRecord) => boolean,
  after: number,
  withinMs: number,
): Promise<JournalRecord> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), withinMs)
  let last: JournalRecord | null = null
  try {
    for await (const record of client.follow(after, over.signal)) {
      last = record
      if (fits(record)) return record
    }
    throw new Error(`The record did not come within ${withinMs / 1000} s; the last one: ${last === null ? 'none' : `${last.step} ${last.state}: ${last.text}`}`)
  } finally {
    clearTimeout(timer)
    over.abort()
    client.close()
  }
}

export const at =
  (step: string, state: JournalRecord['state']) =>
  (record: JournalRecord): boolean =>
    record.step === step && record.state === state

/** Waits until the address answers the shop's health check; answers how long it took. */
export async function answersWithin(address: string, withinMs: number): Promise<number> {
  const began = performance.now()
  const ask = async (): Promise<true | null> => {
    const result = await exec('curl', ['-s', '-o', '/dev/null', '-m', '2', '-w', '%{http_code}', `http://${address}/health`], {
      signal: AbortSignal.timeout(withinMs + 5000),
      deadlineMs: 5000,
    })
    return result.stdout === '200' ? true : null
  }
  await waitUntil(ask, { what: `An answer of ${address}`, deadlineMs: withinMs, everyMs: 50, signal: AbortSignal.timeout(withinMs + 5000) })
  return performance.now() - began
}
