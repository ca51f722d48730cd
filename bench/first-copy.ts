// The first copy of a tree between two real nodes of the lab, beside plain rsync: small files near and far, big ones far.
import path from 'node:path'
import { worldFolder } from '../lab/place.ts'
import { slowLink } from '../lab/slow-link.ts'
import { makeVolume } from '../lab/volume.ts'
import { files } from '../src/movers/files/index.ts'
import type { Pair } from '../src/movers/mover.ts'
import { preparedPair } from '../test/support/pair.ts'
import { setScene, type Scene } from '../test/support/scenario.ts'
import { giveKey } from './by-hand.ts'
import { better, type Benchmark, type Case, type Goal, type Stage } from './benchmark.ts'
import { trees, wan, wanNote } from './trees.ts'

const mount = '/mnt/first'
const root = `${mount}/root`
const plainOptions = ['-aHAX', '--numeric-ids']
const plain = `rsync ${plainOptions.join(' ')}`

/** What is copied: a program that makes it in a folder, and how much room a copy takes. */
type Load = { readonly make: (folder: string) => readonly string[]; readonly mib: number; readonly names: number }

const { files: count, meanBytes } = trees.small
const small: Load = {
  make: (folder) => ['python3', path.join(import.meta.dirname, 'trees.py'), 'make', folder, String(count), String(meanBytes)],
  mib: Math.ceil((count * (meanBytes + 4096)) / 2 ** 20),
  names: Math.ceil(count * 1.1),
}
const bigFiles = 4
const bigMiB = 256
const big: Load = {
  // Random, so that nothing is gained by compressing it or leaving holes.
  make: (folder) => ['sh', '-c', `mkdir "$1" && for n in $(seq ${bigFiles}); do head -c ${bigMiB}M /dev/urandom > "$1/$n"; done`, 'sh', folder],
  mib: bigFiles * bigMiB,
  names: 100,
}

let stages = 0

/** `copies`: how many the target has room for. Each goes to a folder of its own: ext4 is slow for minutes where files were deleted. */
async function prepare(load: Load, copies: number, far: boolean, signal: AbortSignal): Promise<Stage> {
  const name = `first-${stages++}`
  const [from, to] = await Promise.all(
    [1, copies].map(
      async (times) => await makeVolume(`${name}-${times}`, { sizeMiB: times * load.mib + 256, format: true, mkfs: ['-N', String(times * load.names + 100)] }),
    ),
  )
  if (from === undefined || to === undefined) throw new Error('No volume was made.')
  await from.use((folder) => load.make(`${folder}/tree`))
  const data = [{ kind: 'files', name: 'root', path: root }]
  const scene = await setScene({ folder: path.join(worldFolder, name), names: false, files: 10, config: { moves: { 'web-1': { data } } } })
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  for (const [node, volume] of [
    [source, from],
    [target, to],
  ] as const) {
    await node.attach('/dev/xvdc', volume)
    await node.run(`mkdir -p ${mount} && mount /dev/xvdc ${mount} && mkdir ${root}`)
  }
  const { close, ...pair } = await preparedPair(scene, 'web-1')
  await source.run(`mv ${mount}/tree ${root}/tree && tar -C ${root} -cf - . | wc -c`, { deadlineMs: 120_000 })
  await giveKey(scene, source)
  const link = far ? await slowLink([source.address], [target.address], wan) : null
  signal.throwIfAborted()
  return {
    contestants: { ours: async (until) => await ours(pair, scene, until), [plain]: async () => await theirs(scene) },
    close: async () => {
      await link?.restore()
      await close()
      await scene.stop()
      await Promise.all([from.remove(), to.remove()])
    },
  }
}

let copy = 0

/** Seconds of a mover that has looked at both ends and the way before. */
async function ours(pair: Pair, scene: Scene, signal: AbortSignal): Promise<number> {
  const mover = await files.connect({ kind: 'files', path: root, exclude: [] })
  const { said } = await mover.prepare(pair, signal)
  const { seconds } = await mover.sync(pair, 'first', signal, () => undefined)
  process.stderr.write(`${said ?? ''}\n`)
  await scene.target('web-1').run(`mv ${root}/tree ${mount}/copy-${copy++}`)
  return seconds
}

/** Until it lies on the disk, as ours does when it answers. */
async function theirs(scene: Scene): Promise<number> {
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const ssh = 'ssh -o StrictHostKeyChecking=accept-new -o BatchMode=yes'
  const began = performance.now()
  await source.run(`rsync ${plainOptions.join(' ')} -e '${ssh}' ${root}/tree/ root@${target.address}:${mount}/copy-${copy++}/`, { deadlineMs: 600_000 })
  await target.run(`sync -f ${mount}`)
  return (performance.now() - began) / 1000
}

const how =
  'From the first word to the last byte on the disk of the target, which is a fresh file system in memory. Ours has looked at both ends and measured the way before, which takes one to three seconds more.'
const rounds = 3

function copies(name: string, load: Load, far: boolean, goals: readonly Goal[], notes: string): Case {
  return {
    name,
    unit: 's',
    rounds,
    quick: !far,
    goals,
    notes: `${notes}${far ? ` ${wanNote}` : ''}`,
    prepare: async (signal) => await prepare(load, 2 * rounds, far, signal),
  }
}

export const smallFiles: Benchmark = {
  name: 'small-files',
  says: 'How long the first copy of 40,000 small files takes.',
  cases: [copies('lan', small, false, [better(0.95, plain)], `One connection for both. ${how}`), copies('wan', small, true, [better(1.3, plain)], how)],
}

const bytes = bigFiles * bigMiB * 2 ** 20
const share = 0.9
const limit = bytes / wan.bytesPerSecond / share

export const bigFilesWan: Benchmark = {
  name: 'big-files-wan',
  says: 'How long the first copy of 1 GiB in four files takes at 40 ms.',
  cases: [
    copies(
      'wan',
      big,
      true,
      [better(2, plain), { opponent: null, text: `<=${limit.toFixed(2)} (${share * 100} % of the link)`, holds: (seconds) => seconds <= limit }],
      how,
    ),
  ],
}
