// The source, cut off from everybody by its provider.
import type { Config } from '../config/schema.ts'
import { LifeboatError, codeOf, messageOf } from '../core/errors.ts'
import type { MoveSettings } from '../core/stored-move.ts'
import type { Source } from '../providers/provider.ts'
import type { Ports } from '../workflows/ports.ts'
import { deadline } from '../io/wait.ts'
import { openSource } from './planning.ts'

/** A provider that is ill must not keep a fail-over: a person's word does as well. */
const fenceWithinMs = 40_000

/** Disconnected first, as that is done at once; then off, so that it comes back to nobody. Each is read back by the provider's adapter. */
export function fenceOf(config: Config, from: MoveSettings['from']): Pick<Ports, 'fence' | 'unfence'> {
  const asked = async (act: (source: Source) => Promise<void>): Promise<void> => {
    const source = await openSource(config, from.provider)
    try {
      await act(source)
    } finally {
      await source.close().catch(() => undefined)
    }
  }
  return {
    fence: async (signal) => {
      const within = deadline(signal, fenceWithinMs, `it did not end within ${fenceWithinMs / 1000} s.`)
      try {
        await asked(async (source) => {
          await source.network(from.id, 'disconnected', within)
          await source.power(from.id, 'off', within)
        })
        return `${from.provider} says that it is disconnected and off.`
      } catch (error) {
        signal.throwIfAborted()
        if (!['source-unreachable', 'source-refused', 'timeout'].includes(codeOf(error))) throw error
        throw new LifeboatError('fence-unconfirmed', `${from.provider} did not fence the source: ${messageOf(error)}`, { cause: error })
      }
    },
    unfence: async (signal) => {
      await asked(async (source) => {
        await source.network(from.id, 'connected', signal)
        await source.power(from.id, 'on', signal)
      })
    },
  }
}
