// How long an approval of a switch counts. Its details, in signal, facts and journal: `by` (`approve`, or `--yes` that said it
// beforehand), `who` (as the caller calls itself; nothing proves that), `at`, `digest` (the fingerprint that was named with
// it), `plan` (that of the plan which the run was begun with), `opensAt` (when the switch could begin as it was taken).

const lastsHours = 24

/**
 * Why an approval counts no more at this time (epoch ms), in a sentence; null: it counts. Its day begins when it was given,
 * or when it could first be used, if that is later. What `--yes` said does not run out.
 */
export function ranOut(details: Readonly<Record<string, unknown>>, now: number): string | null {
  const { at, opensAt } = details
  if (typeof at !== 'string') return null
  const usableSince = Math.max(Date.parse(at), typeof opensAt === 'string' ? Date.parse(opensAt) : 0)
  return now > usableSince + lastsHours * 3_600_000 ? `The approval of ${at} was not used within ${lastsHours} h and counts no more.` : null
}
