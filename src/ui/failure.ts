// A failure as a person and as a program see it.
import { LifeboatError, codeOf, hintOf, messageOf } from '../core/errors.ts'
import { escaped } from '../core/terminal.ts'
import { printable } from './table.ts'

/** One sentence, then what to try; with `verbose` the causes too. */
export function failureText(error: unknown, verbose: boolean): string {
  const code = codeOf(error)
  const lines = [`✖ ${printable(sentenceOf(error), 1000)} (${code})`, `  Try: ${hintOf(code)}`]
  return `${[...lines, ...(verbose ? causesOf(error).map(escaped) : [])].join('\n')}\n`
}

/** `lifeboat.error/1`. */
export function failureLine(error: unknown): string {
  const code = codeOf(error)
  const details = error instanceof LifeboatError ? error.details : {}
  return JSON.stringify({ schema: 'lifeboat.error/1', code, message: sentenceOf(error), hint: hintOf(code), details })
}

function sentenceOf(error: unknown): string {
  const text = messageOf(error)
  return error instanceof LifeboatError ? text : `Unexpected: ${text}`
}

function causesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const own = error instanceof LifeboatError ? [] : [error.stack ?? '']
  return [...own, ...(error.cause === undefined ? [] : [`  Because: ${sentenceOf(error.cause)}`, ...causesOf(error.cause)])]
}
