// The end of a source after a finished move.
import type { Config } from '../config/schema.ts'
import { codeOf, messageOf } from '../core/errors.ts'
import type { MoveSettings } from '../core/stored-move.ts'
import { openSource } from './planning.ts'

/**
 * Off and unplugged, never deleted; answers a sentence that says how far that came. A provider that is dead or cannot do
 * it is no reason not to finish.
 */
export async function retire(config: Config, from: MoveSettings['from'], signal: AbortSignal): Promise<string> {
  let isOff = false
  try {
    const source = await openSource(config, from.provider)
    try {
      await source.power(from.id, 'off', signal)
      isOff = true
      await source.network(from.id, 'disconnected', signal)
    } finally {
      await source.close().catch(() => undefined)
    }
    return 'The source is off and disconnected; nothing of it was deleted.'
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'source-unreachable' && code !== 'source-refused') throw error
    const why = messageOf(error)
    if (isOff) return `The source is off, and nothing of it was deleted. It is still plugged in: ${why} Should somebody start it, it refuses to serve.`
    return `The source stays as it is: ${why} Switch it off by hand; it refuses to serve.`
  }
}
