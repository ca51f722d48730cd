// After the commit there is only forward: clients go to the new side, stragglers are forwarded, the old side follows.
import { LifeboatError, codeOf, messageOf } from '../../core/errors.ts'
import { acceptsTcp } from '../../nodes/checks.ts'
import type { Link } from '../../nodes/link.ts'
import { dropLease, heldForMs } from '../lease.ts'
import { reach, tcpPortsOf, type Action, type Done, type Step } from '../run.ts'
import { leaveTurn } from './companions.ts'
import { letFreezeEnd, meetOthers } from './shared-freeze.ts'
import { along, back, forth, pairFrom, type Direction } from './sides.ts'
import { onePass } from './sync.ts'

async function release(step: Step, way: Direction): Promise<Done> {
  await meetOthers(step, way.receiver === 'target' ? 'release-clients' : 'release-clients-back')
  const { attempt, heldAt, measured } = step.facts
  const [giver, receiver] = [await reach(step, way.giver), await reach(step, way.receiver)]
  const [answer] = await Promise.all(
    [giver, receiver].map(async (link) => await link.call({ op: 'release', token: step.run.token, attempt, committed: true }, step.signal)),
  )
  dropLease(step.run.move)
  await leaveTurn(step.run, step.name)
  const pauseMs = heldAt === null ? null : (heldForMs(step.run.move, attempt) ?? Date.now() - Date.parse(heldAt))
  await step.learn({ heldAt: null, measured: { ...measured, pauseMs } })
  await tryWay(step, giver, receiver)
  return { text: `Clients wait no longer; the pause was ${pauseMs ?? '?'} ms.`, details: { pauseMs, released: answer?.['released'] } }
}

/** One connection by the old address, where somebody was served before. */
async function tryWay(step: Step, giver: Link, receiver: Link): Promise<void> {
  const [port] = step.facts.portsServed ?? tcpPortsOf(step)
  if (port === undefined) return
  await acceptsTcp(giver.address, port, AbortSignal.any([step.signal, AbortSignal.timeout(3000)])).catch((error: unknown) => {
    step.signal.throwIfAborted()
    const why = messageOf(error)
    throw new LifeboatError('node-failed', `Clients were released, but port ${port} of ${giver.address} leads to nobody on ${receiver.address}: ${why}.`, {
      cause: error,
    })
  })
}

async function forwardStragglers(step: Step, way: Direction): Promise<Done> {
  const { attempt } = step.facts
  const giver = await reach(step, way.giver)
  const answer = await giver.call({ op: 'forward', token: step.run.token, attempt }, step.signal)
  for (const side of [way.giver, way.receiver]) await (await reach(step, side)).call({ op: 'close-attempt', token: step.run.token, attempt }, step.signal)
  return { text: `${giver.address} forwards who still comes there.`, details: { hash: answer['hash'] } }
}

async function startSingletons(step: Step, way: Direction): Promise<Done> {
  const { attempt, running } = step.facts
  const receiver = await reach(step, way.receiver)
  const units = step.settings.singletons.filter((unit) => running.includes(unit))
  const answer = await receiver.call({ op: 'start-singletons', token: step.run.token, attempt, units }, step.signal)
  return { text: units.length === 0 ? 'None of them ran before.' : `${units.join(', ')} on ${receiver.address}.`, details: { started: answer['started'] } }
}

/** Data flows back from now on, so that going back loses nothing. The pass itself goes on in await-finish. */
async function startReverseSync(step: Step, way: Direction): Promise<Done> {
  if (!step.settings.reverseSync) return { text: 'Switched off (reverseSync: false).' }
  await letFreezeEnd(step)
  for (const side of [way.giver, way.receiver]) await (await reach(step, side)).call({ op: 'record-start', token: step.run.token }, step.signal)
  const pair = await pairFrom(step, way.giver)
  try {
    for (const { mover } of step.run.ports.movers) await mover.reverse(pair, step.signal)
    const pass = await onePass(step, 'repeat')
    return { text: `The ${way.giver} follows: ${pass.text}`, details: pass.details }
  } catch (error) {
    if (codeOf(error) !== 'cannot-follow') throw error
    // Trying for ever would keep the names where they are.
    await step.learn({ cannotFollow: messageOf(error) })
    return { text: `The ${way.giver} does not follow: ${messageOf(error)}` }
  }
}

export const settle = {
  'release-clients': along(forth, release),
  'forward-stragglers': along(forth, forwardStragglers),
  'start-singletons': along(forth, startSingletons),
  'start-reverse-sync': along(forth, startReverseSync),
  'release-clients-back': along(back, release),
  'forward-stragglers-back': along(back, forwardStragglers),
  'start-singletons-back': along(back, startSingletons),
  'start-reverse-sync-back': along(back, startReverseSync),
} satisfies Record<string, Action>
