// The node of a move that is watched is the one that serves: with a switch its ladder goes over to the other side.
import { messageOf } from '../core/errors.ts'
import { watchedName, type Serving } from '../core/serving.ts'
import type { Ladder } from './ladder.ts'
import type { Watched } from './observer.ts'

/** Null: the source. */
export type Place = Serving[string] | null

export type Following = {
  readonly move: string
  /** Where it serves now. */
  readonly place: () => Place
  readonly open: (place: Place) => Promise<Ladder>
  /** Hears, in a sentence and once, that the other side cannot be watched. */
  readonly tell: (text: string) => void
}

/** Fails as `open` does. One that cannot be opened later is tried again with each round; until then what was watched before still is. */
export async function followServing({ move, place, open, tell }: Following): Promise<Watched> {
  let at = place()
  let ladder = await open(at)
  let refused: Place | undefined
  const goOver = async (): Promise<void> => {
    const now = place()
    if (isSame(at, now)) return
    try {
      const next = await open(now)
      ladder.close()
      at = now
      ladder = next
      refused = undefined
    } catch (error) {
      if (refused === undefined || !isSame(refused, now)) tell(`${watchedName(move, sideOf(now))} is not watched: ${messageOf(error)}`)
      refused = now
    }
  }
  return {
    /** Of its last round. */
    get target() {
      return watchedName(move, sideOf(at))
    },
    role: 'node',
    ladder: {
      round: async (signal) => {
        await goOver()
        return await ladder.round(signal)
      },
      close: () => ladder.close(),
    },
  }
}

function sideOf(place: Place) {
  return place === null ? 'source' : 'target'
}

function isSame(one: Place, other: Place): boolean {
  return one?.address === other?.address && one?.id === other?.id
}
