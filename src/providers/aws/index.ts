// Amazon EC2: a target, and a fence.
import type { ProviderAdapter } from '../provider.ts'
import { awsSchema } from './schema.ts'

/** The adapter. What it needs of the engine's SDK is loaded when a target is wanted, not before. */
export const awsProvider: ProviderAdapter<typeof awsSchema> = {
  schema: awsSchema,
  declares: true,
  priceList: async () => (await import('./catalog.ts')).listedCatalog(),
  target: async (name, config) => {
    const { createAwsTarget } = await import('./target.ts')
    return createAwsTarget(name, config)
  },
  fence: async (_name, config) => {
    const [{ createClient }, { awsFence }] = await Promise.all([import('./account.ts'), import('./fence.ts')])
    return awsFence(createClient(config))
  },
}
