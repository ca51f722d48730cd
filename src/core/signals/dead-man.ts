// An alarm that always fires (a `Watchdog`): that it comes shows that monitoring could tell of others. That it does not come
// says that monitoring is blind, and nothing of what it watches.

export type DeadMan = { readonly seenAt: number; readonly isBlind: boolean }

/** `told`: it changed at this very look. Times in milliseconds. */
export function lookAt({ seenAt, isBlind }: DeadMan, withinMs: number, now: number): { readonly now: DeadMan; readonly told: 'blind' | 'seen-again' | null } {
  const blind = now - seenAt > withinMs
  return { now: { seenAt, isBlind: blind }, told: blind === isBlind ? null : blind ? 'blind' : 'seen-again' }
}
