// Before the first pass: tools, folder, space, and what a pass will have to look at.
import { LifeboatError } from '../../core/errors.ts'
import type { Pair, Prepared } from '../mover.ts'
import type { Root } from './rsync.ts'

export async function prepare(root: Root, pair: Pair, signal: AbortSignal): Promise<Prepared> {
  for (const side of [pair.from, pair.to]) {
    const rsync = await side.run(['rsync', '--version'], { signal })
    if (rsync.exitCode !== 0) throw new LifeboatError('node-tool-missing', `rsync is not installed on the ${side.name} ${side.address}.`)
  }
  const here = await pair.from.run(['sh', '-c', 'test -d "$1" && find "$1" -xdev | wc -l && du -sxB1 "$1" | cut -f1', 'sh', root.path], {
    signal,
    deadlineMs: 600_000,
  })
  const [entries, bytes] = here.stdout.trim().split('\n').map(Number)
  if (here.exitCode !== 0 || entries === undefined || bytes === undefined)
    throw new LifeboatError('sync-failed', `${root.path} is not a folder on the ${pair.from.name}.`)
  const there = await pair.to.run(['sh', '-c', 'mkdir -p "$1" && df -B1 --output=avail,used "$1" | tail -1', 'sh', root.path], { signal })
  const [free = 0, used = 0] = there.stdout.trim().split(/\s+/).map(Number)
  if (free + used < bytes) {
    throw new LifeboatError('disk-too-small', `${root.path} holds ${mib(bytes)} MiB; the target's disk offers ${mib(free + used)} MiB.`, {
      details: { bytes, free },
    })
  }
  return { files: entries, bytes, warnings: [] }
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024)
}
