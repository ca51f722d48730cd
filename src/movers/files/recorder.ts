// What the recorders of both sides tell: the names that changed since the last pass that made the sides equal.
import { z } from 'zod'
import { codeOf } from '../../core/errors.ts'
import type { Pair, Side } from '../mover.ts'
import { trimmed, type Root } from './rsync.ts'

/** A place in the journal of a recorder: what has no higher number has happened before it. */
export type Mark = { readonly epoch: string; readonly sequence: number }

/** Up to these marks both sides are known to be equal. */
export type Point = Readonly<Record<Side['name'], Mark>>

/** Names in a file on a side, NUL-separated and relative to the root. */
export type Names = { readonly file: string; readonly count: number }

/** What differs at most: names that are there on the giving side, and names that are gone there; or why that is not known. */
export type Changes =
  | { readonly kind: 'listed'; readonly there: Names; readonly gone: Names; readonly point: Point }
  | { readonly kind: 'unknown'; readonly why: string; readonly point: Point | null }

const answer = z.object({
  complete: z.boolean(),
  why: z.string(),
  epoch: z.string(),
  sequence: z.number(),
  lists: z.array(z.object({ root: z.string(), file: z.string(), count: z.number(), linked: z.number(), goneFile: z.string(), goneCount: z.number() })),
})
const markOf = z.object({ epoch: z.string(), sequence: z.number() })
const nothing = { file: '', count: 0, linked: 0, goneFile: '', goneCount: 0 }

/** Asks both recorders. `point` null: nobody knows when the sides were last equal. `limit`: with more names a whole pass is cheaper. */
export async function changesSince(point: Point | null, { path }: Root, pair: Pair, limit: number, signal: AbortSignal): Promise<Changes> {
  const [from, to] = await Promise.all([pair.from, pair.to].map(async (side) => await names(side, path, point?.[side.name] ?? null, signal)))
  if (!from || !to) return { kind: 'unknown', why: 'no recorder runs', point: null }
  const next = { [pair.from.name]: from.mark, [pair.to.name]: to.mark } as Point
  const unknown = (why: string): Changes => ({ kind: 'unknown', why, point: next })
  if (point === null) return unknown('no pass has made both sides equal yet')
  if (!from.complete) return unknown(from.why)
  if (!to.complete) return unknown(to.why)
  // Nobody but passes should write there: a promotion that was taken back has, and what it wrote must go.
  if (to.list.count + to.list.goneCount > 0) return unknown(`the ${pair.to.name} was written to`)
  if (from.list.linked > 0) return unknown('a file with several names was written to')
  const { file, count, goneFile, goneCount } = from.list
  if (count + goneCount > limit) return unknown(`${count + goneCount} names changed`)
  return { kind: 'listed', there: { file, count }, gone: { file: goneFile, count: goneCount }, point: next }
}

/** Null: no recorder runs. One that has missed something begins anew, so that the whole pass that must follow has a place to begin at. */
async function names(side: Side, path: string, after: Mark | null, signal: AbortSignal) {
  try {
    // On a busy node events wait to be read. A recorder that cannot do this has lost something, and says so below.
    await side.call({ op: 'record-drain' }, signal).catch((error: unknown) => {
      if (codeOf(error) !== 'node-failed') throw error
    })
    const told = answer.parse(await side.call({ op: 'record-names', after: after?.sequence ?? Number.MAX_SAFE_INTEGER, epoch: after?.epoch ?? '' }, signal))
    const mark = told.complete ? told : markOf.parse(await side.call({ op: 'record-start' }, signal))
    const list = told.lists.find(({ root }) => trimmed(root) === trimmed(path)) ?? nothing
    return { mark: { epoch: mark.epoch, sequence: mark.sequence }, complete: told.complete, why: told.why, list }
  } catch (error) {
    if (codeOf(error) === 'gate-closed') return null
    throw error
  }
}

/** The bytes of a list. */
export async function readList(side: Side, { file, count }: Names, signal: AbortSignal): Promise<Buffer> {
  if (count === 0) return Buffer.alloc(0)
  const { stdout } = await side.run(['base64', '-w0', file], { signal, deadlineMs: 60_000 })
  return Buffer.from(stdout, 'base64')
}

/** The names of a list, byte for byte (each character is one byte). */
export function namesIn(list: Buffer): readonly string[] {
  return list
    .toString('latin1')
    .split('\0')
    .filter(Boolean)
    .map((name) => name.replace(/^\.\//, ''))
}
