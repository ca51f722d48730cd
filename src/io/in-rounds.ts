// Many who ask the same thing all the time: those who come while others are answered are answered together.
import { sleep } from './wait.ts'

/** Who asks; in one round each is answered once. */
export type Asker = { readonly move: string }

export type Rounds<Ask extends Asker, Answer> = {
  /** Answers asks that are alike, each of another move; by move. */
  readonly answer: (asks: readonly Ask[]) => Promise<ReadonlyMap<string, Answer>>
  /** Equal texts: these may be answered together. */
  readonly alike: (ask: Ask) => string
  /** After a round the next one waits so many times as long as it took. */
  readonly restsPerRound: number
}

/** Asks in the next round. Fails as its round does. */
export function inRounds<Ask extends Asker, Answer>({ answer, alike, restsPerRound }: Rounds<Ask, Answer>): (ask: Ask) => Promise<Answer> {
  type Waiter = PromiseWithResolvers<Answer> & { readonly ask: Ask; readonly likeness: string }
  let waiting: Waiter[] = []
  let isBusy = false
  const nextRound = (likeness: string): ReadonlyMap<string, Waiter> => {
    const round = new Map<string, Waiter>()
    waiting = waiting.filter((waiter) => {
      if (waiter.likeness !== likeness || round.has(waiter.ask.move)) return true
      round.set(waiter.ask.move, waiter)
      return false
    })
    return round
  }
  const serve = async (round: ReadonlyMap<string, Waiter>): Promise<void> => {
    try {
      const answers = await answer([...round.values()].map(({ ask }) => ask))
      for (const [move, waiter] of round) waiter.resolve(answers.get(move) as Answer)
    } catch (error) {
      for (const waiter of round.values()) waiter.reject(error)
    }
  }
  const serveAll = async (): Promise<void> => {
    isBusy = true
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const began = performance.now()
      await serve(nextRound(first.likeness))
      await sleep(restsPerRound * (performance.now() - began), new AbortController().signal)
    }
    isBusy = false
  }
  return async (ask) => {
    const waiter = { ...Promise.withResolvers<Answer>(), ask, likeness: alike(ask) }
    waiting.push(waiter)
    if (!isBusy) void serveAll()
    return await waiter.promise
  }
}
