// The data volume of a move: what may go and come again is the node around it.
import { Volume } from '@pulumi/aws/ebs/volume.js'
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { PlannedMove } from '../../core/plan.ts'
import type { Given, Outputs } from '../provider.ts'
import { explicitProvider } from './account.ts'
import type { AwsConfig } from './schema.ts'
import { keepsRun, tagsOf } from './tags.ts'
import { dataMountOf } from './user-data.ts'

const sharedSchema = z.object({ zone: z.string() })

/** The program of a move's data. Outputs: volumeId. Fails as `mountOf` does, before there is a volume that no node can use. */
export async function dataProgram(name: string, config: AwsConfig, move: PlannedMove, given: Given): Promise<Outputs> {
  const { zone } = sharedSchema.parse(given.shared)
  mountOf(move)
  const volume = new Volume(
    move.name,
    { availabilityZone: zone, size: Math.ceil(move.to.volumeGiB), type: 'gp3', encrypted: true, tags: tagsOf(given.owner, move.name) },
    // No `up` may replace it, and none may delete it: not either when it is no longer declared, or its stack is thrown away.
    { provider: explicitProvider(name, config), ignoreChanges: keepsRun, protect: true, retainOnDelete: true },
  )
  return { volumeId: volume.id }
}

/** Where the node mounts its volume. Fails with config-invalid when one mount cannot hold all that the move copies. */
export function mountOf(move: PlannedMove): string {
  const mount = dataMountOf(move.roots)
  if (mount !== null) return mount
  throw new LifeboatError('config-invalid', `The data of ${move.name} lies in ${move.roots.join(' and ')}; one volume cannot be mounted above them all.`, {
    details: { move: move.name, roots: move.roots },
  })
}
