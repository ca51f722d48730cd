// Many small calls to one slow service.

/** Does the work for all items, so many at a time, and answers in their order. Once one has failed, none is begun any more. */
export async function inTurns<Each, Result>(all: readonly Each[], atOnce: number, work: (each: Each) => Promise<Result>): Promise<readonly Result[]> {
  const results: Result[] = []
  const left = [...all.entries()]
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) results[next[0]] = await work(next[1])
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, worker))
  } finally {
    left.length = 0
  }
  return results
}
