// A simulated world for many moves at once: their machines, zone and providers, which answer with latency and faults from
// a seed, clients who write orders, and a look at the promises of the runbook after everything that happens. It lives
// beside the controller, so that it survives when that is killed. docs/simulation.md says what it leaves unproven.
import { setTimeout as delay } from 'node:timers/promises'
import { LifeboatError } from '../../src/core/errors.ts'
import { answerHelper } from './helper.ts'
import type { Question, Reply } from './asking.ts'
import { sourceOps, stackOps, type Cloud } from './cloud.ts'
import { copies } from './copy.ts'
import { lookAlone } from './dead-man.ts'
import type { Estate } from './estate.ts'
import { fates, type Faults } from './faults.ts'
import { newHelper, newMachine, refusal, serves, write, type Helper, type Machine } from './machine.ts'
import { brokenFor, ordersOn, type Simulated } from './promises.ts'
import { zoneOps, type Zone } from './zone.ts'

export type World = {
  readonly ask: (question: Question) => Promise<Reply>
  readonly moves: ReadonlyMap<string, Simulated>
  readonly cloud: Cloud
  readonly zone: Zone
  /** Promises that were broken, each once. */
  readonly broken: ReadonlySet<string>
  /** The most moves at the same time that made their first copy from one source, or to one target, and that held clients of one source. */
  readonly most: { copiedFrom: number; copiedTo: number; held: number }
  /** Calls back after each thing that was done, with how many there were. */
  onDone: (count: number) => void
  readonly close: () => void
}

const tickMs = 100
/** Long enough for others to begin, where a limit would let them. */
const firstCopyMs = 150

/** The one name of a move. */
export function nameOf(move: string): string {
  return `${move}.shop.example`
}

export function openWorld(estate: Estate, faults: Faults): World {
  const state = newState(estate)
  const { cloud, zone, moves, broken } = state
  const fate = fates(faults)
  let done = 0
  const world: World = {
    ask: async (question) => {
      const { thereMs, backMs, lost } = fate()
      const leave = state.enter(question)
      try {
        await delay(isFirstCopy(question) ? thereMs + firstCopyMs : thereMs)
        if (lost === 'question') throw lostTo(question)
        const reply = answer(state, question)
        state.look(question.move)
        world.onDone(++done)
        await delay(backMs)
        if (lost === 'answer') throw lostTo(question)
        return reply
      } finally {
        leave()
      }
    },
    moves,
    cloud,
    zone,
    broken,
    most: state.most,
    onDone: () => undefined,
    close: () => clearInterval(ticks),
  }
  const ticks = setInterval(() => state.tick(), tickMs)
  return world
}

function isFirstCopy({ part, op, args }: Pick<Question, 'part' | 'op' | 'args'>): boolean {
  return part === 'node' && op === 'copy' && args['kind'] === 'first'
}

function lostTo({ part, of, op }: Question): LifeboatError {
  const codes = { node: 'ssh-unreachable', zone: 'dns-unreachable', source: 'source-unreachable', stack: 'target-unreachable' } as const
  return new LifeboatError(codes[part], `The line to ${of} was lost at \`${op}\`.`)
}

type State = ReturnType<typeof newState>

function newState(estate: Estate) {
  const cloud: Cloud = { machines: new Map(), stacks: new Map(), made: new Map(), holdsData: new Set(), destroyed: [], given: 0 }
  const zone: Zone = { names: new Map(), serial: 1 }
  const moves = new Map<string, Simulated>()
  const broken = new Set<string>()
  const copying = new Map<string, string>()
  const attempts = new Set<Machine>()
  const most = { copiedFrom: 0, copiedTo: 0, held: 0 }
  const targets = new Map(estate.moves.map(({ name, to }) => [name, to]))
  const sources = new Map(estate.moves.map(({ name, from }) => [name, from]))
  for (const { name, from, address, after } of estate.moves) {
    const source = newMachine(from, name, address, ['app.service', 'mailer.timer'])
    for (let index = 0; index < 20; index++) source.files.set(`files/${index}`, `${name} ${index}`)
    source.files.set('orders', '0')
    cloud.machines.set(address, source)
    zone.names.set(nameOf(name), { name: nameOf(name), a: [address], aaaa: [], ttl: 5, epoch: null })
    moves.set(name, { name, source, target: null, after, acknowledged: 0, committed: new Set(), turned: 0, mailers: 0 })
  }
  const largest = (names: Iterable<string>, of: ReadonlyMap<string, string>): number =>
    Math.max(0, ...[...Map.groupBy(names, (name) => of.get(name)).values()].map((group) => group.length))
  const look = (name: string): void => {
    const move = moves.get(name)
    if (move === undefined) return
    const note = (): void => {
      for (const sentence of brokenFor(move, zone.names.get(nameOf(name))?.a ?? [], Date.now())) broken.add(sentence)
    }
    // Someone always wants something of it; before a write, as that could hide that one is missing.
    note()
    clientWrites(move)
    note()
  }
  const countHeld = (): void => {
    const holding = [...attempts].flatMap(({ helper }) => (helper?.attempt?.part === 'giver' && helper.attempt.heldAt !== null ? [helper.move] : []))
    most.held = Math.max(most.held, largest(holding, sources))
  }
  return {
    doomed: new Map(estate.moves.map(({ name, doomed }) => [name, doomed])),
    cloud,
    zone,
    moves,
    broken,
    attempts,
    most,
    look,
    /** A first copy is on its way for as long as its question is. */
    enter: ({ part, op, move, args }: Question): (() => void) => {
      if (!isFirstCopy({ part, op, args })) return () => undefined
      const key = `${move} ${String(args['token'])}`
      copying.set(key, move)
      const names = new Set(copying.values())
      most.copiedFrom = Math.max(most.copiedFrom, largest(names, sources))
      most.copiedTo = Math.max(most.copiedTo, largest(names, targets))
      return () => void copying.delete(key)
    },
    countHeld,
    tick: (): void => {
      for (const machine of attempts) {
        const { helper } = machine
        if (helper === null || helper.attempt === null) attempts.delete(machine)
        else {
          const peer = cloud.machines.get(helper.config?.peer ?? '') ?? null
          lookAlone(machine, helper, peer?.isOn === true ? peer : null, Date.now())
          look(helper.move)
        }
      }
    },
  }
}

/** A client follows the old address, as forwarded; what is held waits, and is not told that it is safe. */
function clientWrites(move: Simulated): void {
  const { source, target } = move
  const there = source.helper?.forwarding === 'on' || !source.isOn ? target : source
  if (there === null || !serves(there)) return
  const orders = ordersOn(there) + 1
  write(there, 'orders', String(orders))
  move.acknowledged = Math.max(move.acknowledged, orders)
}

function answer(state: State, question: Question): Reply {
  const { of, op, args } = question
  switch (question.part) {
    case 'node':
      return answerNode(state, question)
    case 'zone':
      return answerZone(state, question)
    case 'source':
      return sourceOps[op]?.(state.cloud, of, args) ?? unknown(question)
    case 'stack': {
      const reply = stackOps[op]?.(state.cloud, of, args) ?? unknown(question)
      const move = state.moves.get(question.move)
      if (move !== undefined) noteMade(state, move)
      return reply
    }
  }
}

/** Counts how often a name is turned to its target. */
function answerZone({ zone, moves }: State, question: Question): Reply {
  const { move: name, op, args } = question
  const move = moves.get(name)
  const pointsToTarget = (): boolean => move?.target != null && zone.names.get(nameOf(name))?.a.includes(move.target.address) === true
  const before = pointsToTarget()
  const reply = zoneOps[op]?.(zone, args) ?? unknown(question)
  if (move !== undefined && !before && pointsToTarget()) move.turned++
  return reply
}

function noteMade({ cloud, broken }: State, move: Simulated): void {
  const made = cloud.made.get(`node-${move.name}`) ?? []
  if (made.length > 1) broken.add(`${made.length} machines were made for ${move.name}`)
  if (cloud.destroyed.length > 0) broken.add(`V18: ${cloud.destroyed.join(', ')} held data and was destroyed`)
  move.target = cloud.machines.get(made.at(-1) ?? '') ?? null
}

function machineAt(state: State, address: string): Machine {
  const machine = state.cloud.machines.get(address)
  if (machine === undefined || !machine.isOn || !machine.isConnected) throw new LifeboatError('ssh-unreachable', `${address} does not answer.`)
  return machine
}

/** What is asked of a machine itself; null: it is for its helper. */
function answerMachine(state: State, machine: Machine, { op, move }: Question): Reply | null {
  switch (op) {
    case 'run':
      return { exitCode: machine.running.has('app.service') && !isDoomed(state, move, 'checks', machine) ? 0 : 1 }
    case 'is-installed':
      return { installed: machine.helper !== null }
    case 'install':
      machine.helper ??= newHelper(move)
      return {}
    default:
      return null
  }
}

function answerNode(state: State, question: Question): Reply {
  const machine = machineAt(state, question.of)
  const said = answerMachine(state, machine, question)
  if (said !== null) return said
  const { helper } = machine
  if (helper === null) throw new LifeboatError('ssh-unreachable', `There is no helper on ${question.of}.`)
  if (question.op === 'copy') return answerCopy(state, machine, question)
  return answerOfMove(state, machine, helper, question)
}

/** Counts what may happen once for each commit. */
function answerOfMove(state: State, machine: Machine, helper: Helper, { op, args, move: name }: Question): Reply {
  const move = state.moves.get(name)
  const mailed = machine.running.has('mailer.timer')
  if (op === 'hold') refuseTooEarly(state, move, machine)
  const reply = answerHelper(op, { machine, helper, args, now: Date.now(), peer: peerOf(state, helper.config?.peer) })
  if (helper.attempt !== null) state.attempts.add(machine)
  if (op === 'hold') state.countHeld()
  if (move === undefined || machine !== move.target) return reply
  if (op === 'commit') move.committed.add(Number(args['attempt']))
  if (op === 'start-singletons' && !mailed && machine.running.has('mailer.timer')) move.mailers++
  return reply
}

function peerOf(state: State, address: string | undefined): Machine | null {
  const peer = state.cloud.machines.get(address ?? '')
  return peer?.isOn === true && peer.isConnected ? peer : null
}

/** What it comes after was switched, at least once, before anybody waits for it. */
function refuseTooEarly({ moves, broken }: State, move: Simulated | undefined, machine: Machine): void {
  if (move?.source !== machine) return
  for (const name of move.after) if (moves.get(name)?.committed.size === 0) broken.add(`${move.name} holds its clients before ${name} was switched`)
}

function answerCopy(state: State, to: Machine, { move, args }: Question): Reply {
  const from = machineAt(state, String(args['from']))
  const what = String(args['what'])
  if (what === 'sync' && isDoomed(state, move, 'copy', from)) throw new LifeboatError('sync-failed', `The disk of ${from.address} cannot be read.`)
  const copy = copies[what]
  if (copy === undefined) throw refusal('usage', `There is no ${what} of copies in the simulated world.`)
  return copy(from, to, args)
}

/** `copy`: the disk of its source is broken; `checks`: what it runs does not come up on another machine. */
function isDoomed(state: State, name: string, how: 'copy' | 'checks', machine: Machine): boolean {
  if (state.doomed.get(name) !== how) return false
  return how === 'copy' || machine !== state.moves.get(name)?.source
}

function unknown({ part, op }: Question): never {
  throw refusal('usage', `There is no ${op} of ${part} in the simulated world.`)
}
