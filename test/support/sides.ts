// The two nodes of a move as they are, asked without the controller.
import path from 'node:path'
import type { LabNode } from '../../lab/node.ts'
import type { ShopNode } from '../../lab/shop/nodes.ts'
import type { Traffic } from '../../lab/traffic.ts'
import { openSsh } from '../../src/io/ssh.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { openChannel, type Answer, type Request } from '../../src/nodes/channel.ts'
import type { Scene } from './scenario.ts'

/** The side whose shop runs: exactly one, else this fails. Singletons must be there and nowhere else, or nowhere. */
export async function oneSideServes(scene: Scene, name: ShopNode): Promise<'source' | 'target'> {
  const [source, target] = await Promise.all([scene.source(name), scene.target(name)].map(async (node) => await unitsOf(node)))
  const serving = (['source', 'target'] as const).filter((side) => (side === 'source' ? source : target)?.shop === 'active')
  const [side] = serving
  const other = side === 'source' ? target : source
  if (side === undefined || serving.length === 2 || other?.cron === 'active')
    throw new Error(`Source: shop ${source?.shop}, cron ${source?.cron}; target: shop ${target?.shop}, cron ${target?.cron}.`)
  return side
}

async function unitsOf(node: LabNode): Promise<{ readonly shop: string; readonly cron: string }> {
  if (node.power() !== 'on') return { shop: 'off', cron: 'off' }
  const { stdout } = await node.attempt('systemctl is-active shop.service shop-cron.timer')
  const [shop = '', cron = ''] = stdout.split('\n')
  return { shop, cron }
}

export type HelperLine = { readonly call: (request: Request) => Promise<Answer>; readonly close: () => Promise<void> }

/** A line to the helper of a node, as a controller has one, but beside it. */
export async function speakTo(scene: Scene, node: LabNode, move = 'web-1'): Promise<HelperLine> {
  const target = { alias: node.name, address: node.address, port: 22, user: 'root', keyFile: scene.keyFile, agent: null, jump: null, sudo: false }
  const ssh = openSsh(target, { knownHosts: path.join(scene.folder, 'known_hosts'), socketFolder: process.env['XDG_RUNTIME_DIR'] ?? '/run' })
  const channel = openChannel(ssh, move)
  return {
    call: async (request) => await channel.call(request, AbortSignal.timeout(30_000), 25_000),
    close: async () => {
      channel.close()
      await ssh.close()
    },
  }
}

/** Waits until a source that was given up has heard so from the target. */
export async function untilHeard(scene: Scene, target: LabNode): Promise<void> {
  const heard = async () => {
    const line = await speakTo(scene, target)
    const { succeeding } = await line.call({ op: 'hello' })
    await line.close()
    return succeeding === 0 ? true : null
  }
  await waitUntil(heard, { what: 'That the source has heard', deadlineMs: 120_000, everyMs: 200, signal: AbortSignal.timeout(130_000) })
}

/** The requests that failed, with what happened in words: empty is what every scenario wants. */
export function failedRequests(traffic: Traffic): readonly string[] {
  return traffic
    .read()
    .filter((sample) => sample.outcome === 'failed')
    .map(({ at, ms, kind, connection, address, status, error }) => {
      return `${new Date(at).toISOString()} +${ms} ms ${kind} ${connection} ${address ?? '-'}: ${status ?? error ?? '-'}`
    })
}

/** Waits until every customer who asked before now has an answer, or has given up. */
export async function allAnswered(traffic: Traffic, requestsPerSecond: number): Promise<void> {
  const until = Date.now()
  const answered = async () => {
    const ended = traffic.read().filter(({ at }) => at < until)
    const due = ((until - Math.min(...ended.map(({ at }) => at))) * requestsPerSecond) / 1000
    return await Promise.resolve(ended.length >= Math.floor(due) ? true : null)
  }
  await waitUntil(answered, { what: 'An answer for everybody', deadlineMs: 60_000, everyMs: 200, signal: AbortSignal.timeout(90_000) })
}

/** The longest time for which the node held clients in one attempt, by its own words. */
export async function longestHoldMs(node: LabNode): Promise<number> {
  const said = (await node.attempt('cat /var/lib/lifeboat/*/journal.jsonl')).stdout.split('\n').filter(Boolean)
  let [since, longest] = [0, 0]
  for (const line of said) {
    const { event, upMs } = JSON.parse(line) as { readonly event: string; readonly upMs: number }
    if (event === 'holdbegun') since = upMs
    if (event === 'unhold' || event === 'release') longest = Math.max(longest, upMs - since)
  }
  return longest
}

/**
 * Whatever of ours stands on a node: files, units, processes of a unit, rules, keys. A unit without file and life is only a
 * name that systemd has yet to forget.
 */
export async function tracesOn(node: LabNode): Promise<string[]> {
  const look = `find /etc/systemd /run/systemd/system /etc/sysctl.d -name '*lifeboat*'; ls -d /var/lib/lifeboat /run/lifeboat* 2>/dev/null
    systemctl list-units --all --plain --no-legend 'lifeboat*' | awk '$2 $3 != "not-foundinactive" { print "unit " $1, $2, $3, $4 }'
    find /sys/fs/cgroup -maxdepth 2 -name 'lifeboat-*' -printf 'cgroup %f\\n'
    nft list tables | grep lifeboat; iptables-save 2>/dev/null | grep -i lifeboat; grep -h lifeboat /root/.ssh/authorized_keys | cut -d' ' -f1-2; true`
  return (await node.run(look))
    .split('\n')
    .filter((line) => line !== '' && !line.includes('lifeboat-lab-'))
    .sort()
}
