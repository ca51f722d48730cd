// Writes to both sides of a move, by their addresses, every 20 ms or as it is told, as long as it runs: who accepts one says when (V1),
// and what was acknowledged must be there at the end (V2). This file is also the process that does it: `prober.ts MS ADDRESS…`.
import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { clients } from '../../lab/network.ts'
import type { LabNode } from '../../lab/node.ts'
import type { ShopNode } from '../../lab/shop/nodes.ts'
import { orderLines } from '../../lab/shop/orders.ts'
import { lostWrites } from '../../lab/traffic.ts'
import type { Scene } from './scenario.ts'
import { oneSideServes } from './sides.ts'

/** A connection may be held for 30 s, and answered after that. */
const limitMs = 45_000

export type Verdict = {
  /** Acknowledged, and not exactly once on the side that serves at the end. */
  readonly lost: readonly string[]
  /** The sides that accepted writes, in the order in which they did, by what lies on either that is on. Each commit is one turn; more would be two writers. */
  readonly turns: readonly ('source' | 'target')[]
}

export type Prober = { readonly stop: () => Promise<Verdict> }

/** Starts probing a move of the scene. `targetAddress`: of what a cloud has made, which no name leads to yet. `everyMs`: longer where a write costs more. */
export function startProber(scene: Scene, move: ShopNode = 'web-1', targetAddress: string = scene.target(move).address, everyMs = 20): Prober {
  const source = scene.source(move)
  const log = path.join(scene.folder, `probes-${move}`)
  const child = spawn(process.execPath, [import.meta.filename, String(everyMs), source.address, targetAddress], {
    stdio: ['ignore', openSync(log, 'a'), 'inherit'],
  })
  child.unref()
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 255)))
  return {
    stop: async () => {
      child.ref()
      child.kill('SIGTERM')
      const code = await ended
      if (code !== 0) throw new Error(`The prober ended with ${code}.`)
      const acknowledged = readFileSync(log, 'utf8').split('\n').filter(Boolean)
      const serving = scene[await oneSideServes(scene, move)](move)
      const probesOn = async (node: LabNode) => (await orderLines(node)).filter((line) => line.startsWith('probe-'))
      const stored = await probesOn(serving)
      const other = serving === source ? scene.target(move) : source
      const all = new Set([...stored, ...(other.power() === 'on' ? await probesOn(other) : [])])
      return {
        lost: lostWrites(
          acknowledged,
          stored.map((line) => line.split('\t')[0] ?? ''),
        ),
        turns: turnsOf(
          [...all].map((line) => line.split('\t')),
          source.name,
        ),
      }
    },
  }
}

/** Lines of the order log: id, seconds since 1970, name of the node that accepted it. */
function turnsOf(lines: readonly (readonly string[])[], source: string): ('source' | 'target')[] {
  const accepted = lines.map(([, at = '', host = '']) => ({ at: Number(at), side: host === source ? ('source' as const) : ('target' as const) }))
  const inOrder = accepted.sort((one, other) => one.at - other.at).map(({ side }) => side)
  return inOrder.filter((side, index) => side !== inOrder[index - 1])
}

if (process.argv[1] === import.meta.filename) await probe(process.argv.slice(2))

/** Prints the id of each order that was acknowledged. */
async function probe([everyMs, ...addresses]: readonly string[]): Promise<void> {
  let stopping = false
  process.once('SIGTERM', () => (stopping = true))
  const underWay = new Set<Promise<void>>()
  const run = Date.now().toString(36)
  const began = Date.now()
  for (let number = 0; !stopping; number++) {
    await delay(Math.max(0, began + number * Number(everyMs) - Date.now()))
    for (const [place, address] of addresses.entries()) {
      const write = order(address, `probe-${run}-${place}-${number}`, number).finally(() => underWay.delete(write))
      underWay.add(write)
    }
  }
  await Promise.all(underWay)
}

async function order(host: string, id: string, number: number): Promise<void> {
  const localAddress = clients[number % clients.length] ?? clients[0]
  await new Promise<void>((resolve) => {
    const request = http.request({
      host,
      method: 'POST',
      path: '/orders',
      agent: false,
      localAddress,
      timeout: limitMs,
      headers: { 'Idempotency-Key': id, 'Content-Length': 0 },
    })
    request.once('timeout', () => request.destroy())
    // Refused, reset, late: not acknowledged, so nobody promised anything.
    request.once('error', () => resolve())
    request.once('response', (response) => {
      if (response.statusCode === 201 || response.statusCode === 200) process.stdout.write(`${id}\n`)
      response.resume()
      response.once('close', () => resolve())
    })
    request.end()
  })
}
