// Prints a failure where it belongs and answers the exit status: stdout as a line with --json, else stderr.
import { LifeboatError, exitStatusOf } from '../core/errors.ts'
import { failureLine, failureText } from '../ui/failure.ts'
import { answer, type GlobalOptions } from './output.ts'
import { interrupted } from './interrupt.ts'

export function tellFailure(options: GlobalOptions, error: unknown): number {
  if (error === interrupted || wasCancelled(error)) return 130
  if (options.json === true) answer(failureLine(error))
  else process.stderr.write(failureText(error, options.verbose === true))
  return error instanceof LifeboatError ? exitStatusOf(error.code) : 1
}

/** Ctrl-C at a question. */
function wasCancelled(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')
}
