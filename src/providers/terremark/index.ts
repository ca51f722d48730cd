// Terremark vCloud Express 0.8 as a place that nodes come from. The public service has closed; what speaks its API may not have.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { normalFingerprint } from '../../io/tls.ts'
import type { ProviderAdapter, Source } from '../provider.ts'
import { connectionOf } from './connection.ts'
import { readInventory } from './inventory.ts'
import { setPower } from './power.ts'

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

const url = z
  .url({ protocol: /^https?$/ })
  .refine((value) => URL.parse(value)?.protocol === 'https:' || loopback.has(URL.parse(value)?.hostname ?? ''), 'must begin with https://')
  .describe('Address of the API, such as https://services.example/api')

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
  kind: z.literal('terremark'),
  url,
  user: z.string().min(1).describe('User name, an e-mail address at this service'),
  password: z.instanceof(Secret).describe('Password of that user'),
  tls,
  contact: z.record(z.string(), z.string()).optional().describe('How to reach the people who run it: statusPage, ticket, phone, forum'),
  ssh: z.unknown().optional().describe('How to log in to its nodes'),
})

type Config = z.infer<typeof schema>

export const terremark: ProviderAdapter<typeof schema> = {
  schema,
  source: async (name, config) => sourceOf(name, config),
}

function sourceOf(name: string, config: Config): Source {
  const service = `The vCloud Express service ${new URL(config.url).host} (${name})`
  const { run, close } = connectionOf({ service, url: config.url, user: config.user, password: config.password }, trustOf(config.tls))
  const cannot = async (sentence: string, signal: AbortSignal): Promise<never> => {
    signal.throwIfAborted()
    throw new LifeboatError('source-refused', `${service} ${sentence}`)
  }
  return {
    nodes: (signal) => run((session) => readInventory(session, signal), signal),
    power: (id, wanted, signal) => run((session) => setPower(session, id, wanted, signal), signal),
    snapshot: (id, _name, signal) => cannot(`has no snapshots, so none of ${id} can be taken.`, signal),
    network: (id, _wanted, signal) => cannot(`cannot unplug or plug the network of ${id}; all that it can do is to switch it off.`, signal),
    close,
  }
}

function trustOf(given: Config['tls']): { fingerprint?: string; ca?: string } {
  if (given === undefined) return {}
  if ('fingerprint' in given) return { fingerprint: given.fingerprint }
  return { ca: given.ca.reveal() }
}
