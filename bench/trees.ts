// Two real nodes of the lab with the same large trees on both sides, and a real mover between them: what the benchmarks
// of data are run on. Source and target share the cores and the memory of one machine, so figures are protocol, CPU and
// file system, not disks.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { LabNode } from '../lab/node.ts'
import { worldFolder } from '../lab/place.ts'
import { slowLink } from '../lab/slow-link.ts'
import { copyVolume, makeVolume, type Volume } from '../lab/volume.ts'
import { files } from '../src/movers/files/index.ts'
import type { Mover, Pair } from '../src/movers/mover.ts'
import { preparedPair } from '../test/support/pair.ts'
import { setScene, type Scene } from '../test/support/scenario.ts'
import { endWarm } from '../test/support/weather.ts'
import { giveKey } from './by-hand.ts'

export type TreeSpec = { readonly files: number; readonly meanBytes: number }
/** The trees of the facts that the goals rest on: 322 MB, 1.6 GB, 0.9 GB. */
export const trees = {
  small: { files: 40_000, meanBytes: 8000 },
  middle: { files: 200_000, meanBytes: 8000 },
  large: { files: 1_000_000, meanBytes: 900 },
} as const satisfies Record<string, TreeSpec>

/** 20 ms each way, 1 Gbit/s in each direction. */
export const wan = { delayMs: 20, bytesPerSecond: 125_000_000 }
export const wanNote = '40 ms there and back, 1 Gbit/s: a relay in user space, so without loss and without the slow start of TCP.'

export type GrownTree = {
  readonly path: string
  readonly mover: Mover
  /** Changes so many files on the source, others each time. */
  readonly change: (count: number) => Promise<void>
  /** Both sides are equal and the mover knows it, whoever has copied before. */
  readonly settle: (signal: AbortSignal) => Promise<void>
  /** Seconds that rsync takes with these options, from the source to the target, with an ordinary key. */
  readonly plain: (options: readonly string[]) => Promise<number>
}

export type Grove = { readonly pair: Pair; readonly trees: readonly GrownTree[]; readonly close: () => Promise<void> }

const script = path.join(import.meta.dirname, 'trees.py')
let groves = 0

/** Opens a world for these trees; `far`: over a slow link, from when it is open. */
export async function growTrees(specs: readonly TreeSpec[], far: boolean): Promise<Grove> {
  const name = `grove-${groves++}`
  const placed = specs.map((spec, index) => ({ spec, device: `/dev/xvd${'cd'[index] ?? ''}`, mount: `/mnt/tree-${index}`, volume: `${name}-${index}` }))
  const data = placed.map(({ mount }) => ({ kind: 'files', name: path.basename(mount), path: `${mount}/root` }))
  const scene = await setScene({ folder: path.join(worldFolder, name), names: false, files: 10, config: { moves: { 'web-1': { data } } } })
  const ends: (() => Promise<void>)[] = [scene.stop]
  const close = async (): Promise<void> => {
    for (const end of ends) await end()
  }
  try {
    const [source, target] = [scene.source('web-1'), scene.target('web-1')]
    for (const { spec, device, mount, volume } of placed) {
      const [from, to] = await twins(volume, spec)
      ends.push(from.remove, to.remove)
      await mountOn(source, from, device, mount)
      await mountOn(target, to, device, mount)
    }
    const { close: closePair, ...pair } = await preparedPair(scene, 'web-1')
    ends.unshift(closePair)
    // Afterwards, so that the passes of the move itself have nothing to read.
    for (const node of [source, target]) for (const { mount } of placed) await node.run(`mv ${mount}/tree ${mount}/root/tree`)
    await giveKey(scene, source)
    if (far) {
      ends.unshift((await slowLink([source.address], [target.address], wan)).restore)
      await endWarm(source)
    }
    return { pair, trees: await Promise.all(placed.map(async ({ spec, mount }) => await grown(spec, `${mount}/root`, pair, scene))), close }
  } catch (error) {
    // What comes after a case that failed finds the addresses free.
    await close()
    throw error
  }
}

async function mountOn(node: LabNode, volume: Volume, device: string, mount: string): Promise<void> {
  await node.attach(device, volume)
  await node.run(`mkdir -p ${mount} && mount ${device} ${mount} && mkdir ${mount}/root`)
}

/** The same fresh file system for each side: ext4 is slow for minutes where files were deleted. Small blocks, or a million small files would not fit in memory twice. */
async function twins(name: string, { files: count, meanBytes }: TreeSpec): Promise<readonly [Volume, Volume]> {
  const blocks = meanBytes < 4096 ? ['-b', '1024'] : []
  const mib = Math.ceil((count * (meanBytes + 4096)) / 2 ** 20) + 512
  const from = await makeVolume(name, { sizeMiB: mib, format: true, mkfs: [...blocks, '-N', String(Math.ceil(count * 1.2 + 50_000))] })
  await from.use((folder) => ['python3', script, 'make', `${folder}/tree`, String(count), String(meanBytes)])
  return [from, await copyVolume(name, `${name}-twin`)]
}

async function grown(spec: TreeSpec, root: string, pair: Pair, scene: Scene): Promise<GrownTree> {
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const mover = await files.connect({ kind: 'files', path: root, exclude: [] })
  const ssh = 'ssh -c aes128-gcm@openssh.com'
  let round = 0
  return {
    path: root,
    mover,
    change: async (count) => {
      const words = ['change', `${root}/tree`, spec.files, count, round++].join(' ')
      await source.run(`python3 - ${words}`, { input: readFileSync(script, 'utf8'), deadlineMs: 120_000 })
    },
    settle: async (signal) => {
      // Twice: what the first one finds out, the second one goes by.
      for (let pass = 0; pass < 2; pass++) await mover.sync(pair, 'repeat', signal, () => undefined)
    },
    plain: async (options) => {
      const began = performance.now()
      await source.run(`rsync ${options.join(' ')} -e '${ssh}' ${root}/tree/ root@${target.address}:${root}/tree/`, { deadlineMs: 600_000 })
      return (performance.now() - began) / 1000
    },
  }
}
