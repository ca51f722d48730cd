// The target of one move through the engine: what all moves share first, then the node's own stack.
import { LifeboatError } from '../core/errors.ts'
import type { PlannedMove } from '../core/plan.ts'
import type { MoveSettings } from '../core/stored-move.ts'
import type { Given, Outputs, Target } from '../providers/provider.ts'
import type { Engine, Listen, StackRequest } from '../provision/engine.ts'
import type { Ports } from '../workflows/ports.ts'

export type ProvisioningOptions = {
  readonly engine: Engine
  readonly target: Target
  readonly settings: MoveSettings
  readonly plan: PlannedMove
  readonly identity: string
  readonly authorizedKeys: readonly string[]
}

/** Moves that start together bring up what they share once. */
const shared = new Map<string, Promise<Outputs>>()

export async function provisioning(options: ProvisioningOptions): Promise<Pick<Ports, 'provision' | 'markHoldsData' | 'deprovision'>> {
  const { engine, target, settings, plan } = options
  const given = (stack: string, move: string | null, outputs: Outputs): Given => ({
    owner: { project: settings.project, stack, move, run: options.identity },
    shared: outputs,
    authorizedKeys: options.authorizedKeys,
  })
  const request = (stack: string, program: () => Promise<Outputs>): StackRequest => ({
    stack,
    program,
    environment: target.engine.environment,
    readFailure: target.engine.readFailure,
  })
  const up = async (wanted: StackRequest, listen: Listen, signal: AbortSignal): Promise<Outputs> => await bringUp(options, wanted, listen, signal)
  const netStack = `net-${settings.to.provider}`
  const nodeStack = `node-${settings.name}`
  const program = target.shared
  const network = async (listen: Listen, signal: AbortSignal): Promise<Outputs> => {
    if (program === null) return {}
    const key = `${options.identity}/${netStack}`
    const running =
      shared.get(key) ??
      up(
        request(netStack, async () => await program(given(netStack, null, {}))),
        listen,
        signal,
      )
    shared.set(key, running)
    return await running.finally(() => shared.delete(key))
  }
  const node = (outputs: Outputs): StackRequest => request(nodeStack, async () => await target.component(plan, given(nodeStack, settings.name, outputs)))
  const creates = program !== null

  return {
    provision: async (listen, signal) => {
      const outputs = creates
        ? await up(node(await network(listen, signal)), listen, signal)
        : await target.component(plan, given(nodeStack, settings.name, {}))
      const address = target.address(outputs)
      return {
        address: address.public,
        privateAddress: address.private,
        id: typeof outputs['instanceId'] === 'string' ? outputs['instanceId'] : address.public,
      }
    },
    markHoldsData: async (signal) => {
      const outputs = creates ? await engine.outputs(node({}), signal) : {}
      if (outputs !== null) await target.markHoldsData(outputs, signal)
    },
    deprovision: async (signal) => {
      if (!creates) return
      const outputs = await engine.outputs(node({}), signal)
      if (outputs === null) return
      if (await target.holdsData(outputs, signal))
        throw new LifeboatError('not-now', `The provider says that the target of ${settings.name} holds data; it stays.`)
      await engine.destroy(node({}), () => undefined, signal)
    },
  }
}

/** First whatever a dead controller left half done, then what is declared. */
async function bringUp({ engine, target }: ProvisioningOptions, wanted: StackRequest, listen: Listen, signal: AbortSignal): Promise<Outputs> {
  await engine.recover(wanted, target.find, signal)
  return (await engine.up(wanted, listen, signal)).outputs
}
