// A state folder with an estate of simulated nodes: controllers that are started, killed and started again beside one
// world, and their socket. What an operator does stands here: begin, approve, finish, roll back.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connectController, heapFlags, stopController, type ControllerClient } from '../../src/controller/client.ts'
import { placesOf } from '../../src/controller/places.ts'
import { startPostgres } from '../../src/controller/postgres.ts'
import type { MoveStatus, Status } from '../../src/core/records.ts'
import { answerChild } from './asking.ts'
import { yamlOf, type Estate } from './estate.ts'
import { openWorld, type World } from './world.ts'
import type { Faults } from './faults.ts'

export type Fleet = {
  readonly world: World
  readonly folder: string
  readonly state: string
  /** Starts a controller and waits until it answers. */
  readonly start: () => Promise<void>
  readonly pid: () => number
  /** Ends the controller at once; what it asked of the world before still happens. */
  readonly kill: () => Promise<void>
  readonly isAlive: () => boolean
  readonly migrate: (...moves: readonly string[]) => Promise<void>
  readonly tell: (move: string, word: 'approve' | 'rollback' | 'finish') => Promise<void>
  readonly status: () => Promise<readonly MoveStatus[]>
  readonly client: () => ControllerClient
  /** What controllers wrote to their log. */
  readonly log: () => string
  readonly close: () => Promise<void>
}

export function openFleet(estate: Estate, faults: Faults): Fleet {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-sim-'))
  const yaml = yamlOf(estate)
  writeFileSync(path.join(folder, 'lifeboat.yaml'), yaml)
  const state = path.join(folder, '.lifeboat')
  const logFile = path.join(folder, 'controller.log')
  const log = openSync(logFile, 'a')
  const world = openWorld(estate, faults)
  const context = { config: { text: yaml, baseFolder: folder }, secrets: {}, isComplete: true, who: 'sim' }
  let child: ChildProcess | null = null
  let client: ControllerClient | null = null
  const signal = (): AbortSignal => AbortSignal.timeout(600_000)
  const connected = (): ControllerClient => {
    if (client === null) throw new Error('No controller was started.')
    return client
  }
  const isAlive = (): boolean => child !== null && child.exitCode === null && child.signalCode === null
  const kill = async (): Promise<void> => {
    if (child === null || !isAlive()) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    world,
    folder,
    state,
    start: async () => {
      const script = path.join(import.meta.dirname, 'controller.ts')
      const started = spawn(process.execPath, [...heapFlags, script, state], { stdio: ['ignore', log, log, 'ipc'] })
      child = started
      answerChild(started, world.ask)
      const ready = new Promise<true>((resolve) => started.on('message', (said) => Reflect.has(Object(said), 'ready') && resolve(true)))
      const died = once(started, 'exit').then(() => false)
      if (!(await Promise.race([ready, died]))) throw new Error(`A controller ended at its start: ${readFileSync(logFile, 'utf8').slice(-2000)}`)
      client?.close()
      client = await connectController({ state, pulumiRoot: null, signal: signal() })
    },
    pid: () => child?.pid ?? 0,
    kill,
    isAlive,
    migrate: async (...moves) => {
      await connected().post('/api/v1/moves', { context, moves, fingerprint: null, approval: 'at-once' }, signal())
    },
    tell: async (move, word) => void (await connected().post(`/api/v1/moves/${move}/${word}`, { context }, signal())),
    // Written by this very version.
    status: async () => ((await connected().get('/api/v1/status', signal())) as Status).moves,
    client: connected,
    log: () => readFileSync(logFile, 'utf8'),
    close: async () => {
      if (isAlive()) await stopController(state, signal())
      else await startPostgres(placesOf(state), signal()).then(async (server) => await server.stop())
      client?.close()
      world.close()
      for (const each of [folder, placesOf(state).sockets]) rmSync(each, { recursive: true, force: true })
    },
  }
}
