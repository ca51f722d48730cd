// The data volume of a move: what may go and come again is the node around it.
import { Volume } from '@pulumi/aws/ebs/volume.js'
import { z } from 'zod'
import type { PlannedMove } from '../../core/plan.ts'
import { mountOf } from '../first-boot.ts'
import type { Given, Outputs } from '../provider.ts'
import { explicitProvider } from './account.ts'
import type { AwsConfig } from './schema.ts'
import { keepsRun, tagsOf } from './tags.ts'

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

/**
 * The device of a volume inside a node: instances of the Nitro system show it as NVMe with the volume's id as its serial
 * number, whatever device name the attachment asks for.
 */
export function deviceOf(volumeId: string): string {
  return `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace('-', '')}`
}
