// How adapters reach the simulated world: one question, one answer, both plain values, so that the world may be in this
// process or in the one that started it (and survives that this one is killed).
import type { ChildProcess } from 'node:child_process'
import { LifeboatError, codeOf, messageOf, type Details } from '../../src/core/errors.ts'

export type Question = {
  readonly part: 'node' | 'zone' | 'source' | 'stack'
  /** Who is asked: an address, a provider, a stack. */
  readonly of: string
  readonly op: string
  /** Whose question it is; empty: nobody's. */
  readonly move: string
  readonly args: Details
}
export type Reply = Details
export type Ask = (question: Question, signal: AbortSignal, deadlineMs?: number) => Promise<Reply>

type Asked = { readonly id: number; readonly question: Question }
type Answered = { readonly id: number; readonly reply?: Reply; readonly error?: { readonly code: string; readonly text: string; readonly details: Details } }

/** Asks within a deadline and a signal; what comes later is an answer that was lost. */
export function asking(ask: (question: Question) => Promise<Reply>): Ask {
  return async (question, signal, deadlineMs = 15_000) => {
    signal.throwIfAborted()
    const late = new LifeboatError('timeout', `${question.of} did not answer \`${question.op}\` within ${deadlineMs / 1000} s.`)
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(signal.reason as Error)
    const timer = setTimeout(() => reject(late), deadlineMs)
    signal.addEventListener('abort', abort, { once: true })
    return await Promise.race([ask(question), stopped]).finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    })
  }
}

/** The world of the process that started this one. */
export function worldOfParent(): Ask {
  const waiting = new Map<number, PromiseWithResolvers<Reply>>()
  let last = 0
  process.on('message', (said) => {
    const { id, reply, error } = said as Answered
    const waiter = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) waiter?.resolve(reply ?? {})
    else waiter?.reject(new LifeboatError(codeOf(error), error.text, { details: error.details }))
  })
  return asking(async (question) => {
    const id = ++last
    const waiter = Promise.withResolvers<Reply>()
    waiting.set(id, waiter)
    process.send?.({ id, question } satisfies Asked)
    return await waiter.promise
  })
}

/** Answers what a child asks, for as long as it lives; what it asked before is done all the same. */
export function answerChild(child: ChildProcess, ask: (question: Question) => Promise<Reply>): void {
  // One that is dead hears nothing.
  const say = (answer: Answered): void => void child.send(answer, () => undefined)
  child.on('message', (said) => {
    const { id, question } = said as Partial<Asked>
    if (id === undefined || question === undefined) return
    ask(question).then(
      (reply) => say({ id, reply }),
      (error: unknown) => say({ id, error: { code: codeOf(error), text: messageOf(error), details: error instanceof LifeboatError ? error.details : {} } }),
    )
  })
}
