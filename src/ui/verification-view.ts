// Whether the journal is what was written, a line for each move.
import { counted } from '../core/units.ts'
import type { Verification, VerifiedMove } from '../core/verification.ts'

export function verificationView({ moves }: Verification): string {
  return moves.map(lineOf).join('\n')
}

/** What is wrong with a move that is not whole, as a clause: `record 118 (final-sync, 2026-…Z) is …`. */
export function breakOf({ broken }: VerifiedMove): string {
  if (broken === null) return ''
  const { seq, step, at, why } = broken
  return `record ${seq}${step === null || at === null ? '' : ` (${step}, ${at})`} ${why}`
}

function lineOf(verified: VerifiedMove): string {
  const { move, records, unlinked, head, whole, report } = verified
  const amount = `${move}: ${counted(records, 'record')}`
  const compared = report === null ? 'no report to compare with' : `as ${report} has it`
  if (!whole) return `${amount}, changed: ${breakOf(verified)}`
  if (head === null) return `${amount} of an older version, which kept no hashes`
  const older = unlinked === 0 ? '' : ` but for ${unlinked} of an older version`
  return `${amount}, whole${older}, head ${head.hash.slice(0, 16)}…, ${compared}`
}
