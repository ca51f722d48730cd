// Clients of one address, whatever its family: an order every 50 ms, each on a connection of its own.
import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const everyMs = 50
const limitMs = 30_000

export type Callers = {
  /** No more requests; waits for those under way. What failed is told in words. */
  readonly stop: () => Promise<{ readonly requests: number; readonly failed: readonly string[]; readonly acknowledged: readonly string[] }>
}

let runs = 0

export function startCallers(address: string, localAddress: string): Callers {
  const run = `call-${runs++}`
  const [failed, acknowledged]: [string[], string[]] = [[], []]
  const underWay: Promise<void>[] = []
  let stopping = false
  const began = Date.now()
  const loop = (async () => {
    for (let number = 0; !stopping; number++) {
      await delay(Math.max(0, began + number * everyMs - Date.now()))
      const id = `${run}-${number}`
      underWay.push(
        order(address, localAddress, id).then(
          () => void acknowledged.push(id),
          (error: unknown) => void failed.push(`${id} at ${new Date().toISOString()}: ${String(error)}`),
        ),
      )
    }
  })()
  return {
    stop: async () => {
      stopping = true
      await loop
      await Promise.all(underWay)
      return { requests: underWay.length, failed, acknowledged }
    },
  }
}

/** One order; `bytes` of body. Answers the name of the node that took it, rejects without a 2xx answer within 30 s. */
export async function order(host: string, localAddress: string, id: string, bytes = 0): Promise<string> {
  return await new Promise((resolve, reject) => {
    const headers = { 'Idempotency-Key': id, 'Content-Length': bytes }
    const request = http.request({ host, localAddress, method: 'POST', path: '/orders', agent: false, headers, signal: AbortSignal.timeout(limitMs) })
    request.once('error', reject)
    request.once('response', (response) => {
      response.resume()
      response.once('error', reject)
      const status = response.statusCode ?? 0
      response.once('end', () => (status >= 200 && status < 300 ? resolve(String(response.headers['x-served-by'])) : reject(new Error(`answered ${status}`))))
    })
    request.end(Buffer.alloc(bytes))
  })
}
