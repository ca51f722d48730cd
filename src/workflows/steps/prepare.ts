// Before anything is copied: look at the source, bring the target into being.
import { LifeboatError, codeOf, messageOf } from '../../core/errors.ts'
import type { Node, Notice } from '../../core/node.ts'
import { counted } from '../../core/units.ts'
import { deadline } from '../../io/wait.ts'
import { runChecks } from '../../nodes/checks.ts'
import type { EngineEvent } from '../../provision/engine.ts'
import type { Action, Step } from '../run.ts'
import { portsServed } from './check-target.ts'
import { awaitStart } from './in-slots.ts'
import { namesNow } from './names.ts'
import { meansOf } from './sides.ts'
import { tellOnce } from './waiting.ts'

/** Within the deadline of its step, so that a provider that is too slow is gone on without. */
const providerWithinMs = 45_000

export const prepare = {
  'check-source': async (step) => {
    const [node, itself] = await Promise.all([askProvider(step), askSource(step)])
    if (node !== null) {
      const power = node.power === 'unknown' ? 'its power is not known' : `it is ${node.power}`
      return { text: `${node.name} is at ${step.settings.from.provider}; ${power}; ${itself}.` }
    }
    const stored = await step.run.ports.stored()
    if (stored === null) throw new LifeboatError('source-unreachable', `${step.settings.from.provider} does not answer and no inventory of it is stored.`)
    return { text: `${step.settings.from.provider} does not answer; going on with the stored inventory; ${itself}.`, details: { providerDead: true } }
  },

  'adopt-inventory': async (step) => {
    const source = await step.run.ports.stored()
    const found = [async () => await step.run.ports.notNamed(step.signal), async () => await otherAddresses(step, source)]
    const seen = await Promise.all(found.map(async (ask) => await noticesOf(step, ask)))
    const hazards = [...(source?.hazards ?? []), ...seen.flat()]
    const text = hazards.length === 0 ? 'No hazard is known.' : `${counted(hazards.length, 'hazard')}: ${hazards.map((hazard) => hazard.text).join(' ')}`
    return { text, details: { hazards } }
  },

  'provision-node': async (step) => {
    await awaitStart(step)
    const target = await step.run.ports.provision(listenFor(step), step.signal)
    await step.learn({ target })
    return { text: `The target answers at ${target.address}.`, details: { ...target } }
  },
} satisfies Record<string, Action>

/** Tells what the engine does. Waiting for others who work on the same is not the step's own time. */
function listenFor(step: Step): (event: EngineEvent) => void {
  const waitOnce = tellOnce(step)
  return ({ resource, state, text }) => {
    if (state === 'waiting') step.restartDeadline()
    const tell = state === 'waiting' ? waitOnce(`${resource}: ${text}.`, { waitingFor: 'provision-busy' }) : step.say(`${resource}: ${text}`)
    void tell.catch(() => undefined)
  }
}

/** The node as its provider describes it now; null when the provider is unreachable (principle 7: the source may be dead). */
export async function askProvider(step: Pick<Step, 'run' | 'settings' | 'signal' | 'say'>, withinMs = providerWithinMs): Promise<Node | null> {
  const { provider, id } = step.settings.from
  try {
    const late = `${provider} did not answer within ${withinMs / 1000} s.`
    const node = await step.run.ports.lookUp(deadline(step.signal, withinMs, late))
    if (node === null) throw new LifeboatError('node-unknown', `${provider} has no node ${id} any more.`)
    return node
  } catch (error) {
    step.signal.throwIfAborted()
    if (!['source-unreachable', 'timeout'].includes(codeOf(error))) throw error
    await step.say(messageOf(error))
    return null
  }
}

/**
 * What the source itself says now, in words. A node that was just started may need a moment: the steps that need it wait for it.
 * What it serves is kept: should it die before it is asked again, its target must serve the same. One that serves nothing now is ill.
 */
async function askSource(step: Step): Promise<string> {
  const { checks } = step.settings
  try {
    const link = await step.run.ports.link('source', step.facts)
    await link.run(['true'], { signal: step.signal })
    const [results, served] = await Promise.all([runChecks(checks, link, step.signal, meansOf(step, 'source', link)), portsServed(step, link)])
    const passed = results.filter((result) => result.passed).map((result) => result.check)
    await step.learn({ ...(passed.length > 0 ? { checksPassed: passed } : {}), ...(served.length > 0 ? { portsServed: served } : {}) })
    return `ssh answers${checks.length === 0 ? '' : `, ${passed.length} of ${counted(checks.length, 'check')} passed`}`
  } catch (error) {
    step.signal.throwIfAborted()
    if (codeOf(error) === 'defect') throw error
    return `ssh does not answer (${messageOf(error).replace(/[.]$/, '')})`
  }
}

/** What could not be read is a notice of its own: later steps need the node and its names, this one does not. */
async function noticesOf(step: Step, ask: () => Promise<readonly Notice[]>): Promise<readonly Notice[]> {
  try {
    return await ask()
  } catch (error) {
    step.signal.throwIfAborted()
    if (codeOf(error) === 'defect') throw error
    return [{ code: 'not-looked-at', severity: 'warning', text: messageOf(error) }]
  }
}

/** IPv6 addresses of the names: a switch moves only those that belong to this node. */
async function otherAddresses(step: Step, source: Node | null): Promise<readonly Notice[]> {
  const own = [step.settings.source.address, ...(source?.addresses ?? [])]
  const states = await namesNow(step)
  return states.flatMap(({ name, aaaa }) => {
    const others = aaaa.filter((address) => !own.includes(address))
    const text = `${name} also has ${others.join(', ')}, which is not known to be of this node and stays as it is.`
    return others.length === 0 ? [] : [{ code: 'ipv6-elsewhere', severity: 'warning', text }]
  })
}
