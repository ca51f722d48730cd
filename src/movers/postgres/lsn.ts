// Positions in PostgreSQL's write-ahead log, as it writes them: `16/B374D848`, two halves of 64 bits in hexadecimal
// (documentation of type pg_lsn).

import { LifeboatError } from '../../core/errors.ts'

/** Fails with answer-malformed. */
export function parseLsn(text: string): bigint {
  const halves = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text.trim())
  if (halves === null) throw new LifeboatError('answer-malformed', `${JSON.stringify(text.slice(0, 40))} is no position in a write-ahead log.`)
  return (BigInt(`0x${halves[1]}`) << 32n) | BigInt(`0x${halves[2]}`)
}

export function showLsn(position: bigint): string {
  return `${(position >> 32n).toString(16)}/${(position & 0xffff_ffffn).toString(16)}`.toUpperCase()
}
