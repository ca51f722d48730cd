// The target of one move through the engine: the layer that all moves share first, then its data, then its node.
import { dataLayer } from '../../stacks/data.ts'
import { netLayer, type Layer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { LifeboatError } from '../core/errors.ts'
import { refuseElsewhere } from './same-place.ts'
import { sleep } from '../io/wait.ts'
import type { PlannedMove } from '../core/plan.ts'
import type { Outputs, Target } from '../providers/provider.ts'
import type { Engine, Listen } from '../provision/engine.ts'
import type { Ports } from '../workflows/ports.ts'

export type ProvisioningOptions = {
  readonly engine: Engine
  readonly target: Target
  readonly plan: PlannedMove
  readonly identity: string
  readonly authorizedKeys: () => Promise<readonly string[]>
  /** The size to which this standby was made smaller; null: as planned. */
  readonly parked?: () => Promise<string | null>
}

/** `removeNode`: its data stays, whatever it holds. */
export type Provisioning = Pick<Ports, 'provision' | 'markHoldsData' | 'drift' | 'deprovision'> & {
  readonly removeNode: (signal: AbortSignal) => Promise<void>
}

/** Moves that start together bring up what they share once. */
const sharedUps = new Map<string, Promise<Outputs>>()
const askEveryMs = 1000

export function provisioning(options: ProvisioningOptions): Provisioning {
  const { engine, target, plan } = options
  const run = { project: plan.project, run: options.identity }
  /** For what needs no more than the names of the stacks: nothing is declared by these. */
  const node = nodeLayer(plan, target, { shared: {}, data: {} }, { ...run, authorizedKeys: [] })
  const data = dataLayer(plan, target, {}, { ...run, authorizedKeys: [] })
  const net = netLayer(plan.to.provider, target, { ...run, authorizedKeys: [] })
  const stacks = data === null ? [node] : [data, node]
  // Nodes that exist already have no shared layer and no stack: their program only answers where they are.
  if (net === null) return existing(target, async () => await node.program())
  /** Of the last time that they were brought up; null: neither was. */
  const outputsOf = async (signal: AbortSignal): Promise<Outputs | null> => {
    const all = await Promise.all(stacks.map(async (stack) => await engine.outputs(stack, signal)))
    return all.every((outputs) => outputs === null) ? null : Object.assign({}, ...all)
  }
  return {
    provision: async (listen, signal) => {
      const declared = { ...run, authorizedKeys: await options.authorizedKeys() }
      await refuseElsewhere(engine, target, net, signal)
      const shared = await upOnce(options, netLayer(plan.to.provider, target, declared) ?? net, listen, signal)
      const layer = dataLayer(plan, target, shared, declared)
      const volumes = layer === null ? {} : await bringUp(options, layer, listen, signal)
      return placeOf(
        target,
        await bringUp(options, nodeLayer(sized(plan, (await options.parked?.()) ?? null), target, { shared, data: volumes }, declared), listen, signal),
      )
    },
    markHoldsData: async (signal) => {
      const outputs = await outputsOf(signal)
      if (outputs !== null) await target.markHoldsData(outputs, signal)
    },
    drift: async (signal) => (await engine.drift(stacks, ['cloud'], signal)).flatMap(({ differences }) => differences.map(({ resource }) => resource)),
    deprovision: async (signal) => {
      await refuseElsewhere(engine, target, net, signal)
      const outputs = await outputsOf(signal)
      if (outputs !== null && (await target.holdsData(outputs, signal))) {
        throw new LifeboatError('not-now', `The provider says that the target of ${plan.name} holds data; it stays.`)
      }
      for (const stack of stacks.toReversed()) {
        // What a dead process left half done may have made the node, too.
        await engine.recover(stack, target.find, signal)
        if (stack === data) await engine.release(stack, signal)
        await engine.destroy(stack, () => undefined, signal)
      }
    },
    removeNode: async (signal) => {
      await refuseElsewhere(engine, target, net, signal)
      await engine.recover(node, target.find, signal)
      await engine.destroy(node, () => undefined, signal)
    },
  }
}

function sized(plan: PlannedMove, size: string | null): PlannedMove {
  return size === null ? plan : { ...plan, to: { ...plan.to, size } }
}

function existing(target: Target, look: () => Promise<Outputs>): Provisioning {
  return {
    provision: async () => placeOf(target, await look()),
    markHoldsData: async (signal) => await target.markHoldsData(await look(), signal),
    drift: async () => [],
    deprovision: async () => undefined,
    removeNode: async () => undefined,
  }
}

/** Whoever comes later waits for the first one, and does it when that one could not, or was told to stop. */
async function upOnce(options: ProvisioningOptions, net: Layer, listen: Listen, signal: AbortSignal): Promise<Outputs> {
  const key = `${options.identity}/${options.plan.project}/${net.stack}`
  for (;;) {
    signal.throwIfAborted()
    const running = sharedUps.get(key)
    if (running === undefined) break
    listen({ resource: `Stack ${net.stack}`, state: 'waiting', text: 'another move brings it up' })
    const outputs = await Promise.race([running.catch(() => null), sleep(askEveryMs, signal)])
    if (outputs) return outputs
  }
  const mine = bringUp(options, net, listen, signal).finally(() => sharedUps.delete(key))
  sharedUps.set(key, mine)
  return await mine
}

/** First whatever a dead controller left half done, then what is declared. */
async function bringUp({ engine, target }: ProvisioningOptions, layer: Layer, listen: Listen, signal: AbortSignal): Promise<Outputs> {
  for (const text of await engine.recover(layer, target.find, signal)) listen({ resource: `Stack ${layer.stack}`, state: 'done', text })
  return (await engine.up(layer, listen, signal)).outputs
}

function placeOf(target: Target, outputs: Outputs): { address: string; privateAddress: string | null; id: string } {
  const address = target.address(outputs)
  const { instanceId } = outputs
  return { address: address.public, privateAddress: address.private, id: typeof instanceId === 'string' ? instanceId : address.public }
}
