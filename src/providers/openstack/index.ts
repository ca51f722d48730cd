// OpenStack: a target.
import type { ProviderAdapter } from '../provider.ts'
import { openstackSchema } from './schema.ts'

/** The adapter. What it needs of the engine's SDK is loaded when a target is wanted, not before. */
export const openstack: ProviderAdapter<typeof openstackSchema> = {
  schema: openstackSchema,
  declares: true,
  target: async (name, config) => (await import('./target.ts')).createOpenstackTarget(name, config),
}
