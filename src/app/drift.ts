// `lifeboat standby drift`: whether what was declared still stands as it was declared, and as it would be declared now.
import { dataLayer } from '../../stacks/data.ts'
import { netLayer, type Layer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { kinds } from '../adapters.ts'
import type { Config } from '../config/schema.ts'
import { driftKinds, type Difference, type DriftReport } from '../core/drift.ts'
import type { Move } from '../core/move.ts'
import type { PlannedMove } from '../core/plan.ts'
import type { Outputs, Target } from '../providers/provider.ts'
import type { Engine, StackDrift } from '../provision/engine.ts'
import type { Context, Wired } from './app.ts'
import { loginsOf } from './logins.ts'
import { openTarget, planAgain } from './planning.ts'

type Declared = { readonly layer: Layer; readonly provider: string; readonly move: string | null; readonly target: Target; readonly outputs: Outputs | null }

export function drifting(parts: Pick<Wired, 'store' | 'keyring' | 'identity' | 'engineOf'>, configOf: (context: Context) => Config) {
  return {
    /** Of one move, or of all whose target is declared with Pulumi. Changes nothing; no source is asked that was asked before. */
    drift: async (context: Context, move: string | null, signal: AbortSignal): Promise<DriftReport> => {
      const config = configOf(context)
      const { plan, moves } = await planAgain(config, move === null ? [] : [move], parts.store, signal)
      const planned = plan.moves.filter(({ to }) => kinds.declares(to.kind))
      const engine = await parts.engineOf(config)
      const declared: Declared[] = []
      for (const [provider, group] of Map.groupBy(planned, ({ to }) => to.provider)) {
        const target = await openTarget(config, provider)
        const keysOf = async (name: string) => await authorizedKeys(moves, name, parts)
        declared.push(...(await layersAt({ engine, target, provider, run: { project: config.project, run: parts.identity }, keysOf }, group, signal)))
      }
      const layers = declared.map(({ layer }) => layer)
      const found = layers.length === 0 ? [] : await engine.drift(layers, driftKinds, signal)
      const stacks = await Promise.all(declared.map(async (each, at) => await told(each, found[at], signal)))
      return { schema: 'lifeboat.drift/1', at: new Date().toISOString(), drifted: stacks.some(({ differences }) => differences.length > 0), stacks }
    },
  }
}

type At = {
  readonly engine: Engine
  readonly target: Target
  readonly provider: string
  readonly run: { readonly project: string; readonly run: string }
  readonly keysOf: (move: string) => Promise<readonly string[]>
}

/** What stands for these moves at one provider, each layer declared on what the ones below it answered last. */
async function layersAt({ engine, target, provider, run, keysOf }: At, moves: readonly PlannedMove[], signal: AbortSignal): Promise<Declared[]> {
  const [first] = moves
  const net = first === undefined ? null : netLayer(provider, target, { ...run, authorizedKeys: await keysOf(first.name) })
  const shared = net === null ? null : await engine.outputs(net, signal)
  const below = net === null ? [] : [{ layer: net, provider, move: null, target, outputs: shared }]
  const above = moves.map(async (move): Promise<Declared[]> => {
    const declared = { ...run, authorizedKeys: await keysOf(move.name) }
    const given = { provider, move: move.name, target }
    const volumes = dataLayer(move, target, shared ?? {}, declared)
    const data = volumes === null ? null : await engine.outputs(volumes, signal)
    const node = nodeLayer(move, target, { shared: shared ?? {}, data: data ?? {} }, declared)
    const own = { ...given, layer: node, outputs: await engine.outputs(node, signal) }
    return volumes === null ? [own] : [{ ...given, layer: volumes, outputs: data }, own]
  })
  return [...below, ...(await Promise.all(above)).flat()]
}

async function authorizedKeys(moves: readonly Move[], name: string, { keyring }: Pick<Wired, 'keyring'>): Promise<readonly string[]> {
  const move = moves.find((each) => each.name === name)
  if (move === undefined) return []
  const { source, target } = move.ssh
  return await loginsOf({ name, target: { ssh: target } }, { source: source.keyContents, target: target.keyContents }, keyring).authorizedKeys()
}

async function told(
  { layer, provider, move, target, outputs }: Declared,
  found: StackDrift | undefined,
  signal: AbortSignal,
): Promise<DriftReport['stacks'][number]> {
  const { exists = false, differences = [] } = found ?? {}
  const isGone = differences.some(({ change }) => change === 'gone')
  const power = exists && !isGone ? await powerOf(target, outputs, signal) : []
  return { stack: layer.stack, provider, move, exists, differences: [...differences, ...power] }
}

/** Whether a machine runs is nothing that a program declares, so that the engine does not look at it. */
async function powerOf(target: Target, outputs: Outputs | null, signal: AbortSignal): Promise<Difference[]> {
  const id = outputs?.['instanceId']
  if (target.isOff === undefined || typeof id !== 'string' || !(await target.isOff(id, signal))) return []
  return [{ kind: 'cloud', resource: `machine ${id}`, change: 'changed', properties: [{ path: 'power', declared: 'on', found: 'off' }] }]
}
