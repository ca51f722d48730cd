// DigitalOcean: a target.
import type { ProviderAdapter } from '../provider.ts'
import { catalogOf } from '../size-list.ts'
import { digitaloceanSchema } from './schema.ts'

/** The adapter. What it needs of the engine's SDK is loaded when a target is wanted, not before. */
export const digitalocean: ProviderAdapter<typeof digitaloceanSchema> = {
  schema: digitaloceanSchema,
  declares: true,
  priceList: async () => catalogOf((await import('./sizes.ts')).digitaloceanSizes, {}),
  target: async (name, config) => (await import('./target.ts')).createDigitaloceanTarget(name, config),
}
