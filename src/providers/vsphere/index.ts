// vSphere as a place that nodes come from: vCenter, or one ESXi host.
import { z } from 'zod'
import { Secret } from '../../core/secret.ts'
import { apiKeys, apiUrl, trustOf, type Connection } from '../https-api.ts'
import type { Fence, ProviderAdapter, Source } from '../provider.ts'
import { readInventory } from './inventory.ts'
import { isNetwork, setNetwork } from './network.ts'
import { setPower, takeSnapshot } from './power.ts'
import { connect, type Session } from './soap.ts'

const schema = z.strictObject({
  kind: z.literal('vsphere'),
  url: apiUrl('Address of the vCenter or ESXi host, such as https://vcenter.example/sdk'),
  user: z.string().min(1).describe('User name, such as ops@vsphere.local'),
  password: z.instanceof(Secret).describe('Password of that user'),
  ...apiKeys,
})

type Config = z.infer<typeof schema>

export const vsphere: ProviderAdapter<typeof schema> = {
  schema,
  source: async (name, config) => sourceOf(open(name, config)),
  fence: async (name, config) => fenceOf(open(name, config)),
}

function sourceOf({ run, close }: Connection<Session>): Source {
  return {
    nodes: (signal) => run((session) => readInventory(session, signal), signal),
    power: (id, wanted, signal) => run((session) => setPower(session, id, wanted, signal), signal),
    snapshot: (id, name, signal) => run((session) => takeSnapshot(session, id, name, signal), signal),
    network: (id, wanted, signal) => run((session) => setNetwork(session, id, wanted, signal), signal),
    close,
  }
}

/** A machine is fenced when no card of it is connected, nor will be after a restart. Its disks stay as they are. */
function fenceOf({ run }: Connection<Session>): Fence {
  return {
    fence: (id, signal) => run((session) => setNetwork(session, id, 'disconnected', signal), signal),
    isFenced: (id, signal) => run((session) => isNetwork(session, id, 'disconnected', signal), signal),
  }
}

function open(name: string, config: Config): Connection<Session> {
  const address = new URL(config.url)
  if (address.pathname === '/') address.pathname = '/sdk'
  const login = { service: `The vCenter ${address.host} (${name})`, url: address.href, user: config.user, password: config.password }
  return connect(login, trustOf(config.tls))
}
