// What a provider says in its own words, and what a failure of one call says about the rest.
import { codeOf } from '../core/errors.ts'

const longest = 500
const looksSecret = /(pass\w*|pwd|secret|token)(\s*(?:[=:]|\bis\b)\s*)\S+/gi

/**
 * Words of a service, fit to stand in a sentence of ours: without what opens something (it may repeat what it was sent, or
 * tell what it keeps), on one line, without characters that move a cursor or turn the reading, at most 500 characters, no
 * stop at the end. Null when nothing is left.
 */
export function quoted(message: string | null | undefined, secrets: readonly string[] = []): string | null {
  const known = secrets.filter((secret) => secret !== '').reduce((text, secret) => text.replaceAll(secret, '[secret]'), message ?? '')
  const line = known
    .replaceAll(looksSecret, '$1$2[secret]')
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .replace(/[.\s]+$/, '')
  if (line === '') return null
  return line.length > longest ? `${line.slice(0, longest).toWellFormed()}…` : line
}

/** Whether a failure says something about what was asked for, and nothing about the rest: refused, gone, or unreadable. */
export function isOfOne(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'source-refused' || code === 'answer-malformed'
}
