// Before anything is copied: look at the source, bring the target into being.
import { LifeboatError, codeOf } from '../../core/errors.ts'
import type { Node } from '../../core/node.ts'
import type { Action, Step } from '../run.ts'

export const prepare = {
  'check-source': async (step) => {
    const node = await askProvider(step)
    if (node !== null)
      return { text: `${node.name} is at ${step.settings.from.provider}; ${node.power === 'unknown' ? 'its power is not known' : `it is ${node.power}`}.` }
    const stored = await step.run.ports.stored()
    if (stored === null) throw new LifeboatError('source-unreachable', `${step.settings.from.provider} does not answer and no inventory of it is stored.`)
    return { text: `${step.settings.from.provider} does not answer; going on with the stored inventory.`, details: { providerDead: true } }
  },

  'adopt-inventory': async (step) => {
    const hazards = (await step.run.ports.stored())?.hazards ?? []
    return { text: hazards.length === 0 ? 'No hazard is known.' : `${hazards.length} hazards are known: ${hazards.map((hazard) => hazard.text).join(' ')}` }
  },

  'provision-node': async (step) => {
    const target = await step.run.ports.provision((event) => void step.say(`${event.resource}: ${event.text}`).catch(() => undefined), step.signal)
    await step.learn({ target })
    return { text: `The target answers at ${target.address}.`, details: { ...target } }
  },
} satisfies Record<string, Action>

/** The node as its provider describes it now; null when the provider is unreachable (principle 7: the source may be dead). */
async function askProvider(step: Step): Promise<Node | null> {
  try {
    const node = await step.run.ports.lookUp(step.signal)
    if (node === null) throw new LifeboatError('node-unknown', `${step.settings.from.provider} has no node ${step.settings.from.id} any more.`)
    return node
  } catch (error) {
    if (codeOf(error) !== 'source-unreachable') throw error
    await step.say(error instanceof Error ? error.message : String(error))
    return null
  }
}
