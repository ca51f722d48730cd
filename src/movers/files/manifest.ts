// Both sides side by side: manifests that their helpers write (docs/helper-protocol.md, `manifest`), never what rsync
// believes. Of two manifests only the lines of buckets that differ are fetched.
import { z } from 'zod'
import type { Difference, Pair, Side } from '../mover.ts'
import { isNamed, readList, type NamesRead } from './recorder.ts'
import type { Root } from './rsync.ts'
import { sameNumbers } from './system/accounts.ts'

/** What is looked at: everything, or names with the folders above them. */
export type Scope = { readonly kind: 'everything' } | { readonly kind: 'names'; readonly names: readonly string[] }

const answer = z.object({ digest: z.string(), entries: z.number(), file: z.string(), sums: z.string() })
type Written = z.infer<typeof answer>
export type Manifests = { readonly equal: boolean; readonly entries: number; readonly written: readonly [Written, Written] }

const bucketCount = 1 << 16
/** More lines than these are not fetched. */
const linesAtMost = 100_000

/** `remember`: there is time to flush both sides, so that contents which are read now need not be read again. */
export async function writeManifests(root: Root, pair: Pair, scope: Scope, remember: boolean, signal: AbortSignal): Promise<Manifests> {
  const names = scope.kind === 'names' ? { listed: true, names: Buffer.from(scope.names.join('\0'), 'latin1').toString('base64') } : {}
  const owners = await root.system?.owners(pair, signal)
  const write = async (side: Side) => {
    // Both are written with the numbers of the target.
    const { users, groups } = side.name === 'source' && owners !== undefined ? owners : sameNumbers
    const system = owners === undefined ? {} : { users: Object.fromEntries(users), groups: Object.fromEntries(groups), timelessFolders: true }
    return answer.parse(await side.call({ op: 'manifest', root: root.path, content: true, remember, ...names, ...system }, signal))
  }
  const [from, to] = await Promise.all([write(pair.from), write(pair.to)])
  return { equal: from.digest === to.digest, entries: from.entries, written: [from, to] }
}

/** What two manifests tell differently, but not what is in `named` by any of its names. Null: too much to tell. */
export async function differencesIn(
  { equal, written }: Manifests,
  root: Root,
  pair: Pair,
  named: NamesRead | null,
  signal: AbortSignal,
): Promise<readonly Difference[] | null> {
  if (equal) return []
  const sides = [
    { side: pair.from, manifest: written[0] },
    { side: pair.to, manifest: written[1] },
  ] as const
  const [left, right] = await Promise.all(sides.map(async ({ side, manifest }) => await readList(side, { file: manifest.sums, count: 1 }, signal)))
  const buckets = differing(left ?? Buffer.alloc(0), right ?? Buffer.alloc(0), named)
  const lines = await Promise.all(sides.map(async ({ side, manifest }) => await linesOf(side, manifest.file, buckets, signal)))
  const [from, to] = [lines[0] ?? null, lines[1] ?? null]
  if (from === null || to === null) return null
  const found = differencesOf(from, to, pair.to.name)
  // Whatever the lines say: two digests that differ are never taken for equal.
  if (found.length === 0) return [{ path: root.path, what: 'has another digest, though its manifests read alike' }]
  const isExcused = named === null ? () => false : excuse(named, [...from, ...to])
  return found.filter(({ path }) => !isExcused(path)).map(({ path, what }) => ({ path: Buffer.from(path, 'latin1').toString('utf8'), what }))
}

/** A bit for each bucket whose sums differ, and where names are of files with several ones those of the names: which file it is stands in their lines. */
function differing(left: Buffer, right: Buffer, named: NamesRead | null): string {
  const wanted = Buffer.alloc(bucketCount / 8)
  const want = (at: number): void => void (wanted[at >> 3] = (wanted[at >> 3] ?? 0) | (1 << (at & 7)))
  for (let at = 0; at < bucketCount; at++) if (!left.subarray(8 * at, 8 * at + 8).equals(right.subarray(8 * at, 8 * at + 8))) want(at)
  if (named?.linked === true) for (const name of named.there) want(bucketOf(quoted(name)))
  return wanted.toString('base64')
}

/** FNV-1a of 32 bits over the path as it is written, its lowest 16 bits. */
export function bucketOf(path: string): number {
  let hash = 0x81_1c_9d_c5
  for (let at = 0; at < path.length; at++) hash = Math.imul(hash ^ path.charCodeAt(at), 0x01_00_01_93)
  return (hash >>> 0) % bucketCount
}

/** Null: there are too many. */
async function linesOf(side: Side, manifest: string, buckets: string, signal: AbortSignal): Promise<readonly string[] | null> {
  const told = await side.call({ op: 'manifest-lines', file: manifest, buckets, limit: linesAtMost }, signal)
  const { file, count } = z.object({ file: z.string(), count: z.number() }).parse(told)
  if (count > linesAtMost) return null
  const text = (await readList(side, { file, count }, signal)).toString('latin1')
  return text.split('\n').filter((line) => line !== '')
}

/** Lines of two manifests that stand on one side only, by their path, which is as it was written: each character is one byte. */
export function differencesOf(from: readonly string[], to: readonly string[], receiver: Side['name']): readonly Difference[] {
  const [left, right] = [byPath(from), byPath(to)]
  const missing = [...left.keys()].filter((path) => !right.has(path)).map((path) => ({ path, what: `is missing on the ${receiver}` }))
  const surplus = [...right.keys()].filter((path) => !left.has(path)).map((path) => ({ path, what: `is only on the ${receiver}` }))
  const other = [...left].filter(([path, line]) => right.has(path) && right.get(path) !== line).map(([path]) => ({ path, what: 'differs' }))
  return [...missing, ...surplus, ...other]
}

/** Lines by their path, without those that say that nothing is there. */
function byPath(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.flatMap((line) => {
      const [, path = line, kind] = line.split('\t')
      return kind === '-' ? [] : [[path, line]]
    }),
  )
}

/** Whether a path was named, or another name of the same file, on either side. */
function excuse(named: NamesRead, lines: readonly string[]): (path: string) => boolean {
  const firsts = new Map<string, Set<string>>()
  for (const line of lines) {
    const [, path = '', kind, , , , , , first = ''] = line.split('\t')
    if (kind === 'h') firsts.set(path, (firsts.get(path) ?? new Set()).add(first))
  }
  const firstsOf = (path: string): readonly string[] => [path, ...(firsts.get(path) ?? [])]
  const touched = new Set([...named.there, ...named.gone].flatMap((name) => firstsOf(quoted(name))))
  return (path) => firstsOf(path).some((each) => touched.has(each) || isNamed(unquoted(each), named))
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': String.raw`\n`, '\t': String.raw`\t`, '\r': String.raw`\r` }
const plain: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(escapes).map(([character, escape]) => [escape, character]))

/** A name as manifests write it: on one line and in one field. */
export function quoted(name: string): string {
  return name.replaceAll(/[\\\n\t\r]/g, (character) => escapes[character] ?? character)
}

export function unquoted(path: string): string {
  return path.replaceAll(/\\[\\ntr]/g, (escape) => plain[escape] ?? escape)
}
