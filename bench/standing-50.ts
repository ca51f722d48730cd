// Fifty standbys at the simulated AWS, brought up as their moves would have: as one stack, in a minute instead of many,
// which is then taken apart into the states that a run of `up` for each stack leaves behind.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { dataLayer } from '../stacks/data.ts'
import { netLayer, type Layer } from '../stacks/net.ts'
import { nodeLayer } from '../stacks/node.ts'
import type { Plan, PlannedMove } from '../src/core/plan.ts'
import { Secret } from '../src/core/secret.ts'
import type { Outputs, Target } from '../src/providers/provider.ts'
import { mergedName, unmerge } from '../src/provision/merged-state.ts'
import { mergedProgram } from '../src/provision/merged-program.ts'
import type { Resource } from '../src/provision/pending.ts'
import { createEngine } from '../src/provision/pulumi.ts'
import { stateFileOf } from '../src/provision/stored-state.ts'
import { canaries, labEnvironment } from '../test/provision/world.ts'

const project = 'shop'
const provider = 'new'
const run = { project, run: 'bench', authorizedKeys: [] }
const quiet = (): void => {}

/** Makes what this plan declares, with its state in the folder. */
export async function standUp(state: string, target: Target, { moves }: Plan, signal: AbortSignal): Promise<void> {
  const backend = path.join(state, 'pulumi', 'state')
  const engine = createEngine({
    project,
    stateFolder: state,
    backendUrl: `file://${backend}`,
    passphrase: new Secret(canaries.passphrase),
    environment: labEnvironment,
  })
  const net = netLayer(provider, target, run)
  if (net === null) throw new Error('this target has no network')
  const shared = (await engine.up(net, quiet, signal)).outputs
  const bringUp = async (stack: string, layers: readonly Layer[]) => {
    const { program, outputs } = asOne(layers)
    const up = await engine.up({ ...net, stack, program }, quiet, signal)
    takeApart(backend, stack, layers, up.outputs)
    return (layer: string): Outputs => outputs(up.outputs, layer)
  }
  const each = <T>(of: (move: PlannedMove) => T): T[] => moves.map(of)
  const volumes = await bringUp(
    'all-data',
    each((move) => dataLayer(move, target, shared, run)).flatMap((layer) => layer ?? []),
  )
  await bringUp(
    'all-nodes',
    each((move) => nodeLayer(move, target, { shared, data: volumes(`data-${move.name}`) }, run)),
  )
}

/** All programs, with one provider, and what each answers under its name. */
function asOne(layers: readonly Layer[]) {
  const answered: Record<string, Outputs> = {}
  const programs = layers.map(({ stack, program }) => ({ stack, program: async () => (answered[stack] = await program()) }))
  const merged = mergedProgram(programs, new Map(layers.map(({ stack }) => [mergedName(stack, provider), provider])))
  return {
    program: async (): Promise<Outputs> => {
      await merged()
      return answered
    },
    outputs: (all: Outputs, stack: string): Outputs => all[stack] as Outputs,
  }
}

function takeApart(backend: string, from: string, layers: readonly Layer[], answered: Outputs): void {
  const text = readFileSync(stateFileOf(backend, { project, stack: from }), 'utf8')
  const stored = JSON.parse(text) as { checkpoint: { latest: { resources: Resource[] } } }
  const { resources } = stored.checkpoint.latest
  const rootOf = (stack: string) => `urn:pulumi:${stack}::${project}::pulumi:pulumi:Stack::${project}-${stack}`
  const shared = resources.filter(({ type }) => type.startsWith('pulumi:providers:'))
  for (const { stack } of layers) {
    const own = resources.filter(({ urn }) => unmerge(urn)?.stack === stack)
    const names = new Map([[rootOf(from), rootOf(stack)], ...own.map(({ urn }) => [urn, unmerge(urn)?.urn ?? urn] as const)])
    for (const { urn } of shared) names.set(urn, urn.replace(`urn:pulumi:${from}::`, `urn:pulumi:${stack}::`))
    let written = JSON.stringify([...shared, ...own])
    // The longest first: one name may begin another.
    for (const [before, after] of [...names].toSorted(([a], [b]) => b.length - a.length)) written = written.replaceAll(before, after)
    const root = { urn: rootOf(stack), type: 'pulumi:pulumi:Stack', custom: false, outputs: answered[stack] }
    const latest = { ...stored.checkpoint.latest, resources: [root, ...(JSON.parse(written) as Resource[])] }
    const file = stateFileOf(backend, { project, stack })
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify({ ...stored, checkpoint: { stack: `organization/${project}/${stack}`, latest } }))
  }
}
