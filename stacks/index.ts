// The same programs for plain `pulumi preview`, for whoever wants to read or run a layer without Lifeboat. What it needs
// comes from the stack's configuration; Pulumi.yaml describes the keys. The engine takes a module with a default export
// alone, so there is nothing else to import here.
import { readFile } from 'node:fs/promises'
import { Config, getOrganization, getProject, StackReference } from '@pulumi/pulumi'
import { providerOf } from '../src/adapters.ts'
import { LifeboatError } from '../src/core/errors.ts'
import { planSchema } from '../src/core/plan.ts'
import { Secret } from '../src/core/secret.ts'
import type { Outputs, Target } from '../src/providers/provider.ts'
import { netLayer, type Run } from './net.ts'
import { nodeLayer } from './node.ts'

/** Registers the layer that the configuration names: that of a move when `lifeboat:move` is set, else the provider's. */
export default async function program(): Promise<Outputs> {
  const config = new Config('lifeboat')
  const name = config.require('provider')
  const target = await targetOf(name, config.requireObject<Record<string, unknown>>('providerConfig'), config.require('project'))
  const run: Run = {
    project: config.require('project'),
    run: config.get('run') ?? 'by-hand',
    authorizedKeys: config.getObject<string[]>('authorizedKeys') ?? [],
  }
  const layer = netLayer(name, target, run)
  const moveName = config.get('move')
  if (moveName === undefined) return layer === null ? {} : layer.program()

  const plan = planSchema.parse(JSON.parse(await readFile(config.require('plan'), 'utf8')))
  const move = plan.moves.find((one) => one.name === moveName)
  if (move === undefined) throw new LifeboatError('move-unknown', `The plan ${config.require('plan')} has no move ${moveName}.`)
  const shared = layer === null ? {} : await outputsOf(layer.stack)
  return nodeLayer(move, target, shared, run).program()
}

async function targetOf(name: string, given: Record<string, unknown>, project: string): Promise<Target> {
  const adapter = providerOf(String(given.kind))
  const keys = { ...given }
  // Configuration holds text; credentials are better left to the environment or a profile.
  for (const key of ['accessKey', 'secretKey', 'password']) if (typeof keys[key] === 'string') keys[key] = new Secret(keys[key])
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
