// What a command says: the answer on stdout, the conversation on stderr.
import { once } from 'node:events'
import { escaped } from '../core/terminal.ts'

export type GlobalOptions = {
  readonly json?: boolean
  readonly yes?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly config?: string
  readonly state?: string
  readonly pulumiRoot?: string
  readonly color?: boolean
}

/** The answer: on stdout. */
export function answer(text: string): void {
  const safe = escaped(text)
  process.stdout.write(safe.endsWith('\n') ? safe : `${safe}\n`)
}

/** An answer that is printed as it comes, no faster than it is read. */
export async function answerPieces(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  // A character may be cut in two.
  const decoder = new TextDecoder()
  for await (const piece of pieces) if (!process.stdout.write(escaped(decoder.decode(piece, { stream: true })))) await once(process.stdout, 'drain')
}

/** The conversation: on stderr, unless --quiet. */
export function say(options: GlobalOptions, text: string): void {
  if (options.quiet !== true) process.stderr.write(`${escaped(text)}\n`)
}

const silenceMs = 5000

/** Says on stderr that an answer is waited for, once that has taken a while: the controller asks a busy provider again and again. */
export async function patiently<T>(options: GlobalOptions, whom: string, answered: Promise<T>): Promise<T> {
  const began = performance.now()
  const tell = (): void => {
    const seconds = Math.round((performance.now() - began) / 1000)
    say(options, `No answer of ${whom} for ${seconds} s. One that is busy is asked again by itself; Ctrl-C ends the waiting.`)
  }
  const timer = setInterval(tell, silenceMs)
  return await answered.finally(() => clearInterval(timer))
}
