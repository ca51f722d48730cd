// The same programs for plain `pulumi preview`, for whoever wants to read or run a layer without Lifeboat. What it needs
// comes from the stack's configuration; Pulumi.yaml describes the keys. The engine takes a module with a default export
// alone, so there is nothing else to import here.
import { readFile } from 'node:fs/promises'
import { Config, getOrganization, getProject, StackReference } from '@pulumi/pulumi'
import { LifeboatError } from '../src/core/errors.ts'
import { planSchema } from '../src/core/plan.ts'
import { Secret } from '../src/core/secret.ts'
import { awsProvider } from '../src/providers/aws/index.ts'
import type { Outputs, Target } from '../src/providers/provider.ts'
import { netLayer, type Run } from './net.ts'
import { nodeLayer } from './node.ts'

/** Registers the layer that the configuration names: that of a move when `lifeboat:move` is set, else the provider's. */
export default async function program(): Promise<Outputs> {
  const config = new Config('lifeboat')
  const name = config.require('provider')
  const target = await targetOf(name, config.requireObject<Record<string, unknown>>('providerConfig'))
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

async function targetOf(name: string, given: Record<string, unknown>): Promise<Target> {
  const keys = { ...given }
  // Configuration holds text; credentials are better left to the environment or a profile.
  for (const key of ['accessKey', 'secretKey']) if (typeof keys[key] === 'string') keys[key] = new Secret(keys[key])
  const parsed = awsProvider.schema.safeParse(keys)
  if (!parsed.success || awsProvider.target === undefined) {
    throw new LifeboatError('config-invalid', `The configuration of provider ${name} is not that of an aws provider: ${parsed.error?.issues[0]?.message ?? ''}`)
  }
  return awsProvider.target(name, parsed.data, '')
}

/** The resolved outputs of another layer of this project. */
async function outputsOf(stack: string): Promise<Outputs> {
  const reference = new StackReference(`${getOrganization()}/${getProject()}/${stack}`)
  return new Promise((settle) => reference.outputs.apply((outputs) => settle(outputs)))
}
