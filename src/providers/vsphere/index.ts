// vSphere as a place that nodes come from: vCenter, or one ESXi host.
import { z } from 'zod'
import { Secret } from '../../core/secret.ts'
import { normalFingerprint } from '../../io/tls.ts'
import type { Fence, ProviderAdapter, Source } from '../provider.ts'
import { connectionOf, type Connection } from './connection.ts'
import { readInventory } from './inventory.ts'
import { isNetwork, setNetwork } from './network.ts'
import { setPower, takeSnapshot } from './power.ts'

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

const url = z
  .url({ protocol: /^https?$/ })
  .refine((value) => URL.parse(value)?.protocol === 'https:' || loopback.has(URL.parse(value)?.hostname ?? ''), 'must begin with https://')
  .describe('Address of the vCenter or ESXi host, such as https://vcenter.example/sdk')

const tls = z
  .union([
    z.strictObject({
      fingerprint: z
        .string()
        .refine((value) => normalFingerprint(value) !== null, 'must be the SHA-256 of the certificate: sha256:AB:CD:…')
        .describe('SHA-256 of the server certificate: exactly this one is believed'),
    }),
    z.strictObject({ ca: z.instanceof(Secret).describe('Certificate authority to believe, PEM') }),
  ])
  .optional()
  .describe('Whom to believe, when the certificate is not signed by a public authority')

const schema = z.strictObject({
  kind: z.literal('vsphere'),
  url,
  user: z.string().min(1).describe('User name, such as ops@vsphere.local'),
  password: z.instanceof(Secret).describe('Password of that user'),
  tls,
  contact: z.record(z.string(), z.string()).optional().describe('How to reach the people who run it: statusPage, ticket, phone, forum'),
  ssh: z.unknown().optional().describe('How to log in to its nodes'),
})

type Config = z.infer<typeof schema>

export const vsphere: ProviderAdapter<typeof schema> = {
  schema,
  source: async (name, config) => sourceOf(connect(name, config)),
  fence: async (name, config) => fenceOf(connect(name, config)),
}

function sourceOf({ run, close }: Connection): Source {
  return {
    nodes: (signal) => run((session) => readInventory(session, signal), signal),
    power: (id, wanted, signal) => run((session) => setPower(session, id, wanted, signal), signal),
    snapshot: (id, name, signal) => run((session) => takeSnapshot(session, id, name, signal), signal),
    network: (id, wanted, signal) => run((session) => setNetwork(session, id, wanted, signal), signal),
    close,
  }
}

/** A machine is fenced when no card of it is connected, nor will be after a restart. Its disks stay as they are. */
function fenceOf({ run }: Connection): Fence {
  return {
    fence: (id, signal) => run((session) => setNetwork(session, id, 'disconnected', signal), signal),
    isFenced: (id, signal) => run((session) => isNetwork(session, id, 'disconnected', signal), signal),
  }
}

function connect(name: string, config: Config): Connection {
  const address = new URL(config.url)
  if (address.pathname === '/') address.pathname = '/sdk'
  const login = { service: `The vCenter ${address.host} (${name})`, url: address.href, user: config.user, password: config.password }
  return connectionOf(login, trustOf(config.tls))
}

function trustOf(given: Config['tls']): { fingerprint?: string; ca?: string } {
  if (given === undefined) return {}
  if ('fingerprint' in given) return { fingerprint: given.fingerprint }
  return { ca: given.ca.reveal() }
}
