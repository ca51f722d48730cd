// The first copy of a tree between two real nodes of the lab, beside what people copy with: small files near and far, big
// ones far.
import path from 'node:path'
import type { LabNode } from '../lab/node.ts'
import { worldFolder } from '../lab/place.ts'
import { slowLink } from '../lab/slow-link.ts'
import { makeVolume, type Volume } from '../lab/volume.ts'
import { files } from '../src/movers/files/index.ts'
import type { Pair } from '../src/movers/mover.ts'
import { preparedPair } from '../test/support/pair.ts'
import { setScene } from '../test/support/scenario.ts'
import { giveKey } from './by-hand.ts'
import { better, type Benchmark, type Case, type Goal, type Stage } from './benchmark.ts'
import { fpsync, installOpponents, plainRsync, rclone, rcloneSeconds, type Opponent } from './opponents.ts'
import { trees, wan, wanNote } from './trees.ts'

/** Where ours copies to in a round: a file system that has never been written to. */
const mountOf = (round: number): string => `/mnt/first-${round}`
const rootOf = (round: number): string => `${mountOf(round)}/root`
/** Where the others copy to: a file system of their own, as the recorder of the target hears of all that is written to ours. */
const aside = { device: '/dev/xvdz', mount: '/mnt/aside' }

/** What is copied, and by whom beside ours. */
type Load = {
  /** The program that makes it in a folder. */
  readonly make: (folder: string) => readonly string[]
  /** The room that a copy takes. */
  readonly mib: number
  readonly names: number
  /** How many file systems ours gets, one a round, as ext4 is slow for minutes where files were deleted; one is enough where there are few files. */
  readonly fresh: number
  readonly opponents: readonly Opponent[]
}

const rounds = 3

const { files: count, meanBytes } = trees.small
const small: Load = {
  make: (folder) => ['python3', path.join(import.meta.dirname, 'trees.py'), 'make', folder, String(count), String(meanBytes)],
  mib: Math.ceil((count * (meanBytes + 4096)) / 2 ** 20),
  names: Math.ceil(count * 1.1),
  fresh: rounds,
  opponents: [plainRsync, fpsync, rclone],
}
const bigFiles = 4
const bigMiB = 512
const big: Load = {
  // Random, so that nothing is gained by compressing it or leaving holes.
  make: (folder) => ['sh', '-c', `mkdir "$1" && for n in $(seq ${bigFiles}); do head -c ${bigMiB}M /dev/urandom > "$1/$n"; done`, 'sh', folder],
  mib: bigFiles * bigMiB,
  names: 100,
  fresh: 1,
  opponents: [plainRsync],
}

let stages = 0

async function prepare(load: Load, far: boolean, signal: AbortSignal): Promise<Stage> {
  const name = `first-${stages++}`
  const mkfs = ['-N', String(load.names + 100)]
  const volumeFor = async (what: string): Promise<Volume> => await makeVolume(`${name}-${what}`, { sizeMiB: load.mib + 256, format: true, mkfs })
  const from = await volumeFor('source')
  const to = await Promise.all(Array.from({ length: load.fresh }, async (_, round) => await volumeFor(`ours-${round}`)))
  const other = await volumeFor('others')
  await from.use((folder) => load.make(`${folder}/tree`))
  const data = to.map((_, round) => ({ kind: 'files', name: `root-${round}`, path: rootOf(round) }))
  const scene = await setScene({ folder: path.join(worldFolder, name), names: false, files: 10, config: { moves: { 'web-1': { data } } } })
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await source.attach('/dev/xvdc', from)
  await target.attach(aside.device, other)
  await target.run(`mkdir ${aside.mount}`)
  for (const [round, volume] of to.entries()) {
    const device = `/dev/xvd${'cdefgh'[round] ?? ''}`
    await target.attach(device, volume)
    await mountAt(target, device, mountOf(round))
    // One tree, found in as many places.
    await mountAt(source, '/dev/xvdc', mountOf(round))
  }
  const { close, ...pair } = await preparedPair(scene, 'web-1')
  await source.run(`mv ${mountOf(0)}/tree ${rootOf(0)}/tree && tar -C ${rootOf(0)} -cf - . | wc -c`, { deadlineMs: 120_000 })
  await giveKey(scene, source)
  installOpponents(source)
  const link = far ? await slowLink([source.address], [target.address], wan) : null
  signal.throwIfAborted()
  const ends: Ends = { source, target, mkfs: mkfs.join(' '), wanted: await filesIn(source, `${rootOf(0)}/tree`) }
  let round = 0
  return {
    contestants: {
      ours: async (until) => await ours(pair, ends, round++ % load.fresh, until),
      ...Object.fromEntries(load.opponents.map((opponent) => [opponent.name, async () => await theirs(opponent, ends)])),
    },
    close: async () => {
      await link?.restore()
      await close()
      await scene.stop()
      await Promise.all([from, other, ...to].map(async (volume) => await volume.remove()))
    },
  }
}

async function mountAt(node: LabNode, device: string, at: string): Promise<void> {
  await node.run(`mkdir -p ${at} && mount ${device} ${at} && mkdir -p ${at}/root`)
}

type Ends = { readonly source: LabNode; readonly target: LabNode; readonly mkfs: string; readonly wanted: number }

/** Seconds of a mover that has looked at both ends and the way before. */
async function ours(pair: Pair, ends: Ends, round: number, signal: AbortSignal): Promise<number> {
  const root = rootOf(round)
  const mover = await files.connect({ kind: 'files', path: root, exclude: [] })
  const { said } = await mover.prepare(pair, signal)
  const { seconds } = await mover.sync(pair, 'first', signal, () => undefined)
  process.stderr.write(`${said ?? ''}\n`)
  const folder = `${mountOf(round)}/copy`
  await ends.target.run(`mv ${root}/tree ${folder}`)
  await judge('ours', folder, ends)
  // Its memory goes back, so that no copy finds less of it than another.
  await ends.target.run(`rm -r ${folder} && fstrim ${mountOf(round)}`)
  return seconds
}

/** Until it lies on the disk, as ours does when it answers. */
async function theirs({ name, command }: Opponent, ends: Ends): Promise<number> {
  const { source, target, mkfs } = ends
  await target.run(`umount -q ${aside.mount}; mkfs.ext4 -q -F -m 0 ${mkfs} ${aside.device} && mount ${aside.device} ${aside.mount}`)
  const began = performance.now()
  await source.run(command(`${rootOf(0)}/tree`, target.address, aside.mount), { deadlineMs: 600_000 })
  await target.run(`sync -f ${aside.mount}`)
  const seconds = (performance.now() - began) / 1000
  if (name !== rclone.name || seconds < rcloneSeconds) await judge(name, aside.mount, ends)
  return seconds
}

/** A copy that lacks files counts for nothing. */
async function judge(who: string, folder: string, { target, wanted }: Ends): Promise<void> {
  const found = await filesIn(target, folder)
  if (found !== wanted) throw new Error(`${who} copied ${found} of ${wanted} files.`)
}

async function filesIn(node: LabNode, folder: string): Promise<number> {
  return Number(await node.run(`find ${folder} -type f | wc -l`, { deadlineMs: 60_000 }))
}

const how =
  'From the first word to the last byte on the disk of the target, which is a fresh file system in memory; that of the others has no recorder. Ours has looked at both ends and measured the way before, which takes one to three seconds more. Of fpsync and rclone all counts, their start and the list that fpsync makes first, too. rclone checks no contents here, and copies no owners, modes, links or attributes.'
function copies(name: string, load: Load, far: boolean, goals: readonly Goal[], notes: string): Case {
  return {
    name,
    unit: 's',
    rounds,
    quick: !far,
    goals,
    notes: `${notes}${far ? ` ${wanNote}` : ''}`,
    prepare: async (signal) => await prepare(load, far, signal),
  }
}

/** Why a goal is missed, as of the last full run. */
const near = 'Ours sends with `nice` and `ionice -c 3`, on the two cores on which the target receives, too; its rounds took 4.21, 4.28 and 4.29 s.'
const distant =
  'Of the time of ours about 0.7 s are round trips of 40 ms: ssh logs in, rsync begins (a second list on each of its four connections made it 0.6 to 0.8 s longer, a third another 0.8 to 1.0 s). In the rest both cores are busy, most of it in the kernel, making files.'

const rivals = [better(2, fpsync.name), better(5, rclone.name)]

export const smallFiles: Benchmark = {
  name: 'small-files',
  says: 'How long the first copy of 40,000 small files takes.',
  cases: [
    copies('lan', small, false, [better(0.95, plainRsync.name), ...rivals], `${how} ${near}`),
    copies(
      'wan',
      small,
      true,
      [better(1.3, plainRsync.name), ...rivals],
      `${how} ${distant} rclone is stopped after ${rcloneSeconds} s, wherever it is then: what stands there is the least that it takes.`,
    ),
  ],
}

const bytes = bigFiles * bigMiB * 2 ** 20
const share = 0.9
const limit = bytes / wan.bytesPerSecond / share

export const bigFilesWan: Benchmark = {
  name: 'big-files-wan',
  says: 'How long the first copy of 2 GiB in four files takes at 40 ms.',
  cases: [
    copies(
      'wan',
      big,
      true,
      [better(2, plainRsync.name), { opponent: null, text: `<=${limit.toFixed(2)} (${share * 100} % of the link)`, holds: (seconds) => seconds <= limit }],
      how,
    ),
  ],
}
