// vSphere as a place that nodes come from (vCenter, or one ESXi host), and as one where a vCenter makes them.
import { fenceOf, sourceOf, trustOf, type Acts, type Connection } from '../https-api.ts'
import type { ProviderAdapter } from '../provider.ts'
import { readInventory } from './inventory.ts'
import { isNetwork, setNetwork } from './network.ts'
import { setPower, takeSnapshot, usual } from './power.ts'
import { lackingRights, vsphereNotes } from './rights.ts'
import { vsphereSchema, type VsphereConfig } from './schema.ts'
import { connect, type Session } from './soap.ts'

const acts: Acts<Session> = {
  about: ({ product, apiVersion }) => ({ product, apiVersion }),
  lacking: lackingRights,
  nodes: readInventory,
  power: async (session, id, wanted, signal, guestMs) =>
    await setPower(session, id, wanted, signal, { ...usual, ...(guestMs === undefined ? {} : { guestMs }) }),
  snapshot: takeSnapshot,
  network: setNetwork,
  isCutOff: (session, id, signal) => isNetwork(session, id, 'disconnected', signal),
}

export const vsphere: ProviderAdapter<typeof vsphereSchema> = {
  schema: vsphereSchema,
  notes: vsphereNotes,
  declares: true,
  source: async (name, config) => sourceOf(open(name, config), acts),
  // What it needs of the engine's SDK is loaded when a target is wanted, not before.
  target: async (name, config) => {
    const { createVsphereTarget } = await import('./target.ts')
    return createVsphereTarget(name, config, open(name, config))
  },
  fence: async (name, config) => fenceOf(open(name, config), acts),
}

function open(name: string, config: VsphereConfig): Connection<Session> {
  const address = new URL(config.url)
  if (address.pathname === '/') address.pathname = '/sdk'
  const login = { service: `The vCenter ${address.host} (${name})`, url: address.href, user: config.user, password: config.password }
  return connect(login, trustOf(config.tls))
}
