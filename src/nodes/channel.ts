// The line to lifeboat-helper on a node (docs/helper-protocol.md): one ssh session that carries JSON lines both ways.
import { createInterface } from 'node:readline'
import type { Ssh } from '../io/ssh.ts'
import { LifeboatError, codeOf, type ErrorCode } from '../core/errors.ts'

export type Request = { readonly op: string } & Readonly<Record<string, unknown>>
export type Answer = Readonly<Record<string, unknown>>

export type Channel = {
  /** One request, one answer. A refusal is a LifeboatError with the helper's code and sentence; a lost line is ssh-unreachable. */
  readonly call: (request: Request, signal: AbortSignal, deadlineMs?: number) => Promise<Answer>
  readonly isOpen: () => boolean
  readonly close: () => void
}

type Waiter = { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }

export function openChannel(ssh: Ssh, move: string): Channel {
  const talk = ssh.start([`/var/lib/lifeboat/${move}/lifeboat-helper`, 'channel', '--move', move])
  const waiting = new Map<number, Waiter>()
  let open = true
  let last = 0

  const lost = (): LifeboatError =>
    new LifeboatError('ssh-unreachable', `The line to the helper on ${ssh.target.address} ended.`, { details: { address: ssh.target.address } })
  const end = (): void => {
    open = false
    for (const waiter of waiting.values()) waiter.reject(lost())
    waiting.clear()
  }
  talk.stdin.on('error', end)
  void talk.ended.then(end, end)
  createInterface({ input: talk.stdout }).on('line', (line) => {
    const answer = parse(line)
    const waiter = answer === null ? undefined : waiting.get(Number(answer['id']))
    if (answer === null || waiter === undefined) return
    waiting.delete(Number(answer['id']))
    if (answer['ok'] === true) waiter.resolve(answer)
    else waiter.reject(refusal(answer, ssh.target.address))
  })

  return {
    isOpen: () => open,
    close: () => {
      talk.stdin.end()
      talk.kill()
    },
    call: async (request, signal, deadlineMs = 15_000) => {
      signal.throwIfAborted()
      if (!open) throw lost()
      const id = ++last
      const late = new LifeboatError('timeout', `The helper on ${ssh.target.address} did not answer \`${request.op}\` within ${deadlineMs / 1000} s.`)
      const answer = new Promise<Answer>((resolve, reject) => waiting.set(id, { resolve, reject }))
      talk.stdin.write(`${JSON.stringify({ id, ...request })}\n`)
      return await before(answer, { signal, deadlineMs, late }).finally(() => waiting.delete(id))
    },
  }
}

/** The answer, unless the deadline or the signal comes first. */
async function before<T>(answer: Promise<T>, limit: { signal: AbortSignal; deadlineMs: number; late: Error }): Promise<T> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(limit.late), limit.deadlineMs)
  const either = AbortSignal.any([limit.signal, over.signal])
  const stopped = new Promise<never>((_, reject) => either.addEventListener('abort', () => reject(either.reason as Error), { once: true }))
  stopped.catch(() => undefined)
  return await Promise.race([answer, stopped]).finally(() => clearTimeout(timer))
}

function parse(line: string): Answer | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Answer) : null
  } catch {
    return null
  }
}

function refusal(answer: Answer, address: string): LifeboatError {
  const code: ErrorCode = codeOf(answer)
  const text = typeof answer['text'] === 'string' ? answer['text'] : 'The helper refused.'
  const details = typeof answer['details'] === 'object' && answer['details'] !== null ? (answer['details'] as Record<string, unknown>) : {}
  return new LifeboatError(code, `${text} (${address})`, { details: { ...details, refused: true } })
}
