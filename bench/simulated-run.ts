// One estate of simulated nodes from the first word to the switch of the last move, measured from outside: what that took,
// what a command hears meanwhile, and how soon all go on when the controller is killed. Each size is run once for all cases.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { bigEstate } from '../test/sim/estate.ts'
import { openFleet, type Fleet } from '../test/sim/fleet.ts'
import type { MoveStatus } from '../src/core/records.ts'
import { sleep, waitUntil } from '../src/io/wait.ts'
import { repository } from '../lab/place.ts'
import { median } from './benchmark.ts'
import { run } from './desk.ts'

export type Figures = {
  /** Ms of a clock for each move, from the first word until each is switched and waits for `finish`. */
  readonly wallMs: number
  /** Ms of processors for each move in that time: controller and database. */
  readonly processorMs: number
  /** The most memory that the controller ever held. */
  readonly peakMiB: number
  /** Ms of `lifeboat status --json`, and of the request alone, while all wait for `finish`. */
  readonly commandMs: number
  readonly statusMs: number
  /** Ms of the journal of one move. */
  readonly journalMs: number
  /** Ms from kill -9 until every move was claimed anew on both its nodes, by a controller that is started at once. */
  readonly resumeMs: number
}

const providers = 10
const runs = new Map<number, Promise<Figures>>()

export async function figuresOf(moves: number): Promise<Figures> {
  const known = runs.get(moves) ?? measureRun(moves)
  runs.set(moves, known)
  return await known
}

async function measureRun(count: number): Promise<Figures> {
  const fleet = openFleet(bigEstate(count, Math.min(count, providers)), { seed: 1, latencyMs: 10, lostPerMille: 0 })
  try {
    await fleet.start()
    const [began, before] = [performance.now(), processorMs(fleet)]
    await fleet.migrate()
    await allSwitched(fleet, count)
    const [wallMs, spent] = [performance.now() - began, processorMs(fleet) - before]
    const asked = await askOften(fleet)
    const peakMiB = peakOf(fleet.pid())
    return { wallMs: wallMs / count, processorMs: spent / count, peakMiB, ...asked, resumeMs: await resume(fleet) }
  } finally {
    await fleet.close()
  }
}

/** Asks seldom: whoever looks all the time is part of what it measures. */
async function allSwitched(fleet: Fleet, count: number): Promise<void> {
  const signal = AbortSignal.timeout(25 * 60_000)
  const isSwitched = ({ waitingFor, state }: MoveStatus): boolean => {
    if (state === 'failed') throw new Error(`A move failed: ${fleet.log().slice(-1000)}`)
    return waitingFor === 'finish'
  }
  const look = async () =>
    [...fleet.world.moves.values()].every(({ committed }) => committed.size > 0) && (await fleet.status()).every(isSwitched) ? true : null
  await waitUntil(look, { what: `The switch of ${count} moves`, deadlineMs: 25 * 60_000, everyMs: 100, signal })
  const broken = [...fleet.world.broken]
  if (broken.length > 0) throw new Error(`The world broke: ${broken.slice(0, 3).join('; ')}`)
}

async function askOften(fleet: Fleet): Promise<Pick<Figures, 'commandMs' | 'statusMs' | 'journalMs'>> {
  const signal = AbortSignal.timeout(120_000)
  const timesOf = async (act: () => Promise<unknown>): Promise<number> => {
    const times: number[] = []
    for (let turn = 0; turn < 7; turn++) {
      const began = performance.now()
      await act()
      times.push(performance.now() - began)
      await sleep(300, signal)
    }
    return median(times)
  }
  // The controller was brought this text with `migrate`; whoever had to read it would not know its kinds.
  const command = [path.join(repository, 'src', 'cli.ts'), 'status', '--json']
  return {
    commandMs: await timesOf(async () => await run(process.execPath, command, fleet.folder, {}, signal)),
    statusMs: await timesOf(fleet.status),
    journalMs: await timesOf(async () => await fleet.client().get('/api/v1/journal?move=node-0', signal)),
  }
}

/** Everything that runs is in the database alone; each move has to be opened, claimed on its nodes, and followed to where it was. */
async function resume(fleet: Fleet): Promise<number> {
  const machines = [...fleet.world.moves.values()].flatMap(({ source, target }) => (target === null ? [] : [source, target]))
  const tokens = machines.map((machine) => machine.helper?.token ?? 0)
  const began = performance.now()
  await fleet.kill()
  await fleet.start()
  const claimed = async () => await Promise.resolve(machines.every((machine, at) => (machine.helper?.token ?? 0) > (tokens[at] ?? 0)) ? true : null)
  await waitUntil(claimed, { what: 'The way on of all moves', deadlineMs: 600_000, everyMs: 50, signal: AbortSignal.timeout(600_000) })
  return performance.now() - began
}

/** Of the controller, and of the database with all that it has ever started. */
function processorMs(fleet: Fleet): number {
  const postmaster = Number(readFileSync(path.join(fleet.state, 'db', 'postmaster.pid'), 'utf8').split('\n')[0])
  const backends = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(Number(name))?.parent === postmaster)
  const ticks = (statOf(fleet.pid())?.own ?? 0) + (statOf(postmaster)?.withEnded ?? 0) + backends.reduce((sum, pid) => sum + (statOf(Number(pid))?.own ?? 0), 0)
  return ticks * 10
}

/** proc_pid_stat(5), in hundredths of a second. */
function statOf(pid: number): { readonly parent: number; readonly own: number; readonly withEnded: number } | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').map(Number) ?? []
    const sum = (from: number, to: number): number => fields.slice(from, to).reduce((all, each) => all + each, 0)
    return { parent: fields[1] ?? 0, own: sum(11, 13), withEnded: sum(11, 15) }
  } catch {
    return null
  }
}

function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
