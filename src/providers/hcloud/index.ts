// Hetzner Cloud: a target.
import type { ProviderAdapter } from '../provider.ts'
import { catalogOf } from '../size-list.ts'
import { hcloudSchema } from './schema.ts'

/** The adapter. What it needs of the engine's SDK is loaded when a target is wanted, not before. */
export const hcloud: ProviderAdapter<typeof hcloudSchema> = {
  schema: hcloudSchema,
  declares: true,
  priceList: async () => catalogOf((await import('./sizes.ts')).hcloudSizes, {}),
  target: async (name, config) => (await import('./target.ts')).createHcloudTarget(name, config),
}
