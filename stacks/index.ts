// The same programs for plain `pulumi preview`, for whoever wants to read or run a layer without Lifeboat. What it needs
// comes from the stack's configuration; Pulumi.yaml describes the keys. The engine takes a module with a default export
// alone, so there is nothing else to import here.
import { readFile } from 'node:fs/promises'
import { Config, getOrganization, getProject, StackReference } from '@pulumi/pulumi'
import { providerOf } from '../src/adapters.ts'
import { LifeboatError } from '../src/core/errors.ts'
import { planSchema, type PlannedMove } from '../src/core/plan.ts'
import { Secret } from '../src/core/secret.ts'
import type { Outputs, Target } from '../src/providers/provider.ts'
import { dataLayer } from './data.ts'
import { netLayer, type Layer, type Run } from './net.ts'
import { nodeLayer } from './node.ts'

/** Registers the layer that `lifeboat:layer` names: net, data or node. Absent: node when `lifeboat:move` is set, else net. */
export default async function program(): Promise<Outputs> {
  const config = new Config('lifeboat')
  const name = config.require('provider')
  const target = await targetOf(name, config.requireObject<Record<string, unknown>>('providerConfig'), config.require('project'))
  const run: Run = {
    project: config.require('project'),
    run: config.get('run') ?? 'by-hand',
    authorizedKeys: config.getObject<string[]>('authorizedKeys') ?? [],
  }
  const layer = await wantedLayer(config, netLayer(name, target, run), { target, run })
  return layer === null ? {} : await layer.program()
}

/** Null: there is nothing in it for this provider or move. */
async function wantedLayer(config: Config, net: Layer | null, { target, run }: { readonly target: Target; readonly run: Run }): Promise<Layer | null> {
  const wanted = config.get('layer') ?? (config.get('move') === undefined ? 'net' : 'node')
  if (wanted === 'net') return net
  if (wanted !== 'data' && wanted !== 'node') throw new LifeboatError('config-invalid', `lifeboat:layer is ${wanted}; there are net, data and node.`)
  const move = await plannedIn(config.require('plan'), config.require('move'))
  const shared = net === null ? {} : await outputsOf(net.stack)
  const data = dataLayer(move, target, shared, run)
  if (wanted === 'data') return data
  return nodeLayer(move, target, { shared, data: data === null ? {} : await outputsOf(data.stack) }, run)
}

async function plannedIn(file: string, name: string): Promise<PlannedMove> {
  const move = planSchema.parse(JSON.parse(await readFile(file, 'utf8'))).moves.find((one) => one.name === name)
  if (move === undefined) throw new LifeboatError('move-unknown', `The plan ${file} has no move ${name}.`)
  return move
}

async function targetOf(name: string, given: Record<string, unknown>, project: string): Promise<Target> {
  const adapter = providerOf(String(given.kind))
  const keys = { ...given }
  // Configuration holds text; credentials are better left to the environment or a profile.
  for (const key of ['accessKey', 'secretKey', 'password', 'token']) if (typeof keys[key] === 'string') keys[key] = new Secret(keys[key])
  const parsed = adapter?.schema.safeParse(keys)
  if (adapter?.target === undefined || !parsed?.success) {
    const why = parsed?.error?.issues[0]?.message ?? `a provider of kind ${String(given.kind)} is no target`
    throw new LifeboatError('config-invalid', `lifeboat:providerConfig of ${name}: ${why}.`)
  }
  return adapter.target(name, parsed.data, project)
}

/** The resolved outputs of another layer of this project. */
async function outputsOf(stack: string): Promise<Outputs> {
  const reference = new StackReference(`${getOrganization()}/${getProject()}/${stack}`)
  return new Promise((settle) => reference.outputs.apply((outputs) => settle(outputs)))
}
