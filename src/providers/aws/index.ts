// Amazon EC2: a target.
import type { ProviderAdapter } from '../provider.ts'
import { awsSchema } from './schema.ts'

/** The adapter. What it needs of the engine's SDK is loaded when a target is wanted, not before. */
export const awsProvider: ProviderAdapter<typeof awsSchema> = {
  schema: awsSchema,
  declares: true,
  target: async (name, config) => {
    const { createAwsTarget } = await import('./target.ts')
    return createAwsTarget(name, config)
  },
}
