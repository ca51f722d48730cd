// Both sides side by side: manifests that their helpers write, never what rsync believes.
import type { Difference, Pair } from '../mover.ts'
import type { Root } from './rsync.ts'

export async function compare(root: Root, pair: Pair, content: 'all' | 'none', signal: AbortSignal): Promise<readonly Difference[]> {
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
