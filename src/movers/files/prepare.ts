// Before the first pass: what both ends can do, folder, space, the way between them, and what a pass will have to look at.
import { z } from 'zod'
import { LifeboatError, messageOf } from '../../core/errors.ts'
import type { Pair, Prepared, Side } from '../mover.ts'
import { abilityScript, readAbility, shortcomings, type Ability } from './ability.ts'
import { lacking, readMounts } from './mounts.ts'
import type { Root } from './rsync.ts'
import { betterOf, chooseWay, describeWay, forecastSeconds, isDoubtful, type Measured, type Way } from './way.ts'

type Ends = { readonly from: Ability; readonly to: Ability }

export type Survey = {
  readonly prepare: (pair: Pair, signal: AbortSignal) => Promise<Prepared>
  /** How a pass of this direction travels. Without a `prepare` before it nothing is known of the way: one connection. */
  readonly wayOf: (pair: Pair, signal: AbortSignal) => Promise<Way>
}

/** What was found out about one direction is kept for as long as this process lives. */
export function surveyOf(root: Root): Survey {
  const ends = new Map<string, Ends>()
  const measured = new Map<string, Measured | string>()
  const holes = new Map<string, boolean>()
  const endsOf = async (pair: Pair, signal: AbortSignal): Promise<Ends> => {
    const known = ends.get(pair.from.name) ?? { from: await abilityOf(pair.from, signal), to: await abilityOf(pair.to, signal) }
    ends.set(pair.from.name, known)
    return known
  }
  const wayOf = async (pair: Pair, signal: AbortSignal): Promise<Way> => {
    const { from, to } = await endsOf(pair, signal)
    const way = measured.get(pair.from.name)
    const limits = [root.linkMbps, pair.linkMbps].filter((each) => each !== undefined)
    return {
      ...chooseWay(from, to, typeof way === 'object' ? way : null, limits.length === 0 ? null : Math.min(...limits)),
      holes: holes.get(pair.from.name) ?? true,
    }
  }
  return {
    wayOf,
    prepare: async (pair, signal) => {
      const { from, to } = await endsOf(pair, signal)
      const size = await sizeOf(root, pair.from, signal)
      holes.set(pair.from.name, size.holed > 0)
      const there = await spaceOf(root, pair.to, size, signal)
      const found = measured.get(pair.from.name) ?? (await probe(pair, from.aes && to.aes, signal))
      measured.set(pair.from.name, found)
      const [link, unknown] = typeof found === 'object' ? [found, []] : [null, [found]]
      const [way, forecast] = [await wayOf(pair, signal), forecastSeconds(size.files, size.bytes, link)]
      const warnings = [
        ...shortcomings(from, nameOf(pair.from)),
        ...shortcomings(to, nameOf(pair.to)),
        ...lacking(there, nameOf(pair.to)),
        ...size.mounts.below.map((at) => `${at} on the ${nameOf(pair.from)} is another file system; it is not copied with ${root.path}.`),
        ...unknown,
      ]
      const said = describeWay(way, link, forecast)
      return { files: size.files, bytes: size.bytes, warnings, said, figures: { way, link, forecastSeconds: forecast } }
    },
  }
}

function nameOf(side: Side): string {
  return `${side.name} ${side.address}`
}

async function abilityOf(side: Side, signal: AbortSignal): Promise<Ability> {
  return readAbility((await side.run(['sh', '-c', abilityScript], { signal })).stdout, nameOf(side))
}

type Size = { readonly files: number; readonly holed: number; readonly bytes: number; readonly mounts: ReturnType<typeof readMounts> }

/** Names, those of files that take less room than they are long, bytes on the disk, and the mounts around the root. */
async function sizeOf(root: Root, side: Side, signal: AbortSignal): Promise<Size> {
  const count = `awk '{ names++; holed += $1 == "f" && $2 * 512 < $3 } END { print names + 0; print holed + 0 }'`
  const script = `cd -- "$1" && pwd -P && find . -xdev -printf '%y %b %s\\n' | ${count} && du -sxB1 . | cut -f1 && cat /proc/self/mounts`
  const { exitCode, stdout } = await side.run(['sh', '-c', script, 'sh', root.path], { signal, deadlineMs: 600_000 })
  const [place = '', files, holed, bytes, ...mounts] = stdout.split('\n')
  if (exitCode !== 0 || files === undefined || bytes === undefined) throw new LifeboatError('sync-failed', `${root.path} is not a folder on the ${side.name}.`)
  return { files: Number(files), holed: Number(holed), bytes: Number(bytes), mounts: readMounts(mounts.join('\n'), place) }
}

/** Fails with disk-too-small: what is used there already may be from an earlier copy. Answers the mounts around the root. */
async function spaceOf(root: Root, side: Side, size: Size, signal: AbortSignal): Promise<ReturnType<typeof readMounts>> {
  const script = 'mkdir -p "$1" && cd -- "$1" && pwd -P && df -B1 --output=avail,used,iavail,iused . | tail -n 1 && cat /proc/self/mounts'
  const { stdout } = await side.run(['sh', '-c', script, 'sh', root.path], { signal })
  const [place = '', figures = '', ...mounts] = stdout.split('\n')
  const [free = 0, used = 0, freeNames = 0, usedNames = 0] = figures.trim().split(/\s+/).map(Number)
  if (free + used < size.bytes) {
    throw new LifeboatError('disk-too-small', `${root.path} holds ${mib(size.bytes)} MiB; the target's disk offers ${mib(free + used)} MiB.`, {
      details: { bytes: size.bytes, free },
    })
  }
  // File systems that make inodes as they need them, btrfs among them, tell zero or a dash of both.
  if (freeNames + usedNames > 0 && freeNames + usedNames < size.files) {
    throw new LifeboatError('disk-too-small', `${root.path} holds ${size.files} names; the target's file system has room for ${freeNames + usedNames}.`, {
      details: { files: size.files, freeInodes: freeNames },
    })
  }
  return readMounts(mounts.join('\n'), place)
}

const probed = z.object({ rttMs: z.number(), bytesPerSecond: z.number() })

/** What the way does, or why that is not known: then a copy goes as over any way. */
async function probe(pair: Pair, aes: boolean, signal: AbortSignal): Promise<Measured | string> {
  const once = async (): Promise<Measured> => probed.parse(await pair.from.call({ op: 'probe', cipher: aes ? 'aes128-gcm@openssh.com' : '' }, signal))
  try {
    const first = await once()
    return isDoubtful(first) ? betterOf(first, await once()) : first
  } catch (error) {
    signal.throwIfAborted()
    return `The way from ${pair.from.address} to ${pair.to.address} was not measured: ${messageOf(error)}`
  }
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024)
}
