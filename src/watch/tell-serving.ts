// Tells an observer on another machine which nodes serve: it watches these, and knows of no switch by itself.
import { LifeboatError, messageOf } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import type { Serving } from '../core/serving.ts'
import { openHttp, type HttpConnection } from '../io/http.ts'
import { sleep } from '../io/wait.ts'

export const servingPath = '/api/v1/watch/serving'

export type TellOptions = {
  readonly observer: string
  readonly url: string
  /** Of scope operate there. */
  readonly token: Secret | null
  /** What is known now. */
  readonly serving: () => Serving
  readonly everyMs: number
  /** Hears once, in a sentence, that it cannot be told. */
  readonly tell: (text: string) => void
  readonly signal: AbortSignal
}

const answerMs = 15_000
const longestPauseMs = 30_000

/** At first and whenever it changes, until the signal. */
export async function tellServing(options: TellOptions): Promise<void> {
  const { observer, serving, everyMs, tell, signal } = options
  const http = openHttp({ service: `Observer ${observer}`, unreachable: 'source-unreachable' })
  let heard: string | null = null
  let failed: string | null = null
  let pauseMs = everyMs
  try {
    for (;;) {
      const now = JSON.stringify({ moves: serving() })
      if (now !== heard) {
        const failure = await send(http, options, now).then(() => null, messageOf)
        signal.throwIfAborted()
        if (failure === null) heard = now
        else if (failure !== failed) tell(failure)
        failed = failure
      }
      pauseMs = failed === null ? everyMs : Math.min(pauseMs * 2, longestPauseMs)
      await sleep(pauseMs, signal)
    }
  } finally {
    await http.close()
  }
}

async function send(http: HttpConnection, { observer, url, token, signal }: TellOptions, body: string): Promise<void> {
  const address = new URL(`${url.replace(/\/$/, '')}${servingPath}`)
  const headers = { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token.reveal()}` }) }
  const { status } = await http.send({ url: address.href, method: 'POST', body, headers, signal, deadlineMs: answerMs, repeatable: true })
  if (status === 200) return
  const why = status === 401 || status === 403 ? 'it refuses our token, which needs the scope operate there' : `it answers ${status}`
  throw new LifeboatError('source-refused', `Observer ${observer} cannot be told which nodes serve (${why}): after a switch it still watches the source.`)
}
