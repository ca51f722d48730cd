// The power of a node: systemd-nspawn boots it, its end is the node's end.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { waitUntil } from '../src/io/wait.ts'
import { run } from './command.ts'
import { makeControlGroup, removeControlGroup, unified } from './control-groups.ts'
import { worldFolder } from './place.ts'
import type { Volume } from './volume.ts'

export type MachineSpec = {
  readonly name: string
  readonly root: string
  /** Device path in the node -> volume; read at each start. */
  readonly volumes: ReadonlyMap<string, Volume>
  readonly onPower: (power: 'on' | 'off') => void
}

export type Machine = {
  /** What it wrote on its console. */
  readonly console: string
  /** Its first process; null while it is off. */
  readonly pid: () => number | null
  readonly start: () => Promise<void>
  /** Shutdown in order. */
  readonly off: () => Promise<void>
  /** Power cut. */
  readonly cut: () => Promise<void>
  readonly attach: (device: string, volume: Volume) => Promise<void>
}

/** What systemd-nspawn exits with when the node itself asked for a reboot (`--keep-unit`: the caller starts it again). */
const rebootWanted = 133
const shutdownSeconds = 30

type Running = { readonly nspawn: ChildProcess; readonly pid: number; readonly ended: Promise<number> }

/** A machine that is off. */
export function makeMachine(spec: MachineSpec): Machine {
  mkdirSync(path.join(worldFolder, 'console'), { recursive: true })
  const console = path.join(worldFolder, 'console', `${spec.name}.log`)
  const groups = makeControlGroup(spec.name)
  let running: Running | null = null
  let meantToEnd = false

  // One after the other: a start during a power cut would mount a volume whose dead file system is still there.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <Args extends unknown[]>(act: (...args: Args) => Promise<void>) => {
    return async (...args: Args) => {
      const mine = turn.then(async () => await act(...args))
      turn = mine.catch(() => undefined)
      await mine
    }
  }

  const start = inTurn(async () => {
    if (running) return
    meantToEnd = false
    const nspawn = boot(spec, groups, console)
    const ended = endOf(nspawn)
    const now: Running = { nspawn, pid: await firstProcess(nspawn, spec.name, console), ended }
    running = now
    spec.onPower('on')
    void ended.then(async (code) => {
      if (running !== now) return
      running = null
      spec.onPower('off')
      if (code === rebootWanted && !meantToEnd) await start()
    })
  })
  const off = inTurn(async () => {
    if (!running) return
    meantToEnd = true
    const { nspawn, ended } = running
    nspawn.kill('SIGTERM')
    await within(ended, shutdownSeconds, `The shutdown of ${spec.name} (${console})`)
  })
  const cut = inTurn(async () => {
    meantToEnd = true
    if (running) {
      const { nspawn, pid, ended } = running
      await run('python3', [path.join(import.meta.dirname, 'power-cut.py'), String(pid), String(nspawn.pid)])
      await within(ended, 10, `The power cut of ${spec.name}`)
    }
    removeControlGroup(groups)
  })
  const attach = inTurn(async (device: string, volume: Volume) => {
    if (!running) return
    const { rdev } = statSync(volume.device)
    const inside = `/proc/${running.pid}/root${device}`
    mkdirSync(path.dirname(inside), { recursive: true })
    // makedev(3), taken apart.
    const [major, minor] = [(rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00)]
    await run('mknod', ['-m', '660', inside, 'b', String(major), String(minor)])
  })
  return { console, pid: () => running?.pid ?? null, start, off, cut, attach }
}

// The groups are joined by the shell, so that nspawn and all of the node are in them from the start.
const joinAndBoot = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 1; shift; done; shift; exec systemd-nspawn "$@"'

function boot(spec: MachineSpec, groups: readonly string[], console: string): ChildProcess {
  for (const folder of groups) mkdirSync(folder, { recursive: true })
  const devices = [...spec.volumes].map(([device, volume]) => `--bind=${volume.device}:${device}`)
  const log = openSync(console, 'a', 0o600)
  const args = [
    '--quiet',
    '--boot',
    `--directory=${spec.root}`,
    `--machine=${spec.name}`,
    `--network-namespace-path=/run/netns/${spec.name}`,
    // No PID 1 and no bus of the machine is asked for anything.
    '--register=no',
    '--keep-unit',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    '--capability=CAP_NET_ADMIN,CAP_SYS_ADMIN,CAP_DAC_READ_SEARCH',
    '--system-call-filter=fanotify_init fanotify_mark open_by_handle_at name_to_handle_at',
    ...devices,
    // For the first process: from Debian 13 on it refuses the old control groups unless it is told (NEWS of systemd 256).
    ...(unified ? [] : ['SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1']),
  ]
  const child = spawn('sh', ['-c', joinAndBoot, 'sh', ...groups, '--', ...args], {
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env['PATH'],
      // As on a real node, network sysctls can be set from inside.
      SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
      ...(unified ? {} : { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '0' }),
    },
  })
  closeSync(log)
  // A test that failed must be able to end; the node ends with the world.
  child.unref()
  return child
}

async function firstProcess(nspawn: ChildProcess, name: string, console: string): Promise<number> {
  return await waitUntil(
    async () => {
      if (nspawn.exitCode !== null) throw new Error(`${name} did not start: ${tail(console)}`)
      return await Promise.resolve(childNamedSystemd(nspawn.pid ?? 0))
    },
    { what: `The start of ${name} (${console})`, deadlineMs: 20_000, everyMs: 5, signal: new AbortController().signal },
  )
}

function childNamedSystemd(pid: number): number | null {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    const found = children.find((child) => child !== '' && readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'systemd')
    return found === undefined ? null : Number(found)
  } catch {
    return null
  }
}

async function endOf(child: ChildProcess): Promise<number> {
  return await new Promise((resolve) => {
    child.once('error', () => resolve(255))
    child.once('exit', (code) => resolve(code ?? 255))
  })
}

async function within<T>(wanted: Promise<T>, seconds: number, what: string): Promise<T> {
  const deadline = new AbortController()
  const late = delay(seconds * 1000, null, { signal: deadline.signal }).then(() => {
    throw new Error(`${what} did not happen within ${seconds} s.`)
  })
  late.catch(() => undefined)
  try {
    return await Promise.race([wanted, late])
  } finally {
    deadline.abort()
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' | ')
}
