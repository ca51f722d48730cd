// Terremark vCloud Express 0.8 as a place that nodes come from. The public service has closed; what speaks its API may not have.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { apiKeys, apiUrl, trustOf } from '../https-api.ts'
import type { ProviderAdapter, Source } from '../provider.ts'
import { readInventory } from './inventory.ts'
import { terremarkNotes } from './notes.ts'
import { setPower } from './power.ts'
import { connect } from './session.ts'

const schema = z.strictObject({
  kind: z.literal('terremark'),
  url: apiUrl('Address of the API, such as https://services.example/api'),
  user: z.string().min(1).describe('User name, an e-mail address at this service'),
  password: z.instanceof(Secret).describe('Password of that user'),
  ...apiKeys,
})

type Config = z.infer<typeof schema>

export const terremark: ProviderAdapter<typeof schema> = {
  schema,
  notes: terremarkNotes,
  source: async (name, config) => sourceOf(name, config),
}

function sourceOf(name: string, config: Config): Source {
  const service = `The vCloud Express service ${new URL(config.url).host} (${name})`
  const { run, peer, close } = connect({ service, url: config.url, user: config.user, password: config.password }, trustOf(config.tls))
  const cannot = async (sentence: string, signal: AbortSignal): Promise<never> => {
    signal.throwIfAborted()
    throw new LifeboatError('source-refused', `${service} ${sentence}`)
  }
  return {
    about: (signal) => run(async ({ version }) => ({ product: null, apiVersion: version, peer: peer() }), signal),
    nodes: (signal) => run((session) => readInventory(session, signal), signal),
    power: (id, wanted, signal) => run((session) => setPower(session, id, wanted, signal), signal),
    snapshot: (id, _name, signal) => cannot(`has no snapshots, so none of ${id} can be taken.`, signal),
    network: (id, _wanted, signal) => cannot(`cannot unplug or plug the network of ${id}; all that it can do is to switch it off.`, signal),
    close,
  }
}
