// vSphere as a place that nodes come from: vCenter, or one ESXi host.
import { z } from 'zod'
import { Secret } from '../../core/secret.ts'
import { apiKeys, apiUrl, fenceOf, sourceOf, trustOf, type Acts, type Connection } from '../https-api.ts'
import type { ProviderAdapter } from '../provider.ts'
import { readInventory } from './inventory.ts'
import { isNetwork, setNetwork } from './network.ts'
import { setPower, takeSnapshot, usual } from './power.ts'
import { lackingRights, vsphereNotes } from './rights.ts'
import { connect, type Session } from './soap.ts'

const schema = z.strictObject({
  kind: z.literal('vsphere'),
  url: apiUrl('Address of the vCenter or ESXi host, such as https://vcenter.example/sdk'),
  user: z.string().min(1).describe('User name, such as ops@vsphere.local'),
  password: z.instanceof(Secret).describe('Password of that user'),
  ...apiKeys,
})

type Config = z.infer<typeof schema>

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

export const vsphere: ProviderAdapter<typeof schema> = {
  schema,
  notes: vsphereNotes,
  source: async (name, config) => sourceOf(open(name, config), acts),
  fence: async (name, config) => fenceOf(open(name, config), acts),
}

function open(name: string, config: Config): Connection<Session> {
  const address = new URL(config.url)
  if (address.pathname === '/') address.pathname = '/sdk'
  const login = { service: `The vCenter ${address.host} (${name})`, url: address.href, user: config.user, password: config.password }
  return connect(login, trustOf(config.tls))
}
