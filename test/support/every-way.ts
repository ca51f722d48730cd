// Clients of one node by every way there is: IPv4, IPv6, datagrams.
import { clients, client6 } from '../../lab/network.ts'
import { shopNodes } from '../../lab/shop/nodes.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { order, startCallers } from './callers.ts'
import { askByUdp } from './datagrams.ts'
import type { Scene } from './scenario.ts'

export type EveryWay = {
  /** A new request by each way is answered by this node, at last. */
  readonly leadTo: (host: string) => Promise<void>
  /** Ends all of them. What failed, in words; orders that were acknowledged; who answered datagrams, in turn, over IPv4 and over IPv6. */
  readonly stop: () => Promise<{
    readonly requests: number
    readonly failed: readonly string[]
    readonly acknowledged: readonly string[]
    readonly turns: readonly (readonly string[])[]
  }>
}

let orders = 0

/** Starts them for the addresses of web-1's source; it needs an IPv6 address and the service of datagrams.ts. */
export async function startEveryWay(scene: Scene): Promise<EveryWay> {
  const { address } = scene.source('web-1')
  const { address6 } = shopNodes['web-1']
  const callers = [startCallers(address, clients[0]), startCallers(address6, client6)]
  const datagrams = [await askByUdp(address, clients[1]), await askByUdp(address6, client6)]
  return {
    leadTo: async (host) => {
      for (const [to, from] of [[address, clients[0]] as const, [address6, client6] as const]) {
        const served = await order(to, from, `new-${orders++}`)
        if (served !== host) throw new Error(`${to} is served by ${served}, not by ${host}.`)
      }
      await waitUntil(async () => await Promise.resolve(datagrams.every((each) => each.turns().at(-1) === host) ? true : null), {
        what: `An answer of ${host} to datagrams (${datagrams.map((each) => each.turns().join(', ')).join('; ')})`,
        deadlineMs: 3000,
        everyMs: 20,
        signal: new AbortController().signal,
      })
    },
    stop: async () => {
      for (const each of datagrams) await each.stop()
      const results = await Promise.all(callers.map(async (each) => await each.stop()))
      return {
        requests: results.reduce((sum, { requests }) => sum + requests, 0),
        failed: [...results.flatMap(({ failed }) => failed), ...datagrams.flatMap((each) => each.errors())],
        acknowledged: results.flatMap(({ acknowledged }) => acknowledged),
        turns: datagrams.map((each) => each.turns()),
      }
    },
  }
}
