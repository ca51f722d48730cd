// vCloud Director as a place that nodes come from, with the rights of a tenant and no others.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { normalFingerprint } from '../../io/tls.ts'
import type { Fence, ProviderAdapter, Source } from '../provider.ts'
import { connectionOf, type Connection } from './connection.ts'
import { readInventory } from './inventory.ts'
import { isCutOff, setNetwork } from './network.ts'
import { setPower } from './power.ts'
import type { Login } from './session.ts'
import { takeSnapshot } from './snapshots.ts'

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

const url = z
  .url({ protocol: /^https?$/ })
  .refine((value) => URL.parse(value)?.protocol === 'https:' || loopback.has(URL.parse(value)?.hostname ?? ''), 'must begin with https://')
  .describe('Address of vCloud Director, such as https://vcloud.example')

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

const credentialsRule = 'needs user and password, or token, and not both'

const schema = z
  .strictObject({
    kind: z.literal('vcloud'),
    url,
    org: z.string().min(1).describe('Name of the organisation, as in the address of its portal'),
    user: z.string().min(1).optional().describe('User name, without the organisation'),
    password: z.instanceof(Secret).optional().describe('Password of that user'),
    token: z.instanceof(Secret).optional().describe('API token, instead of user and password (10.3.1 and later)'),
    tls,
    contact: z.record(z.string(), z.string()).optional().describe('How to reach the people who run it: statusPage, ticket, phone, forum'),
    ssh: z.unknown().optional().describe('How to log in to its nodes'),
  })
  .refine((config) => credentialsOf(config) !== null, credentialsRule)

type Config = z.infer<typeof schema>

export const vcloud: ProviderAdapter<typeof schema> = {
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

/** A machine is fenced when no card of it is connected. Its disks stay as they are. */
function fenceOf({ run }: Connection): Fence {
  return {
    fence: (id, signal) => run((session) => setNetwork(session, id, 'disconnected', signal), signal),
    isFenced: (id, signal) => run((session) => isCutOff(session, id, signal), signal),
  }
}

function connect(name: string, config: Config): Connection {
  const { origin, host } = new URL(config.url)
  const credentials = credentialsOf(config)
  if (credentials === null) throw new LifeboatError('config-invalid', `${name} ${credentialsRule}.`)
  return connectionOf({ service: `The vCloud Director ${host} (${name})`, origin, org: config.org, credentials }, trustOf(config.tls))
}

type Given = { readonly user?: string | undefined; readonly password?: Secret | undefined; readonly token?: Secret | undefined }

function credentialsOf({ user, password, token }: Given): Login['credentials'] | null {
  if (token !== undefined) return user === undefined && password === undefined ? { token } : null
  return user !== undefined && password !== undefined ? { user, password } : null
}

function trustOf(given: Config['tls']): { fingerprint?: string; ca?: string } {
  if (given === undefined) return {}
  if ('fingerprint' in given) return { fingerprint: given.fingerprint }
  return { ca: given.ca.reveal() }
}
