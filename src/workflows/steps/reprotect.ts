// A source that was given up comes back as the standby of the target (runbook.md §6). It never serves meanwhile: its helper asks
// the target before anything opens, and nothing is written to it before what only it has is kept aside.
import { LifeboatError, messageOf } from '../../core/errors.ts'
import { waitUntil } from '../../io/wait.ts'
import { liftFence, readFence } from '../fencing.ts'
import { gateClosed, reach, type Action, type Done, type Step } from '../run.ts'
import { answers } from './failover.ts'
import { fencingOf } from './unfence.ts'
import { pairFrom } from './sides.ts'
import { onePass } from './sync.ts'

const bootWithinMs = 5 * 60_000
/** The helper of the target tells it every 2 s, and its services may take a while to stop. */
const closeWithinMs = 30_000
const askEveryMs = 500

/** How a step ends that waits while the target serves without its source: somebody wants that back. Null: nobody does. */
export async function sourceWantedBack({ facts, run: { services, move, run } }: Step): Promise<Done | null> {
  if (facts.failedOver === null || !(await services.signals.waits(move, run, 'reprotect'))) return null
  return { text: 'The source is wanted back as a standby.', details: { reprotect: true } }
}

export const reprotection = {
  'salvage-source': async (step) => {
    const { services, move, run, ports } = step.run
    const word = await services.signals.take(move, run, 'reprotect')
    const { failedOver } = step.facts
    if (failedOver === null) throw gateClosed(`The source of ${move} was not given up.`)
    await bringBack(step)
    if (failedOver.salvaged !== undefined) return { text: `It was done at ${failedOver.salvaged.at}.`, details: { ...word } }
    const pair = await pairFrom(step, 'target')
    const given = { since: failedOver.gaveAt ?? null, label: `salvage-${failedOver.at.replaceAll(/[:.]/g, '-')}` }
    let [count, bytes] = [0, 0]
    for (const { name, mover } of ports.movers) {
      if (mover.salvage === undefined) throw gateClosed(`${name}: nobody knows what of it only the source has; it is left as it is.`)
      const { text, ...salvaged } = await mover.salvage(pair, given, step.signal)
      count += salvaged.count
      bytes += salvaged.bytes
      await step.say(`${name}: ${text}`, { name, ...salvaged })
    }
    await step.learn({ failedOver: { ...failedOver, salvaged: { at: new Date().toISOString() } } })
    const text = count === 0 ? 'The source has nothing that the target lacks.' : 'What only the source has is kept aside there; nothing of it was merged.'
    return { text, details: { ...word, count, bytes } }
  },

  reprotect: async (step) => {
    const { failedOver } = step.facts
    if (failedOver?.salvaged === undefined) throw gateClosed('What only the source has was not kept aside yet.')
    await bringBack(step)
    for (const side of ['source', 'target'] as const) await (await reach(step, side)).call({ op: 'record-start', token: step.run.token }, step.signal)
    const pair = await pairFrom(step, 'source')
    for (const { mover } of step.run.ports.movers) await mover.reverse(pair, step.signal)
    // Nothing that was known of the source holds any more: contents are compared.
    await step.learn({ boots: { source: '', target: '' }, audited: null })
    const pass = await onePass(step, 'repeat')
    await step.learn({ failedOver: null, fence: null, cannotFollow: null, sourceAnswers: true })
    const more = step.settings.reverseSync ? '' : ' It is not kept in step (reverseSync: false).'
    return { text: `The source has what the target has: ${pass.text}${more}`, details: pass.details }
  },
} satisfies Record<string, Action>

/** The source answers, closed, and has taken our token. What cuts it off is lifted for that, as it could not be asked else. */
async function bringBack(step: Step): Promise<void> {
  if (!(await answers(step))) await liftWhatFences(step)
  const closed = async (): Promise<true | null> => {
    const [source, target] = await Promise.all(
      (['source', 'target'] as const).map(async (side) => await (await step.run.ports.link(side, step.facts)).call({ op: 'hello' }, step.signal)),
    )
    return source?.['role'] === 'closed' && target?.['succeeding'] === 0 ? true : null
  }
  const what = `That the source has heard of it and closes`
  await waitUntil(closed, { what, deadlineMs: closeWithinMs, everyMs: askEveryMs, signal: step.signal })
  step.run.claimed.delete('source')
  await reach(step, 'source')
}

async function liftWhatFences(step: Step): Promise<void> {
  const { fence } = step.facts
  const { address } = step.settings.source
  if (fence === null || fence.by === 'person' || fence.by === 'ssh') throw silent(`The source ${address} does not answer yet; power it on, and say so again.`)
  await refuseRunning(step, fence.by)
  await step.say(`The source does not answer; its fence (${fence.by}) is lifted.`)
  await liftFence(fencingOf(step), fence.by, step.signal)
  const up = async (): Promise<true | null> => ((await answers(step)) ? true : null)
  await waitUntil(up, { what: 'A start of the source', deadlineMs: bootWithinMs, everyMs: askEveryMs, signal: step.signal }).catch((error: unknown) => {
    step.signal.throwIfAborted()
    throw silent(`The fence of the source ${address} is lifted, and it does not answer yet: ${messageOf(error)}`)
  })
}

/** One that went on behind its fence would serve until it hears; one that is started asks before anybody reaches it. */
async function refuseRunning(step: Step, by: string): Promise<void> {
  const { run, facts, signal, settings } = step
  if (by !== 'provider' || (await run.ports.isOff('source', facts, signal)) !== false) return
  // It was lifted before, and the machine is still starting.
  if (!(await readFence(fencingOf(step), signal)).confirmed) return
  throw gateClosed(
    `The source ${settings.source.address} runs behind its fence, and would serve for a moment when that is lifted: power it off at its provider first.`,
  )
}

function silent(text: string): LifeboatError {
  return new LifeboatError('ssh-unreachable', text)
}
