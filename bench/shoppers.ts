// Twenty clients of one address, each with one order after the other: ten on new connections, ten on kept ones.
import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { clients } from '../lab/network.ts'

const count = 20
const restMs = 100
const limitMs = 60_000

export type Shopping = {
  /** Orders that were not acknowledged. A kept connection that closes before the first byte of an answer is no failure: the order is sent again, once. */
  readonly failed: number
  readonly longestMs: number
  readonly acknowledged: readonly string[]
}

export type Shoppers = { readonly stop: () => Promise<Shopping> }

let runs = 0

export function startShoppers(host: string): Shoppers {
  const run = `shop-${runs++}`
  const acknowledged: string[] = []
  let [stopping, failed, longestMs] = [false, 0, 0]
  const loops = Array.from({ length: count }, async (_, client) => {
    const agent = new http.Agent({ keepAlive: client % 2 === 0, maxSockets: 1 })
    for (let number = 0; !stopping; number++) {
      const id = `${run}-${client}-${number}`
      const began = performance.now()
      const send = async () => await order(host, client, id, agent)
      const ok = (await send()) === 'ok' || (client % 2 === 0 && (await send()) === 'ok')
      if (ok) acknowledged.push(id)
      else failed += 1
      if (ok) longestMs = Math.max(longestMs, performance.now() - began)
      await delay(restMs)
    }
    agent.destroy()
  })
  return {
    stop: async () => {
      stopping = true
      await Promise.all(loops)
      return { failed, longestMs, acknowledged }
    },
  }
}

async function order(host: string, client: number, id: string, agent: http.Agent): Promise<'ok' | 'failed'> {
  const localAddress = clients[client % clients.length] ?? clients[0]
  return await new Promise((resolve) => {
    const headers = { 'Idempotency-Key': id, 'Content-Length': 0 }
    const request = http.request({ host, localAddress, agent, headers, method: 'POST', path: '/orders', timeout: limitMs })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve('failed'))
    request.once('response', (response) => {
      response.resume()
      response.once('error', () => resolve('failed'))
      response.once('end', () => resolve(response.statusCode === 200 || response.statusCode === 201 ? 'ok' : 'failed'))
    })
    request.end()
  })
}
