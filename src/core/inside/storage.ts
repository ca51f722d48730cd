// Mounts and what is on them: how large, how full, how many files, how fast they change.
import { wholeNumber, type Section } from './answer.ts'
import type { Mount } from './schema.ts'

/** Others (proc, tmpfs, cgroup, …) hold nothing that outlives a restart. */
const holdsFiles = /^(ext[234]|xfs|btrfs|zfs|jfs|reiserfs|f2fs|vfat|ntfs3?|nfs4?|cifs|smb3|ceph|glusterfs|fuse\..+)$/
const ofContainers = /^\/(var\/lib\/(docker|containers)|snap)\//

export type StorageSections = {
  readonly mounts: Section
  readonly usage: Section | undefined
  readonly changes: Section | undefined
  readonly before: Section | undefined
  readonly after: Section | undefined
}

export function readMounts({ mounts, usage, changes, before, after }: StorageSections): Mount[] {
  const kib = tableOf(usage?.rows('kib') ?? [])
  const inodes = tableOf(usage?.rows('inodes') ?? [])
  const changed = changesOf(changes?.rows('changed') ?? [])
  const rates = ratesOf(before, after)
  const mountsByPlace = new Map(
    mounts
      .rows('mount')
      .flatMap(readMount)
      .map((mount) => [mount.place, mount]),
  )
  return [...mountsByPlace.values()].map(({ place, number, ...mount }) => {
    const space = kib.get(place)
    const change = changed.get(place)
    return {
      place,
      ...mount,
      sizeMiB: mib(space?.total, 1024),
      usedMiB: mib(space?.used, 1024),
      // File systems without a table of inodes tell 0.
      files: inodes.get(place)?.used || null,
      changedFiles: change?.files ?? null,
      changedMiB: mib(change?.bytes, 1_048_576),
      writtenPerSecond: rates.get(number) ?? null,
    }
  })
}

type Mounted = { readonly place: string; readonly device: string; readonly type: string; readonly number: string }

/** One line of mountinfo; nothing when no data of the node's own lies there. */
function readMount(row: string): Mounted[] {
  const [number = '', root = '', escaped = '', type = '', source = ''] = row.split(' ')
  const place = unescaped(escaped)
  // A mount of a folder shows a file system that stands here already; btrfs and zfs mount their volumes so.
  const isWhole = root === '/' || /^(btrfs|zfs)$/.test(type)
  const holdsData = isWhole && holdsFiles.test(type) && !ofContainers.test(place)
  return place === '/' || (place.startsWith('/') && holdsData) ? [{ place, device: unescaped(source), type, number }] : []
}

function mib(value: number | undefined, perMiB: number): number | null {
  return value === undefined ? null : Math.round((value / perMiB) * 10) / 10
}

/** The kernel writes space, tab, newline and backslash of a path as octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

/** `df -P`: source, total, used, free, percent, place. */
function tableOf(rows: readonly string[]): ReadonlyMap<string, { readonly total: number; readonly used: number }> {
  return new Map(
    rows.flatMap((row): [string, { total: number; used: number }][] => {
      const [, total, used, place] = /\s(\d{1,15})\s+(\d{1,15})\s+-?\d+\s+(?:\d+%|-)\s+(\/.*)$/.exec(row) ?? []
      return place === undefined ? [] : [[place, { total: Number(total), used: Number(used) }]]
    }),
  )
}

function changesOf(rows: readonly string[]): ReadonlyMap<string, { readonly files: number; readonly bytes: number }> {
  return new Map(
    rows.flatMap((row): [string, { files: number; bytes: number }][] => {
      const [escaped = '', files, bytes] = row.split(' ')
      const [count, sum] = [wholeNumber(files), wholeNumber(bytes)]
      return count === null || sum === null ? [] : [[unescaped(escaped), { files: count, bytes: sum }]]
    }),
  )
}

/** Bytes a second for each device number, from the two readings. The kernel counts in sectors of 512 bytes. */
function ratesOf(before: Section | undefined, after: Section | undefined): ReadonlyMap<string, number> {
  const seconds = uptimeOf(after) - uptimeOf(before)
  const first = new Map((before?.rows('sectors') ?? []).map((row) => pairOf(row)))
  if (!(seconds > 0)) return new Map()
  return new Map(
    (after?.rows('sectors') ?? []).flatMap((row): [string, number][] => {
      const [device, now] = pairOf(row)
      const then = first.get(device) ?? null
      return now === null || then === null || now < then ? [] : [[device, Math.round(((now - then) * 512) / seconds)]]
    }),
  )
}

function pairOf(row: string): [string, number | null] {
  const [device = '', sectors] = row.split(' ')
  return [device, wholeNumber(sectors)]
}

/** Seconds; NaN where it was not told. */
export function uptimeOf(section: Section | undefined): number {
  return Number.parseFloat(section?.rows('uptime')[0] ?? '')
}
