// What twenty clients of a web shop notice of a switch, beside what people do without us: stop, copy, start, forward.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { worldFolder } from '../lab/place.ts'
import { lostWrites } from '../lab/traffic.ts'
import { setScene, type Scene } from '../test/support/scenario.ts'
import { giveKey } from './by-hand.ts'
import type { Benchmark, Case, Goal } from './benchmark.ts'
import { startShoppers, type Shopping } from './shoppers.ts'

const root = '/srv/shop'
const plain = 'stop, rsync, start, DNAT'
const ssh = 'ssh -o StrictHostKeyChecking=accept-new -o BatchMode=yes'

type Switched = Shopping & {
  /** From the first thing that clients could notice until the last step. */
  readonly tookMs: number
}

/** A whole move to another node while the clients go on, and back again without them. */
async function ours(scene: Scene): Promise<Switched> {
  const shoppers = startShoppers(scene.source('web-1').address)
  await lifeboat(scene, 'migrate', 'web-1')
  const shopping = await shoppers.stop()
  await nothingLost(scene, 'web-1', shopping)
  await lifeboat(scene, 'rollback', 'web-1')
  return { ...shopping, tookMs: shopping.longestMs }
}

async function lifeboat(scene: Scene, ...words: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await scene.begin(...words, '--yes', '--json')
  if (exitCode !== 0) throw new Error(`lifeboat ${words.join(' ')} ended with ${exitCode}: ${stdout.slice(-1000)}${stderr}`)
}

/** The same on the other pair of nodes, as a careful script does it: the data was copied before. */
async function theirs(scene: Scene): Promise<Switched> {
  const [source, target] = [scene.source('web-2'), scene.target('web-2')]
  for (const node of [source, target]) await giveKey(scene, node)
  const copy = `rsync -aHAX --numeric-ids --delete -e '${ssh}' ${root}/ root@`
  await source.run(`${copy}${target.address}:${root}/`)
  const shoppers = startShoppers(source.address)
  // As long as the others shop before their switch, roughly.
  await delay(5000)
  const began = performance.now()
  await source.run(`systemctl stop shop-cron.timer shop.service && ${copy}${target.address}:${root}/`)
  await target.run('systemctl start shop.service')
  await source.run(`sysctl -qw net.ipv4.ip_forward=1 && nft 'table ip plain {
    chain in { type nat hook prerouting priority -100; tcp dport 80 dnat to ${target.address}; }
    chain out { type nat hook postrouting priority 100; ip daddr ${target.address} masquerade; }
  }'`)
  const tookMs = performance.now() - began
  await delay(2000)
  const shopping = await shoppers.stop()
  await nothingLost(scene, 'web-2', shopping)
  await target.run(`systemctl stop shop.service && ${copy}${source.address}:${root}/`)
  await source.run('nft delete table ip plain && systemctl start shop.service shop-cron.timer')
  return { ...shopping, tookMs }
}

async function nothingLost(scene: Scene, move: 'web-1' | 'web-2', { acknowledged }: Shopping): Promise<void> {
  const lost = lostWrites(acknowledged, await scene.ordersOn(scene.target(move)))
  if (lost.length > 0) throw new Error(`${lost.length} of ${acknowledged.length} acknowledged orders of ${move} are lost.`)
}

function caseOf(name: string, unit: string, goal: Omit<Goal, 'opponent'>, notes: string, figure: (switched: Switched) => number): Case {
  return {
    name,
    unit,
    rounds: 3,
    quick: false,
    goals: [{ opponent: plain, ...goal }],
    notes: `${notes} Twenty clients, ten of them on kept connections, each with an order and 100 ms of rest in turn; that no acknowledged order is lost is checked in each round.`,
    prepare: async () => {
      const folder = path.join(worldFolder, `cutover-${unit}`)
      const scene = await setScene({ sources: ['web-1', 'web-2'], folder, names: false })
      return {
        contestants: { ours: async () => figure(await ours(scene)), [plain]: async () => figure(await theirs(scene)) },
        close: async () => {
          process.kill(scene.controllerPid(), 'SIGTERM')
          await scene.stop()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
  }
}

export const cutoverHttp: Benchmark = {
  name: 'cutover-http',
  says: 'What the clients of a web shop notice of a switch.',
  cases: [
    caseOf(
      'pause',
      'ms',
      { text: '<=+100 ms', holds: (mine, others) => mine <= others + 100 },
      'Ours: the longest wait of any client. Theirs: the time of their steps, in which clients are refused.',
      ({ tookMs }) => tookMs,
    ),
    caseOf('failed', 'orders', { text: '0', holds: (mine) => mine === 0 }, 'Orders that were not acknowledged.', ({ failed }) => failed),
  ],
}
