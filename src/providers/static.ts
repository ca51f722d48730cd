// Nodes that nobody manages from afar: a list in the configuration. As a source it tells what the list says; as a target
// its nodes exist already, so nothing is created and nothing is paid.
import { z } from 'zod'
import { LifeboatError } from '../core/errors.ts'
import { portField } from '../core/fields.ts'
import type { Node } from '../core/node.ts'
import type { PlannedMove } from '../core/plan.ts'
import type { ProviderAdapter, Source, Target } from './provider.ts'

const listed = z.strictObject({
  name: z.string().min(1).describe('what the node is called'),
  id: z.string().min(1).optional().describe('default: the name'),
  address: z.string().min(1).describe('where ssh reaches it'),
  port: portField.optional().describe('ssh port, where it differs from that of ssh:'),
  cpus: z.number().int().min(1).optional().describe('for the choice of a size'),
  memoryMiB: z.number().int().min(1).optional().describe('for the choice of a size'),
})

export const staticSchema = z.strictObject({
  kind: z.literal('static'),
  nodes: z.array(listed).min(1).describe('the nodes, each with name and address'),
})

type StaticConfig = z.infer<typeof staticSchema>

export const staticProvider: ProviderAdapter<typeof staticSchema> = {
  schema: staticSchema,
  source: async (name, config) => staticSource(name, config),
  target: async () => staticTarget,
}

function staticSource(provider: string, config: StaticConfig): Source {
  const refuse = async (what: string): Promise<never> => {
    throw new LifeboatError('source-refused', `The nodes of ${provider} are a list in the configuration; ${what} them is nothing that Lifeboat can do.`, {
      details: { provider },
    })
  }
  return {
    nodes: async () => ({ nodes: config.nodes.map(nodeOf), complete: true, warnings: [] }),
    power: async () => await refuse('switching'),
    snapshot: async () => await refuse('taking snapshots of'),
    network: async () => await refuse('disconnecting'),
    close: async () => {},
  }
}

function nodeOf({ name, id, address, cpus, memoryMiB }: StaticConfig['nodes'][number]): Node {
  const values = { cpus: cpus ?? null, memoryMiB: memoryMiB ?? null, path: null, hostname: null, firmware: null, snapshots: null }
  const unknown = ['disks', 'nics', 'os', 'power', 'tools', ...Object.entries(values).flatMap(([key, value]) => (value === null ? [key] : []))]
  return {
    ...values,
    id: id ?? name,
    name,
    power: 'unknown',
    template: false,
    disks: [],
    nics: [],
    os: { family: 'unknown', id: null, name: null },
    addresses: [address],
    tools: 'unknown',
    labels: {},
    hazards: [],
    unknown: unknown.sort(),
  }
}

const staticTarget: Target = {
  catalog: () => ({ kind: 'static', takenAt: '', origin: 'nodes that exist already', sizes: [], systemDiskGiB: 0, volumePrice: null, addressPrice: null }),
  shared: null,
  data: null,
  component: async (move: PlannedMove) => ({ address: move.to.address }),
  address: ({ address }) => {
    if (typeof address === 'string' && address !== '') return { public: address, private: null }
    throw new LifeboatError('provision-failed', 'The target exists already, but its address is not known.')
  },
  engine: { environment: {}, readFailure: () => null },
  find: async () => null,
  markHoldsData: async () => {},
  // What stood there before us may hold anything, so it is never ours to throw away.
  holdsData: async () => true,
}
