// The ladder of a node: one round climbs it on a fresh connection, and on one that is kept for as long as it is well.
// What the kept one shows is believed only after the fresh one was asked, too.
import type { Rung } from '../core/evidence.ts'

import { sleep } from '../io/wait.ts'
import { attempt, notTried, NotTried, type Measured, type Try, type Where } from './attempt.ts'
import { pinger } from './ping.ts'
import { isBad } from './slow.ts'
import { openLine, type Line, type SshPlace } from './ssh-line.ts'
import { syncScript } from './volume.ts'

/** What answers checks of the application at this node (nodes/checks.ts). `run` runs a command there; null: nobody is logged in. */
export type AskApplication = (run: Line['run'] | null, signal: AbortSignal) => Promise<Measured<true>>

export type LadderTarget = {
  readonly ssh: SshPlace
  /** Folders on the file systems that must take writes. */
  readonly volumes: readonly string[]
  /** Null: nothing is known of an application. Fails with what is wrong; NotTried when there was nothing to ask. */
  readonly application: { readonly ask: AskApplication; readonly deadlineMs: number } | null
}

export type Ladder = {
  /** Every rung tried once. Never fails but with the reason of `signal`. */
  readonly round: (signal: AbortSignal) => Promise<readonly Try[]>
  /** Leaves the node; nothing of ours goes on there. */
  readonly close: () => void
}

const deadlines = { icmp: 2000, exec: 4000, fsync: 2500, echo: 2500 } as const
/** A kept connection that has not told all by then does not hold the fresh one up. */
const patienceMs = 1000
const deep = ['exec', 'fsync', 'echo'] as const
type Deep = (typeof deep)[number]
const echoes = 5

export function openLadder(target: LadderTarget): Ladder {
  const ping = pinger(target.ssh.address)
  let kept: Line | null = null
  const leave = (): void => {
    kept?.close()
    kept = null
  }
  return {
    round: async (signal) => {
      // First and alone: to start a program holds everything else up for a while.
      const icmp = await attempt({ rung: 'icmp', connection: 'fresh' }, deadlines.icmp, signal, ping)
      const old = kept?.isOpen() === true ? kept : null
      const { line, tries, isWell, stays } = await climb(target, old, signal)
      // One that is sick makes room for one that is not, and is left when a new one could tell the same.
      if (stays || (!isWell && line !== null)) leave()
      if (stays) kept = line
      else line?.close()
      return [icmp.tried, ...tries]
    },
    close: leave,
  }
}

/** `stays`: the fresh connection is well, and the old one was not. `isWell`: the old one answered, fast or not. */
type Climbed = { readonly line: Line | null; readonly tries: readonly Try[]; readonly stays: boolean; readonly isWell: boolean }

async function climb(target: LadderTarget, old: Line | null, signal: AbortSignal): Promise<Climbed> {
  const opening = openLine(target.ssh, signal)
  try {
    const asking = old === null ? Promise.resolve([]) : side(target, old, signal)
    const [soon, { tries, line }] = await Promise.all([Promise.race([asking, sleep(patienceMs, signal)]), opening])
    const isTrusted = old !== null && soon?.some(isBad) === false
    const [ofOld, ofFresh, app] = await Promise.all([
      asking,
      line === null ? missing(tries) : upward(target, line, isTrusted ? ['exec'] : deep, signal),
      askApplication(target, line ?? old, signal),
    ])
    const isWell = old !== null && !ofOld.some(({ outcome }) => outcome === 'fail')
    return { line, tries: [...tries, ...ofOld, ...ofFresh, app], stays: !isTrusted && line !== null && !ofFresh.some(isBad), isWell }
  } catch (reason) {
    opening.then((opened) => opened.line?.close()).catch(() => undefined)
    throw reason
  }
}

function missing(tries: readonly Try[]): readonly Try[] {
  const failed = tries.find(({ outcome }) => outcome !== 'ok')
  return deep.map((rung) => notTried({ rung, connection: 'fresh' }, `${failed?.rung ?? 'auth'} failed`))
}

/** These rungs on the kept connection, side by side: all of it is slow, or one of them. */
async function side(target: LadderTarget, line: Line, signal: AbortSignal): Promise<readonly Try[]> {
  return await Promise.all(deep.map(async (rung) => await tryDeep(target, line, { rung, connection: 'kept' }, signal)))
}

/** On a fresh connection a command first: nothing more can be asked of a node that starts no program. */
async function upward(target: LadderTarget, line: Line, rungs: readonly Deep[], signal: AbortSignal): Promise<readonly Try[]> {
  const exec = await tryDeep(target, line, { rung: 'exec', connection: 'fresh' }, signal)
  const above = rungs.filter((rung) => rung !== 'exec').map((rung) => ({ rung, connection: 'fresh' }) as const)
  if (exec.outcome === 'fail') return [exec, ...above.map((where) => notTried(where, 'exec failed'))]
  return [exec, ...(await Promise.all(above.map(async (where) => await tryDeep(target, line, where, signal))))]
}

async function tryDeep(target: LadderTarget, line: Line, where: Where & { readonly rung: Deep }, signal: AbortSignal): Promise<Try> {
  const acts: Readonly<Record<Deep, (stop: AbortSignal) => Promise<Measured<true>>>> = {
    exec: async (stop) => await timed(async () => await runWell(line, 'true', stop)),
    fsync: async (stop) => await slowestVolume(target.volumes, line, stop),
    echo: async (stop) => await typed(line, stop),
  }
  return (await attempt(where, deadlines[where.rung], signal, acts[where.rung])).tried
}

async function timed(act: () => Promise<unknown>): Promise<Measured<true>> {
  const began = performance.now()
  await act()
  return { value: true, ms: performance.now() - began }
}

async function runWell(line: Line, command: string, signal: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await line.run(command, signal)
  if (exitCode !== 0) throw new Error(stderr.split('\n')[0] || `the command ended with ${exitCode}`)
}

/** One after the other: two on one disk would wait for each other. */
async function slowestVolume(volumes: readonly string[], line: Line, signal: AbortSignal): Promise<Measured<true>> {
  if (volumes.length === 0) throw new NotTried('no folder of data is known')
  let slowest = 0
  for (const volume of volumes) {
    const { ms } = await timed(async () => await syncOn(volume, line, signal))
    slowest = Math.max(slowest, ms)
  }
  return { value: true, ms: slowest }
}

async function syncOn(volume: string, line: Line, signal: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await line.run(syncScript(volume), signal)
  if (exitCode === 75) throw new NotTried(stderr)
  if (exitCode !== 0) throw new Error(`${volume}: ${stderr.split('\n')[0] || `dd ended with ${exitCode}`}`)
}

/** The median of some characters; of fewer where they are slow. */
async function typed(line: Line, signal: AbortSignal): Promise<Measured<true>> {
  const terminal = await line.terminal()
  const took: number[] = []
  const began = performance.now()
  while (took.length < echoes && !signal.aborted && performance.now() - began < 1000) took.push(await terminal.type())
  const median = took.toSorted((one, other) => one - other)[Math.floor(took.length / 2)]
  if (median === undefined) throw new Error('the terminal did not open in time')
  return { value: true, ms: median }
}

async function askApplication({ application }: LadderTarget, line: Line | null, signal: AbortSignal): Promise<Try> {
  const where = { rung: 'app' satisfies Rung, connection: 'fresh' } as const
  if (application === null) return notTried(where, 'the move has no checks')
  return (await attempt(where, application.deadlineMs, signal, async (stop) => await application.ask(line?.run ?? null, stop))).tried
}
