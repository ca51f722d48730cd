// Numbers and times as the report writes them: the same on every machine, whatever its language and time zone.

/** `12345` -> `12,345`. */
export function count(amount: number): string {
  return String(amount).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `2026-03-14 02:10:04` in UTC. */
export function moment(at: string): string {
  return at.slice(0, 19).replace('T', ' ')
}

/** `02:10:04` in UTC. */
export function clock(at: string): string {
  return at.slice(11, 19)
}
