// Files: rsync, pushed by the side that serves with the key of the run; the helper of the receiving side lets it in only
// while that side is closed. Every pass is a whole one for now, so it needs no list of changes to be right.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { Difference, Mover, MoverAdapter, Pair, PassKind, Prepared } from '../mover.ts'
import { judgeExit, readStats, rsyncCommand, type Root } from './rsync.ts'

const schema = z.strictObject({
  kind: z.literal('files').describe('A folder tree, copied by rsync.'),
  name: z.string().optional().describe('How reports name it; the path by default.'),
  path: z.string().startsWith('/').describe('The folder, the same on both sides. It should be on a volume of its own.'),
  exclude: z.array(z.string()).default([]).describe('Patterns of rsync, relative to the path.'),
})

/** Up to this size the comparison in the freeze reads the contents too; above it metadata alone. */
const contentLimitBytes = 256 * 1024 * 1024

export const files: MoverAdapter<typeof schema> = {
  schema,
  connect: async (config) => filesMover({ path: config.path, exclude: config.exclude }),
}

function filesMover(root: Root): Mover {
  let bytes = 0
  return {
    prepare: async (pair, signal) => {
      const prepared = await prepare(root, pair, signal)
      bytes = prepared.bytes
      return prepared
    },
    sync: async (pair, kind, signal) => await push(root, pair, kind, signal),
    verify: async (pair, signal) => await compare(root, pair, bytes <= contentLimitBytes ? 'all' : 'none', signal),
    // The node opens as a whole; there is nothing about files that could be promoted, turned round or kept running.
    promote: async () => undefined,
    reverse: async () => undefined,
    release: async () => undefined,
  }
}

async function prepare(root: Root, pair: Pair, signal: AbortSignal): Promise<Prepared> {
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

/** One pass. Refused when the root is no longer what it was when it was recorded: an unmounted volume must not delete. */
async function push(root: Root, pair: Pair, kind: PassKind, signal: AbortSignal) {
  await pair.from.call({ op: 'check-roots' }, signal)
  await pair.to.call({ op: 'check-roots' }, signal)
  const began = performance.now()
  const result = await pair.from.run(rsyncCommand(root, pair.from, pair.to, kind, passName(kind)), {
    signal,
    deadlineMs: kind === 'final' ? 60_000 : 24 * 3600_000,
  })
  judgeExit(result, kind, root.path)
  await pair.to.call({ op: 'flush-roots' }, signal)
  const seconds = (performance.now() - began) / 1000
  return { ...readStats(result.stdout), remainingBytes: kind === 'final' ? 0 : null, lagSeconds: kind === 'final' ? 0 : seconds, seconds }
}

async function compare(root: Root, pair: Pair, content: 'all' | 'none', signal: AbortSignal): Promise<readonly Difference[]> {
  const request = { op: 'manifest', roots: [root.path], content }
  const [from, to] = await Promise.all([pair.from.call(request, signal), pair.to.call(request, signal)])
  if (from['digest'] === to['digest']) return []
  const lines = await Promise.all([read(pair.from, from, signal), read(pair.to, to, signal)])
  const differences = differencesOf(lines[0], lines[1])
  // Whatever the lines say: two digests that differ are never taken for equal.
  return differences.length > 0 ? differences : [{ path: root.path, what: 'has another digest, though its manifests read alike' }]
}

async function read(side: Pair['from'], answer: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<readonly string[]> {
  const result = await side.run(['cat', String(answer['file'])], { signal, deadlineMs: 60_000 })
  return result.stdout.split('\n').filter((line) => line !== '')
}

/** Lines of two manifests (docs/helper-protocol.md, `manifest`) that stand on one side only, by their path. */
export function differencesOf(from: readonly string[], to: readonly string[]): readonly Difference[] {
  const [left, right] = [new Map(from.map(keyed)), new Map(to.map(keyed))]
  const missing = [...left.keys()].filter((path) => !right.has(path)).map((path) => ({ path, what: 'is missing on the receiving side' }))
  const surplus = [...right.keys()].filter((path) => !left.has(path)).map((path) => ({ path, what: 'is only on the receiving side' }))
  const other = [...left].filter(([path, line]) => right.has(path) && right.get(path) !== line).map(([path]) => ({ path, what: 'differs' }))
  return [...missing, ...surplus, ...other]
}

/** The second field of a line is the path; the first one numbers the roots that were asked for, here always one. */
function keyed(line: string): [string, string] {
  return [line.split('\t')[1] ?? line, line]
}

function passName(kind: PassKind): string {
  return `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${kind}`
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024)
}
