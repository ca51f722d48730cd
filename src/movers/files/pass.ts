// One pass: of the names that the recorders tell, where they are known to be all, else of the whole tree.
import type { Mover, Pair, Pass, PassKind } from '../mover.ts'
import { firstCopy, type Manner } from './first.ts'
import { disturb, noticeStrangers, type Known } from './known.ts'
import type { Survey } from './prepare.ts'
import { admittedBy, changesSince, isNamed, namedSince, namesIn, readList, readNamed, type Changes, type Names, type Point } from './recorder.ts'
import { judgeExit, needsWay, readChanges, readStats, rsyncCommand, trimmed, type Root } from './rsync.ts'

/** Above this many names reading the whole tree costs no more: 0.2 ms a listed name against 22 µs for each there is. */
export const listedAtMost = 20_000
/** Names that are sent to a helper in one message. */
const namesAtOnce = 1000
/** A whole pass that finds more than this has met an unknown tree, and says nothing about the recorder. */
const foundAtMost = 10_000

/**
 * `sync` of a mover. The first repeated pass looks at the whole tree and holds what it finds against what the recorder
 * named in that time: a difference that was not named makes every later pass a whole one.
 */
export function passes(root: Root, known: Known, wayOf: Survey['wayOf']): Mover['sync'] {
  let reason = ''
  return async (pair, kind, signal, onProgress) => {
    const { point, recorder } = known
    const warm = isShort(kind) ? warmUp(wayOf, pair, signal) : Promise.resolve(null)
    const changes = await changesSince(point, root, pair, listedAtMost, kind === 'final', signal)
    noticeStrangers(known, changes.admitted)
    // Whoever still receives for a copy that was broken off would write once more when it gives up, and no recorder names that.
    if (known.disturbed) await pair.to.call({ op: 'end-copies' }, signal)
    const { scope, why } = scopeOf(known, kind, changes)
    // Told once, not at every pass of a move that waits for days.
    if (why !== '' && why !== reason) onProgress(`The whole tree is read: ${why}${exampleOf(changes)}.`)
    reason = why
    const { pass, found } = await push({ root, wayOf, pair, kind, warm, signal }, scope).catch((error: unknown) => {
      disturb(known)
      throw error
    })
    known.admitted = await admittedBy(pair, root, signal)
    // What a copy leaves that was broken off no recorder names: it is tried once a comparison has cleared that.
    if (recorder === 'untried' && kind === 'repeat' && point !== null && !known.disturbed)
      await tryRecorder(known, found, point, root, pair, signal, onProgress)
    known.point = changes.point
    return pass
  }
}

/** Holds what a whole pass had to change against what the recorder named in that time. */
async function tryRecorder(
  known: Known,
  found: readonly string[],
  point: Point,
  root: Root,
  pair: Pair,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<void> {
  const [unnamed] = (await unnamedAmong(found, point, root, pair, signal)) ?? [null]
  if (unnamed === null) return
  known.recorder = unnamed === undefined ? 'trusted' : 'distrusted'
  if (unnamed !== undefined) onProgress(`The recorder did not name ${unnamed}, which had changed; from now on every pass reads the whole tree.`)
}

/** What a pass looks at. */
type Scope = { readonly kind: 'whole' } | Extract<Changes, { kind: 'listed' }>
const whole: Scope = { kind: 'whole' }

/** `why`: what keeps a pass from being short. */
function scopeOf({ recorder, disturbed }: Known, kind: PassKind, changes: Changes): { readonly scope: Scope; readonly why: string } {
  if (recorder !== 'trusted') return { scope: whole, why: '' }
  if (changes.kind === 'unknown') return { scope: whole, why: changes.why }
  return { scope: !disturbed && isShort(kind) ? changes : whole, why: '' }
}

function exampleOf(changes: Changes): string {
  return changes.kind === 'unknown' && changes.example !== undefined ? ` (${changes.example})` : ''
}

/** Passes that carry what changed: a first copy and an audit are there to read everything. */
function isShort(kind: PassKind): boolean {
  return kind === 'repeat' || kind === 'final'
}

type Errand = {
  readonly root: Root
  readonly wayOf: Survey['wayOf']
  readonly pair: Pair
  readonly kind: PassKind
  readonly warm: Promise<string | null>
  readonly signal: AbortSignal
}

/** The socket of the connection that passes share, most of whose time would be ssh's handshake. Null: it does not stand, and who connects will hear why. */
async function warmUp(wayOf: Survey['wayOf'], pair: Pair, signal: AbortSignal): Promise<string | null> {
  try {
    const { cipher } = await wayOf(pair, signal)
    return String((await pair.from.call({ op: 'warm', cipher: cipher ?? '' }, signal))['socket'])
  } catch {
    return null
  }
}

/** Refused when the root is no longer what it was when it was recorded: an unmounted volume must not delete. */
async function push(errand: Errand, wanted: Scope) {
  const { root, pair, kind, signal } = errand
  await Promise.all([pair.from, pair.to].map(async (side) => await side.call({ op: 'check-roots' }, signal)))
  const began = performance.now()
  const pass = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${kind}`
  const { moved, left } = wanted.kind === 'listed' ? await putAside(root, pair, wanted.gone, pass, signal) : { moved: 0, left: 0 }
  const scope = left > 0 ? whole : wanted
  const stdout = scope.kind === 'listed' && scope.there.count === 0 ? '' : await runRsync(errand, scope, pass)
  if (stdout !== '' || moved > 0) await pair.to.call({ op: 'flush-roots' }, signal)
  const seconds = (performance.now() - began) / 1000
  const { movedBytes, movedFiles } = readStats(stdout)
  const done: Pass = {
    movedBytes,
    movedFiles: movedFiles + moved,
    remainingBytes: kind === 'final' ? 0 : null,
    lagSeconds: kind === 'final' ? 0 : seconds,
    seconds,
  }
  return { pass: done, found: readChanges(stdout) }
}

async function runRsync({ root, wayOf, pair, kind, warm: warming, signal }: Errand, scope: Scope, pass: string): Promise<string> {
  const [way, warm] = [await wayOf(pair, signal), await warming]
  const owners = (await root.system?.owners(pair, signal)) ?? null
  const run = async (list: string | null, until: AbortSignal, manner?: Manner): Promise<string> => {
    const holed = scope.kind === 'whole' || scope.holed > 0
    const deadlineMs = kind === 'final' ? 60_000 : 24 * 3600_000
    const once = async (makesWay: boolean) =>
      await pair.from.run(rsyncCommand(root, pair.from, pair.to, { kind, pass, list, way, ...manner, holed, makesWay, warm, owners }), {
        signal: until,
        deadlineMs,
      })
    const result = await once(false)
    const last = needsWay(result) ? await once(true) : result
    judgeExit(last, kind, root.path)
    return last === result ? result.stdout : result.stdout + last.stdout
  }
  if (scope.kind === 'listed') return await run(scope.there.file, signal)
  return kind === 'first' ? await firstCopy(root, way.connections, pass, pair, run, signal) : await run(null, signal)
}

/** Names that are gone go on the other side, too; before the copies, which may put something else in their place. */
async function putAside(root: Root, pair: Pair, gone: Names, pass: string, signal: AbortSignal): Promise<{ moved: number; left: number }> {
  let [moved, left] = [0, 0]
  // A folder before what was in it, which goes with it.
  const names = namesIn(await readList(pair.from, gone, signal)).toSorted()
  for (let at = 0; at < names.length; at += namesAtOnce) {
    const part = Buffer.from(names.slice(at, at + namesAtOnce).join('\0'), 'latin1').toString('base64')
    const answer = await pair.to.call({ op: 'put-aside', root: trimmed(root.path), pass, names: part }, signal)
    moved += Number(answer['moved'])
    left += Number(answer['left'])
  }
  return { moved, left }
}

/** What a whole pass changed and no recorder has named since `point`; null: it cannot be said. */
async function unnamedAmong(found: readonly string[], point: Point, root: Root, pair: Pair, signal: AbortSignal): Promise<readonly string[] | null> {
  if (found.length === 0) return []
  if (found.length > foundAtMost) return null
  const named = await namedSince(point, root, pair, false, signal)
  if (named.kind === 'unknown') return null
  const names = await readNamed(named, signal)
  // Of a file with several names a write tells one.
  if (names.linked) return null
  return found.filter((name) => !isNamed(name, names))
}
