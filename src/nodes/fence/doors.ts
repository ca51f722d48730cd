// Whether the old address still serves: one connection to each port, from here.
import type { Door } from '../../core/fence.ts'
import { acceptsTcp } from '../checks.ts'

const withinMs = 2000

/** Tries all of them at once. A port that refuses or says nothing is shut; only one that accepts proves anything. */
export async function tryDoors(doors: readonly Omit<Door, 'answer'>[], signal: AbortSignal): Promise<readonly Door[]> {
  return await Promise.all(
    doors.map(async ({ address, port }): Promise<Door> => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
      const answer = await acceptsTcp(address, port, limit).then(
        () => 'accepts' as const,
        (error: unknown) => (isRefusal(error) ? ('refuses' as const) : ('silent' as const)),
      )
      signal.throwIfAborted()
      return { address, port, answer }
    }),
  )
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}
