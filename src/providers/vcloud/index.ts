// vCloud Director as a place that nodes come from, with the rights of a tenant and no others.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { apiKeys, apiUrl, fenceOf, sourceOf, trustOf, type Acts, type Connection } from '../https-api.ts'
import type { ProviderAdapter } from '../provider.ts'
import { readInventory } from './inventory.ts'
import { isCutOff, setNetwork } from './network.ts'
import { vcloudNotes } from './notes.ts'
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

const acts: Acts<Session> = {
  about: ({ version }) => ({ product: null, apiVersion: version }),
  nodes: readInventory,
  power: setPower,
  snapshot: takeSnapshot,
  network: setNetwork,
  isCutOff,
}

export const vcloud: ProviderAdapter<typeof schema> = {
  schema,
  notes: vcloudNotes,
  source: async (name, config) => sourceOf(open(name, config), acts),
  fence: async (name, config) => fenceOf(open(name, config), acts),
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
