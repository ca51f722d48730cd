// What many want to know at the same time is asked once.

/**
 * Whoever asks for a key while somebody's `act` for it runs, or up to `forMs` after it answered, gets that answer, too. A
 * failure is for those alone who waited for it; who gives up by `signal` does so alone.
 */
export function together<Value>(forMs: number): (key: string, act: () => Promise<Value>, signal: AbortSignal) => Promise<Value> {
  const asked = new Map<string, Promise<Value>>()
  const begin = (key: string, act: () => Promise<Value>): Promise<Value> => {
    const answer = act()
    const forget = (): void => void asked.delete(key)
    asked.set(key, answer)
    answer.then(() => setTimeout(forget, forMs).unref(), forget)
    return answer
  }
  return async (key, act, signal) => {
    signal.throwIfAborted()
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    return await Promise.race([asked.get(key) ?? begin(key, act), stopped]).finally(() => signal.removeEventListener('abort', abort))
  }
}
