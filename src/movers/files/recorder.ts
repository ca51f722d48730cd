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

/** What the recorder of a side names: what is there, what is gone, and of the former how many have other names as well and how many have holes. */
export type Told = { readonly side: Side; readonly there: Names; readonly gone: Names; readonly linked: number; readonly holed: number }

/** How many copies each side has let in. */
export type Admitted = Readonly<Record<Side['name'], number>>

type Unknown = {
  readonly kind: 'unknown'
  readonly why: string
  /** A name that this is about. */
  readonly example?: string
  readonly point: Point | null
  readonly admitted: Admitted | null
}

/** What both recorders have named, the giving side's first; or why that is not all. */
export type Named = { readonly kind: 'named'; readonly by: readonly [Told, Told]; readonly point: Point; readonly admitted: Admitted } | Unknown

/** What differs at most: names that are there on the giving side, and names that are gone there; or why that is not known. */
export type Changes =
  | { readonly kind: 'listed'; readonly there: Names; readonly gone: Names; readonly holed: number; readonly point: Point; readonly admitted: Admitted }
  | Unknown

const admittedOf = z.object({ admitted: z.record(z.string(), z.number()) })
const answer = admittedOf.extend({
  complete: z.boolean(),
  why: z.string(),
  epoch: z.string(),
  sequence: z.number(),
  lists: z.array(
    z.object({ root: z.string(), file: z.string(), count: z.number(), linked: z.number(), holed: z.number(), goneFile: z.string(), goneCount: z.number() }),
  ),
})
const markOf = z.object({ epoch: z.string(), sequence: z.number() })
const nothing = { file: '', count: 0, linked: 0, holed: 0, goneFile: '', goneCount: 0 }

/**
 * Asks both recorders. `point` null: nobody knows when the sides were last equal. A recorder that has missed something
 * begins anew, so that the whole pass that must follow has a place to begin at; but not in a freeze, whose seal asks it
 * whether it has missed anything.
 */
export async function namedSince(point: Point | null, root: Root, pair: Pair, inFreeze: boolean, signal: AbortSignal): Promise<Named> {
  const [from, to] = await Promise.all([pair.from, pair.to].map(async (side) => await ask(side, root.path, point?.[side.name] ?? null, inFreeze, signal)))
  if (!from || !to) return { kind: 'unknown', why: 'no recorder runs', point: null, admitted: null }
  const admitted = { [pair.from.name]: from.admitted, [pair.to.name]: to.admitted } as Admitted
  const next = { [pair.from.name]: from.mark, [pair.to.name]: to.mark } as Point
  const why = point === null ? 'no pass has made both sides equal yet' : from.why || to.why
  return why === '' ? { kind: 'named', by: [from.told, to.told], point: next, admitted } : { kind: 'unknown', why, point: next, admitted }
}

/** What a pass would have to look at. With more names than `limit` a whole pass is cheaper. */
export async function changesSince(point: Point | null, root: Root, pair: Pair, limit: number, inFreeze: boolean, signal: AbortSignal): Promise<Changes> {
  const named = await namedSince(point, root, pair, inFreeze, signal)
  if (named.kind === 'unknown') return named
  const [{ there, gone, linked, holed }, to] = named.by
  const unknown = (why: string): Unknown => ({ ...named, kind: 'unknown', why })
  // Nobody but passes should write there: a promotion that was taken back has, and what it wrote must go.
  if (to.there.count + to.gone.count > 0)
    return { ...unknown(`the ${pair.to.name} was written to`), example: await firstOf(to.there.count > 0 ? to.there : to.gone, to.side, signal) }
  if (linked > 0) return unknown(severalNames)
  if (there.count + gone.count > limit) return unknown(`${there.count + gone.count} names changed`)
  return { ...named, kind: 'listed', there, gone, holed }
}

export const severalNames = 'a file with several names was written to'

/** Null: no recorder runs. */
async function ask(side: Side, path: string, after: Mark | null, inFreeze: boolean, signal: AbortSignal) {
  try {
    // On a busy node events wait to be read. A recorder that cannot do this has lost something, and says so below.
    await side.call({ op: 'record-drain' }, signal).catch((error: unknown) => {
      if (codeOf(error) !== 'node-failed') throw error
    })
    const told = answer.parse(await side.call({ op: 'record-names', after: after?.sequence ?? Number.MAX_SAFE_INTEGER, epoch: after?.epoch ?? '' }, signal))
    const mark = told.complete || inFreeze ? told : markOf.parse(await side.call({ op: 'record-start' }, signal))
    const { file, count, linked, holed, goneFile, goneCount } = told.lists.find(({ root }) => trimmed(root) === trimmed(path)) ?? nothing
    return {
      mark: { epoch: mark.epoch, sequence: mark.sequence },
      why: told.complete ? '' : told.why,
      admitted: countOf(told, path),
      told: { side, there: { file, count }, gone: { file: goneFile, count: goneCount }, linked, holed },
    }
  } catch (error) {
    if (codeOf(error) === 'gate-closed') return null
    throw error
  }
}

/** Asks both sides how many copies they have let in. */
export async function admittedBy({ from, to }: Pair, { path }: Root, signal: AbortSignal): Promise<Admitted> {
  const count = async (side: Side) => countOf(admittedOf.parse(await side.call({ op: 'record-status' }, signal)), path)
  const [given, received] = await Promise.all([count(from), count(to)])
  return { [from.name]: given, [to.name]: received } as Admitted
}

function countOf({ admitted }: z.infer<typeof admittedOf>, path: string): number {
  return Object.entries(admitted).find(([root]) => trimmed(root) === trimmed(path))?.[1] ?? 0
}

const part = z.object({ content: z.base64(), more: z.boolean() })

async function partOf(side: Side, file: string, offset: number, signal: AbortSignal) {
  const { content, more } = part.parse(await side.call({ op: 'read-list', file, offset }, signal))
  return { bytes: Buffer.from(content, 'base64'), more }
}

/** One name to show: whoever looks for the writer begins there. */
async function firstOf({ file }: Names, side: Side, signal: AbortSignal): Promise<string> {
  const [name = ''] = namesIn((await partOf(side, file, 0, signal)).bytes)
  return Buffer.from(name, 'latin1').toString()
}

/** The bytes of a list, over the line to the helper that stands already: a command by ssh takes ten times as long. */
export async function readList(side: Side, { file, count }: Names, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = []
  let [offset, more] = [0, count > 0]
  while (more) {
    const next = await partOf(side, file, offset, signal)
    parts.push(next.bytes)
    offset += next.bytes.length
    more = next.more
  }
  return Buffer.concat(parts)
}

/** The names of a list, byte for byte (each character is one byte). */
export function namesIn(list: Buffer): readonly string[] {
  return list
    .toString('latin1')
    .split('\0')
    .filter(Boolean)
    .map((name) => name.replace(/^\.\//, ''))
}

/** All that both sides name, each name once. */
export async function readNamed(named: Extract<Named, { kind: 'named' }>, signal: AbortSignal) {
  const read = async (which: 'there' | 'gone') =>
    new Set((await Promise.all(named.by.map(async (told) => namesIn(await readList(told.side, told[which], signal))))).flat())
  const [there, gone] = await Promise.all([read('there'), read('gone')])
  return { there, gone, linked: named.by.some(({ linked }) => linked > 0) }
}

export type NamesRead = Awaited<ReturnType<typeof readNamed>>

/** By itself, or by a folder above it that is gone. */
export function isNamed(name: string, { there, gone }: NamesRead): boolean {
  if (there.has(name)) return true
  const parts = name.split('/')
  return parts.some((_, index) => gone.has(parts.slice(0, parts.length - index).join('/')))
}
