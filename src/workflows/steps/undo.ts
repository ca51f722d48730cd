// The undo of each row (runbook.md §3b). The nodes would do most of it by themselves when nobody asks; asking is faster.
import { LifeboatError, codeOf } from '../../core/errors.ts'
import type { SideName } from '../../core/stored-move.ts'
import { dropLease } from '../lease.ts'
import type { Link } from '../../nodes/link.ts'
import { isSilence, reach, type Action, type Step } from '../run.ts'
import { undoInOrder } from './shared-freeze.ts'
import { back, forth, type Direction } from './sides.ts'
import { endRehearsal } from './rehearse.ts'
import { cleanNode } from './prepare-node.ts'
import { unseal } from './unseal.ts'
import { freeNames, restoreTtl } from './names.ts'

export const undo = {
  'destroy-node': async (step) => {
    if (step.facts.holdsData) return { text: 'The target holds data: it stays.' }
    await step.run.ports.deprovision(step.signal)
    await step.learn({ target: null })
    return { text: 'The target is gone; it held no data.' }
  },
  'clean-node': cleanNode,
  'free-names': freeNames,
  'restore-ttl': restoreTtl,
  'end-rehearsal': async (step) => {
    await endRehearsal(step)
    return { text: 'Nothing of a rehearsal is left.' }
  },
  'stop-recording': async () => ({ text: 'The recorders end with their helpers; the copies stay.' }),
  'stop-reverse-sync': async () => ({ text: 'Nothing is copied back any more; the copies stay.' }),

  'unhold-clients': inOrder(async (step) => await unhold(step, forth)),
  'thaw-source': inOrder(async (step) => await thaw(step, 'source')),
  'unseal-source': inOrder(async (step) => await unseal(step, forth)),
  'demote-target': inOrder(async (step) => await demote(step, 'target')),
  'unhold-clients-back': inOrder(async (step) => await unhold(step, back)),
  'thaw-target': inOrder(async (step) => await thaw(step, 'target')),
  'unseal-target': inOrder(async (step) => await unseal(step, back)),
  'demote-source': inOrder(async (step) => await demote(step, 'source')),
} satisfies Record<string, Action>

/** Those that share a freeze open again databases first, as services may need them to start. */
function inOrder(act: Action): Action {
  return async (step) => {
    await undoInOrder(step)
    return await act(step)
  }
}

async function unhold(step: Step, way: Direction) {
  dropLease(step.run.move)
  const giver = await reach(step, way.giver)
  await letGo(step, giver)
  await step.learn({ heldAt: null, seal: null })
  const text = `Clients of ${giver.address} wait no longer; it serves as before.`
  try {
    await letGo(step, await reach(step, way.receiver))
    return { text }
  } catch (error) {
    step.signal.throwIfAborted()
    if (!isSilence(error)) throw error
    return { text: `${text} The ${way.receiver} does not answer; it ends its part alone.` }
  }
}

async function letGo(step: Step, link: Link): Promise<void> {
  const { attempt } = step.facts
  await unlessOver(async () => await link.call({ op: 'unhold', token: step.run.token, attempt }, step.signal))
  await unlessOver(async () => await link.call({ op: 'close-attempt', token: step.run.token, attempt }, step.signal))
}

async function thaw(step: Step, side: SideName) {
  const { attempt } = step.facts
  const link = await reach(step, side)
  await unlessOver(async () => await link.call({ op: 'thaw', token: step.run.token, attempt }, step.signal, 30_000))
  return { text: `What ran on ${link.address} runs again.` }
}

async function demote(step: Step, side: SideName) {
  const { attempt } = step.facts
  const link = await reach(step, side)
  // One that is silent must not hold up the side that waits to be opened: that asks it, too.
  await link.call({ op: 'hello' }, step.signal, 5000)
  await link.call({ op: 'demote', token: step.run.token, attempt }, step.signal, 30_000)
  return { text: `The services of ${link.address} are stopped; attempt ${attempt} is void.` }
}

/** An attempt that the node has ended already is undone already. */
async function unlessOver(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof LifeboatError) || codeOf(error) !== 'attempt-over') throw error
  }
}
