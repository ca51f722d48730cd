// The switch, from the last check to the commit, in either direction (runbook.md §3, §4, §5). Every effect on a node
// carries token and attempt; the nodes themselves refuse what comes too late.
import { isIP } from 'node:net'
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { counted } from '../../core/units.ts'
import { acceptsTcp } from '../../nodes/checks.ts'
import type { Link } from '../../nodes/link.ts'
import { keepLease, noteHold } from '../lease.ts'
import { gateClosed, reach, tcpPortsOf, type Action, type Done, type Step } from '../run.ts'
import { attemptOf, duringAttempt } from './attempt.ts'
import { checkReady } from './check-ready.ts'
import { untilServed } from './check-target.ts'
import { allMovers, movesMore } from './movers.ts'
import { meetOthers, pauseAhead, sharedBudgetLeft } from './shared-freeze.ts'
import { along, back, forth, pairFrom, type Direction } from './sides.ts'
import { onePass } from './sync.ts'

const leaseMs = 5000
const holdLimitMs = 30_000
const graceMs = 5000

async function holdClients(step: Step, way: Direction): Promise<Done> {
  await meetOthers(step, step.name)
  const [giver, receiver] = [await reach(step, way.giver), await reach(step, way.receiver)]
  const hellos = await Promise.all([giver, receiver].map(async (link) => await link.call({ op: 'hello' }, step.signal)))
  const before = await arrivals(step, giver)
  const lastAttempt = step.facts.attempt
  const attempt = 1 + Math.max(lastAttempt, ...hellos.map((hello) => Number(hello['attempt'] ?? 0)))
  await step.learn({ attempt, heldAt: new Date().toISOString(), seal: null })
  noteHold(step.run.move, attempt)
  const budgetMs = await sharedBudgetLeft(step)
  const open = { op: 'open-attempt', token: step.run.token, attempt, leaseMs, budgetMs, holdLimitMs, lastAttempt }
  await receiver.call({ ...open, part: 'receiver' }, step.signal)
  const opened = await giver.call({ ...open, part: 'giver' }, step.signal)
  await step.learn({ running: runningOf(opened['running']) })
  keepLease(step.run.move, attempt, step.run.token, [giver, receiver])
  if (hellos[1]?.['forwarding'] === true) await receiver.call({ op: 'hold', token: step.run.token, attempt }, step.signal)
  await giver.call({ op: 'hold', token: step.run.token, attempt }, step.signal)
  await proveHold(step, giver, before)
  return { text: `New connections to ${giver.address} wait.`, details: { attempt } }
}

/** Names of the units that the node says were running. */
function runningOf(answer: unknown): string[] {
  return Object.entries(z.record(z.string(), z.boolean()).parse(answer)).flatMap(([unit, ran]) => (ran ? [unit] : []))
}

/** A hold that nobody from outside reaches would not hold: a connection to each port must arrive at the holder (runbook.md §3a). */
async function proveHold(step: Step, giver: Link, before: Arrivals): Promise<void> {
  const prove = async (port: number) => {
    await acceptsTcp(giver.address, port, AbortSignal.any([step.signal, AbortSignal.timeout(1000)])).catch(() => undefined)
    for (let tries = 0; tries < 20; tries++) if ((await arrivals(step, giver))(port) > before(port)) return
    throw gateClosed(`A connection to port ${port} of ${giver.address} does not reach the holder; something else redirects it.`)
  }
  await Promise.all(tcpPortsOf(step).map(prove))
}

type Arrivals = (port: number) => number

/** What the holder has counted of other machines' clients at a port, of the family of its address: rules of others may be for one family alone. */
async function arrivals(step: Step, giver: Link): Promise<Arrivals> {
  const { outside } = await giver.call({ op: 'holder' }, step.signal)
  const counts = z.record(z.string(), z.number()).parse(outside ?? {})
  const families = isIP(giver.address) === 0 ? [4, 6] : [isIP(giver.address)]
  return (port) => families.reduce((sum, family) => sum + (counts[`${family}/${port}`] ?? 0), 0)
}

async function freeze(step: Step, way: Direction): Promise<Done> {
  const { giver, attempt } = await duringAttempt(step, way)
  const began = performance.now()
  const answer = await giver.call({ op: 'freeze', token: step.run.token, attempt, graceMs }, step.signal)
  const drainMs = Math.round(performance.now() - began)
  await step.learn({ measured: { ...step.facts.measured, drainMs } })
  const stopped = Array.isArray(answer['stopped']) ? answer['stopped'] : []
  return { text: `${counted(stopped.length, 'unit')} stopped in ${drainMs} ms.`, details: { drainMs, stopped } }
}

async function finalSync(step: Step, way: Direction): Promise<Done> {
  const { giver } = await duringAttempt(step, way)
  const drained = await giver.call({ op: 'record-drain', token: step.run.token }, step.signal)
  await step.learn({ sequence: Number(drained['sequence'] ?? 0) })
  return await onePass(step, 'final')
}

async function verifyData(step: Step, way: Direction): Promise<Done> {
  const { receiver } = await duringAttempt(step, way)
  const began = performance.now()
  const { admitted } = await receiver.call({ op: 'end-copies', token: step.run.token }, step.signal)
  await step.learn({ admitted: Number(admitted) })
  const pair = await pairFrom(step, way.giver, { attempt: step.facts.attempt })
  const said: string[] = []
  const compared = await allMovers(step, async (mover, name) => ({
    name,
    differences: await mover.verify(pair, step.signal, (text) => said.push(` ${name}: ${text}`)),
  }))
  for (const { name, differences } of compared) {
    const first = differences[0]
    // What a pass did not see, the next one must not overlook.
    if (first !== undefined) await step.learn({ boots: { source: '', target: '' }, audited: null })
    if (first !== undefined) throw gateClosed(`${name}: ${counted(differences.length, 'difference')}, the first: ${first.path} ${first.what}.`)
  }
  const verifyMs = Math.round(performance.now() - began)
  await step.learn({ measured: { ...step.facts.measured, verifyMs } })
  return { text: `Both sides are equal (${verifyMs} ms).${said.join('')}`, details: { verifyMs } }
}

async function seal(step: Step, way: Direction): Promise<Done> {
  const { giver, attempt } = await duringAttempt(step, way)
  const needMs = Math.round(1.5 * (await pauseAhead(step)).endMs + 1000)
  const answer = await giver.call({ op: 'seal', token: step.run.token, attempt, sequence: step.facts.sequence, needMs }, step.signal)
  const sealed = answer['seal']
  if (typeof sealed !== 'object' || sealed === null) throw new LifeboatError('node-failed', `${giver.address} answered no seal.`)
  await step.learn({ seal: { ...sealed } })
  return { text: `${giver.address} is closed; it opens again only on the verdict of the other side.`, details: { attempt } }
}

async function promote(step: Step, way: Direction): Promise<Done> {
  const { receiver, attempt } = await duringAttempt(step, way)
  const began = performance.now()
  const { seal: sealed, running, admitted } = step.facts
  const promotion = { op: 'promote', token: step.run.token, attempt, seal: sealed, admitted }
  // The verdict comes before a database may be written, and that before the services.
  if (movesMore(step)) await receiver.call({ ...promotion, units: [] }, step.signal)
  const pair = await pairFrom(step, way.giver, { attempt })
  await allMovers(step, async (mover) => await mover.promote(pair, step.signal))
  const units = step.settings.services.filter((unit) => running.includes(unit))
  const answer = await receiver.call({ ...promotion, units }, step.signal)
  const startMs = Math.round(performance.now() - began)
  await step.learn({ measured: { ...step.facts.measured, startMs } })
  return { text: `The services of ${receiver.address} run, for checks only (${startMs} ms).`, details: { startMs, started: answer['started'] } }
}

async function checkReceiver(step: Step, way: Direction): Promise<Done> {
  const { giver, receiver, lost } = await duringAttempt(step, way)
  const signal = AbortSignal.any([step.signal, lost])
  const hello = await receiver.call({ op: 'hello' }, signal)
  // A receiver that forwarded until now holds clients of its own.
  const byPeer = hello['forwarding'] === true ? { ports: tcpPortsOf(step), dial: giver.dialPeer } : null
  return await untilServed(step, way.receiver, receiver, signal, byPeer)
}

/** The receiver decides alone: a repeat after a lost answer finds it committed, whatever the giver made of that meanwhile. */
async function commit(step: Step, way: Direction): Promise<Done> {
  const { receiver, attempt } = await attemptOf(step, way)
  await meetOthers(step, step.name)
  await receiver.call({ op: 'commit', token: step.run.token, attempt }, step.signal)
  await step.learn({ serving: way.receiver, seal: null, stragglers: 0, cannotFollow: null, targetSilentSince: null })
  return { text: `${receiver.address} serves from now on.`, details: { attempt } }
}

export const switchOver = {
  'check-ready': along(forth, checkReady),
  'hold-clients': along(forth, holdClients),
  'freeze-source': along(forth, freeze),
  'final-sync': along(forth, finalSync),
  'verify-data': along(forth, verifyData),
  'seal-source': along(forth, seal),
  'promote-target': along(forth, promote),
  'check-target': along(forth, checkReceiver),
  'commit-switch': along(forth, commit),
  'check-ready-back': along(back, checkReady),
  'hold-clients-back': along(back, holdClients),
  'freeze-target': along(back, freeze),
  'final-sync-back': along(back, finalSync),
  'verify-data-back': along(back, verifyData),
  'seal-target': along(back, seal),
  'promote-source': along(back, promote),
  'check-source-back': along(back, checkReceiver),
  'commit-switch-back': along(back, commit),
} satisfies Record<string, Action>
