// The last gate before anybody waits (runbook.md §3a): all that could stop the switch later is looked at now.
import { clientsToGoFirst, describeClients } from '../../core/after.ts'
import { forecastSteps } from '../../core/forecast.ts'
import type { SideName } from '../../core/stored-move.ts'
import { counted } from '../../core/units.ts'
import { runChecks, type CheckResult } from '../../nodes/checks.ts'
import { openConnections } from '../../nodes/connections.ts'
import type { Link } from '../../nodes/link.ts'
import { gateClosed, reach, tcpPortsOf, type Done, type Step } from '../run.ts'
import { audit } from './audit.ts'
import { portsServed } from './check-target.ts'
import { refuseDrift } from './drift.ts'
import { refuseChangedNames } from './names.ts'
import { meetOthers, pauseAhead, tellTogether } from './shared-freeze.ts'
import { meansOf, pairFrom, type Direction } from './sides.ts'
import { onePass } from './sync.ts'
import { awaitTurn } from './waiting.ts'

const mostLagSeconds = 30
const compareForMs = 20_000
const turnForMs = 20_000
/** The forecast must leave room for what was not foreseen. */
const budgetShare = 0.6
/** Beside what the next pass may bring, twice. */
const spareMiB = 16

export async function checkReady(step: Step, way: Direction): Promise<Done> {
  if (way.receiver === 'target') {
    // Going back leaves the target, whatever became of it, and must not wait for a name that somebody else has changed.
    await refuseDrift(step, step.run.ports.drift)
    await refuseChangedNames(step)
  } else {
    // Whose turn it is may be failing like what this one leaves: one hold is all that it waits for.
    await awaitTurn(step, turnForMs)
    await sayOrder(step, await tellTogether(step))
  }
  const [giver, receiver] = [await reach(step, way.giver), await reach(step, way.receiver)]
  for (const link of [giver, receiver]) await record(step, link)
  const pass = await onePass(step, 'repeat')
  const seconds = Number(pass.details.seconds)
  if (seconds > mostLagSeconds) throw gateClosed(`The last pass took ${seconds.toFixed(1)} s; the limit is ${mostLagSeconds} s.`)
  if (way.receiver === 'target' && step.facts.audited === null) throw gateClosed('Both sides were not compared as a whole since they were last made equal.')
  await compareNew(step)
  await refuseFullDisk(step, receiver, Number(pass.details.movedBytes))
  const checks = await checksOn(step, way.giver, giver)
  await step.learn({ portsServed: await portsServed(step, giver) })
  const connections = await openConnections(giver, tcpPortsOf(step), step.signal)
  const { pauseMs: forecastMs } = await pauseAhead(step)
  const limitMs = budgetShare * step.settings.downtimeBudgetMs
  if (forecastMs > limitMs) throw gateClosed(`The forecast pause of ${forecastMs / 1000} s is over ${limitMs / 1000} s, ${budgetShare} of the budget.`)
  for (const { mover } of step.run.ports.movers) await mover.brace?.(await pairFrom(step, way.giver), step.signal)
  // The record of the hold begins when clients wait, not when this one waits for others.
  await meetOthers(step, way.receiver === 'target' ? 'hold-clients' : 'hold-clients-back')
  const open = connections === null ? '' : `; ${counted(connections, 'connection')} open`
  return {
    text: `Ready: ${counted(checks.filter(({ passed }) => passed).length, 'check')} passed, the pause will be about ${(forecastMs / 1000).toFixed(1)} s${open}.`,
    details: { forecastPauseMs: forecastMs, forecastSteps: forecastSteps(step.facts), budgetMs: step.settings.downtimeBudgetMs, checks, connections },
  }
}

/** Going back before one's clients is told, and done all the same. */
async function sayOrder(step: Step, together: readonly string[]): Promise<void> {
  const clients = (clientsToGoFirst(await step.run.services.store.standings()).get(step.run.move) ?? []).filter((client) => !together.includes(client))
  if (clients.length > 0) await step.say(`Not in its order: ${describeClients(step.run.move, clients)}.`, { clients })
}

/** A recorder that missed something begins anew; the pass after that is a whole one. */
async function record(step: Step, link: Link): Promise<void> {
  await link.call({ op: 'record-start', token: step.run.token }, step.signal)
  const status = await link.call({ op: 'record-status' }, step.signal)
  if (status['running'] !== true || status['gap'] === true) throw gateClosed(`Changes on ${link.address} are not recorded: ${String(status['why'])}.`)
}

/** What has changed since the last comparison, so that the freeze has only what changes from now on. */
async function compareNew(step: Step): Promise<void> {
  const late = gateClosed(`Comparing both sides did not end within ${compareForMs / 1000} s; in the freeze it would take as long.`)
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(late), compareForMs)
  try {
    const [first, ...others] = (await audit(step, 'changed', AbortSignal.any([step.signal, limit.signal]))).differences
    if (first === undefined) return
    await step.learn({ boots: { source: '', target: '' }, audited: null })
    throw gateClosed(`${counted(1 + others.length, 'difference')} that no recorder named, the first: ${first}.`)
  } finally {
    clearTimeout(timer)
  }
}

async function refuseFullDisk(step: Step, receiver: Link, movedBytes: number): Promise<void> {
  const paths = step.settings.data.flatMap(({ path }) => (typeof path === 'string' ? [path] : []))
  if (paths.length === 0) return
  const { stdout } = await receiver.run(['df', '-B1', '--output=avail', ...paths], { signal: step.signal })
  // The first line is a heading.
  const free = stdout.trim().split('\n').slice(1).map(Number)
  const needMiB = spareMiB + Math.ceil((2 * movedBytes) / 1024 / 1024)
  const leastMiB = Math.floor(Math.min(...free) / 1024 / 1024)
  if (leastMiB < needMiB) throw gateClosed(`${receiver.address} has ${leastMiB} MiB left for the data; the limit is ${needMiB} MiB.`)
}

/** All checks on the side that serves; those that pass must pass on the other. */
async function checksOn(step: Step, side: SideName, link: Link): Promise<readonly CheckResult[]> {
  const results = await runChecks(step.settings.checks, link, step.signal, meansOf(step, side, link))
  const passed = results.filter((result) => result.passed).map((result) => result.check)
  if (results.length > 0 && passed.length === 0) throw gateClosed(`No check passes on ${link.address}: ${results[0]?.check} ${results[0]?.text}.`)
  await step.learn({ checksPassed: passed })
  return results
}
