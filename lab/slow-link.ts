// Makes the link between the old and the new provider slow and far, or the way to the old one ill. Connections that are open stay as they are: only a
// flow's first packet goes through the router's rules.
import { run } from './command.ts'
import type { LabNode } from './node.ts'
import { startRelay, type Link, type Relay } from './relay.ts'

/** Ports that are slow. ssh is what everything of the product travels through; the others are what the lab serves. */
const ports = [22, 80, 443, 3306, 5432, 6379]
/** Where relays listen on the router, and the addresses of its own from which they connect. */
const firstPort = 20_000
const standIns = '192.0.2.2'
const table = 'lab_slow_link'
const slowTable = 'lab_slow_data'
const arrivesWithinMs = 20_000
/** From which relays that stand in for everybody connect. */
const ourselves = '192.0.2.199'

export type SlowLink = { readonly restore: () => Promise<void> }

/** Both directions between these nodes; each keeps its own address towards the other. */
export async function slowLink(old: readonly string[], fresh: readonly string[], link: Link): Promise<SlowLink> {
  const wires = { there: { freeAt: 0 }, back: { freeAt: 0 } }
  const pairs = [
    ...old.flatMap((source) => fresh.map((target) => ({ source, target, wires }))),
    ...fresh.flatMap((source) => old.map((target) => ({ source, target, wires: { there: wires.back, back: wires.there } }))),
  ]
  const sources = [...new Set(pairs.map(({ source }) => source))]
  const standIn = (source: string) => `${standIns}${String(sources.indexOf(source)).padStart(2, '0')}`
  for (const source of sources) await run('ip', ['addr', 'replace', `${standIn(source)}/32`, 'dev', 'operator'])
  const relays: Relay[] = []
  const redirects: string[] = []
  for (const { source, target, wires: shared } of pairs) {
    for (const port of ports) {
      const listen = { address: '0.0.0.0', port: firstPort + relays.length }
      relays.push(await startRelay({ link, wires: shared, listen, to: { address: target, port }, from: standIn(source) }))
      // Only what opens a connection: the first packet that the rules see of an open one would count as new, too.
      redirects.push(`ip saddr ${source} ip daddr ${target} tcp dport ${port} tcp flags & (fin | syn | rst | ack) == syn redirect to :${listen.port}`)
    }
  }
  await nft(`table ip ${table} {
  chain prerouting { type nat hook prerouting priority dstnat; ${redirects.join('; ')}; }
  chain postrouting { type nat hook postrouting priority srcnat; ${sources.map((source) => `ip saddr ${standIn(source)} snat to ${source}`).join('; ')}; }
}`)
  return {
    restore: async () => {
      await nft(`delete table ip ${table}`)
      await Promise.all(relays.map(async (relay) => await relay.stop()))
    },
  }
}

/**
 * Whoever opens a connection to these nodes, from wherever, has it at once; what is then sent over it takes its time. The way
 * a device that is overloaded treats flows, and nothing that a ping shows.
 */
export async function slowData(nodes: readonly LabNode[], link: Link): Promise<SlowLink> {
  await run('ip', ['addr', 'replace', `${ourselves}/32`, 'dev', 'operator'])
  const relays: { readonly node: LabNode; readonly relay: Relay }[] = []
  const redirects: string[] = []
  for (const node of nodes) {
    for (const port of ports) {
      const listen = { address: '0.0.0.0', port: 0 }
      const relay = await startRelay({ link, listen, to: { address: node.address, port }, from: ourselves })
      relays.push({ node, relay })
      redirects.push(
        `ip saddr != ${ourselves} ip daddr ${node.address} tcp dport ${port} tcp flags & (fin | syn | rst | ack) == syn redirect to :${relay.port}`,
      )
    }
  }
  await nft(`table ip ${slowTable} {
  chain prerouting { type nat hook prerouting priority dstnat; ${redirects.join('; ')}; }
  chain output { type nat hook output priority -100; ${redirects.join('; ')}; }
}`)
  // Nobody takes connections in the name of a node that is off.
  const stopped = new Map<Relay, Promise<void>>()
  const stop = async (relay: Relay): Promise<void> => {
    if (!stopped.has(relay)) stopped.set(relay, relay.stop())
    await stopped.get(relay)
  }
  const timer = setInterval(() => {
    for (const { node, relay } of relays) if (node.power() === 'off') void stop(relay)
  }, 100)
  return {
    restore: async () => {
      clearInterval(timer)
      await nft(`delete table ip ${slowTable}`)
      // What is on the way still arrives.
      setTimeout(() => void Promise.all(relays.map(async ({ relay }) => await stop(relay))), arrivesWithinMs).unref()
    },
  }
}

async function nft(rules: string): Promise<void> {
  await run('nft', ['-f', '-'], { input: `${rules}\n` })
}
