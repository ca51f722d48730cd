// Ctrl-C and SIGTERM. Nothing that runs is ended by them: the terminal leaves, the controller goes on.

/** The reason of a signal: somebody pressed Ctrl-C. */
export const interrupted = new Error('Interrupted.')

export type Interrupt = { readonly signal: AbortSignal; readonly forget: () => void }

/** Aborts on the first Ctrl-C or SIGTERM, until it is forgotten. */
export function onInterrupt(): Interrupt {
  const stop = new AbortController()
  const onSignal = (): void => stop.abort(interrupted)
  const names = ['SIGINT', 'SIGTERM'] as const
  for (const name of names) process.once(name, onSignal)
  return {
    signal: stop.signal,
    forget: () => {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
