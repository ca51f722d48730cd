// vCloud Director as a place that nodes come from, with the rights of a tenant and no others.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { apiKeys, apiUrl, trustOf, type Connection } from '../https-api.ts'
import type { Fence, ProviderAdapter, Source } from '../provider.ts'
import { readInventory } from './inventory.ts'
import { isCutOff, setNetwork } from './network.ts'
import { setPower } from './power.ts'
import { connect, type Login, type Session } from './session.ts'
import { takeSnapshot } from './snapshots.ts'

const credentialsRule = 'needs user and password, or token, and not both'

const schema = z
  .strictObject({
    kind: z.literal('vcloud'),
    url: apiUrl('Address of vCloud Director, such as https://vcloud.example'),
    org: z.string().min(1).describe('Name of the organisation, as in the address of its portal'),
    user: z.string().min(1).optional().describe('User name, without the organisation'),
    password: z.instanceof(Secret).optional().describe('Password of that user'),
    token: z.instanceof(Secret).optional().describe('API token, instead of user and password (10.3.1 and later)'),
    ...apiKeys,
  })
  .refine((config) => credentialsOf(config) !== null, credentialsRule)

type Config = z.infer<typeof schema>

export const vcloud: ProviderAdapter<typeof schema> = {
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

/** A machine is fenced when no card of it is connected. Its disks stay as they are. */
function fenceOf({ run }: Connection<Session>): Fence {
  return {
    fence: (id, signal) => run((session) => setNetwork(session, id, 'disconnected', signal), signal),
    isFenced: (id, signal) => run((session) => isCutOff(session, id, signal), signal),
  }
}

function open(name: string, config: Config): Connection<Session> {
  const { origin, host } = new URL(config.url)
  const credentials = credentialsOf(config)
  if (credentials === null) throw new LifeboatError('config-invalid', `${name} ${credentialsRule}.`)
  return connect({ service: `The vCloud Director ${host} (${name})`, origin, org: config.org, credentials }, trustOf(config.tls))
}

type Given = { readonly user?: string | undefined; readonly password?: Secret | undefined; readonly token?: Secret | undefined }

function credentialsOf({ user, password, token }: Given): Login['credentials'] | null {
  if (token !== undefined) return user === undefined && password === undefined ? { token } : null
  return user !== undefined && password !== undefined ? { user, password } : null
}
