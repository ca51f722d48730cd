// What the engine has written down of a stack, in a state folder on this machine.
import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { resourceOf } from '../../src/provision/events.ts'

const resourceSchema = z.object({ urn: z.string(), type: z.string(), id: z.string().optional(), inputs: z.record(z.string(), z.unknown()).optional() })
const stateSchema = z.object({ checkpoint: z.object({ latest: z.object({ resources: z.array(resourceSchema) }) }) })

export type StoredResource = z.infer<typeof resourceSchema>

const fileOf = (stateFolder: string, stack: string): string => `${stateFolder}/pulumi/state/.pulumi/stacks/shop/${stack}.json`

export async function storedState(stateFolder: string, stack: string): Promise<readonly StoredResource[]> {
  return stateSchema.parse(JSON.parse(await readFile(fileOf(stateFolder, stack), 'utf8'))).checkpoint.latest.resources
}

/** Makes the state as it is when the engine died before these creates were confirmed. */
export async function forget(stateFolder: string, stack: string, unconfirmed: readonly string[]): Promise<void> {
  const file = fileOf(stateFolder, stack)
  const state = JSON.parse(await readFile(file, 'utf8'))
  const { latest } = state.checkpoint
  const isOne = ({ urn }: { urn: string }) => unconfirmed.includes(resourceOf(urn))
  latest.pending_operations = latest.resources
    .filter(isOne)
    .map(({ id: _id, outputs: _outputs, ...resource }: Record<string, unknown>) => ({ resource, type: 'creating' }))
  latest.resources = latest.resources.filter((resource: { urn: string }) => !isOne(resource))
  await writeFile(file, JSON.stringify(state))
}
