// How a move logs in to its two sides: with a file that ssh reads, whatever the environment's agent offers, or a key
// whose contents were brought with the credentials.
import { LifeboatError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import type { MoveSettings, SideName } from '../core/stored-move.ts'
import { exec } from '../io/exec.ts'
import type { Keyring } from '../io/ssh-agent.ts'

/** Contents of private keys; null where the settings name a file or nothing. */
type KeysByContents = Readonly<Record<SideName, Secret | null>>

export type Logins = {
  /** Socket of the agent that holds the key of this side; null: there is none by contents. */
  readonly agentOf: (side: SideName) => Promise<string | null>
  /** The public half of the key with which we log in to the target: a new machine must know it. */
  readonly authorizedKeys: () => Promise<readonly string[]>
}

export function loginsOf(settings: Pick<MoveSettings, 'name' | 'target'>, keys: KeysByContents, keyring: Keyring): Logins {
  const held = async (side: SideName) => {
    const key = keys[side]
    return key === null ? null : await keyring.hold(key, `The ssh key for the ${side} of ${settings.name}`)
  }
  return {
    agentOf: async (side) => (await held(side))?.socket ?? null,
    authorizedKeys: async () => {
      const key = await held('target')
      return key === null ? await publicHalfOf(settings.target.ssh.keyFile) : [key.publicKey]
    },
  }
}

async function publicHalfOf(keyFile: string | null): Promise<readonly string[]> {
  if (keyFile === null) return []
  const result = await exec('ssh-keygen', ['-y', '-f', keyFile], { signal: AbortSignal.timeout(10_000), deadlineMs: 10_000 })
  if (result.exitCode !== 0) throw new LifeboatError('ssh-login', `The key ${keyFile} cannot be read: ${result.stderr.trim()}.`)
  return [result.stdout.trim()]
}
