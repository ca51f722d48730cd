// Two comparisons. In the freeze: what was named since both sides were last found equal, or everything where that is not
// known. While a side is in use: everything or what is new, without what is named meanwhile.
import type { Audit, AuditKind, Mover, Pair } from '../mover.ts'
import { doubt, noticeStrangers, type Known } from './known.ts'
import { differencesIn, writeManifests, type Scope } from './manifest.ts'
import { listedAtMost } from './pass.ts'
import { admittedBy, namedSince, readNamed, severalNames, type Point } from './recorder.ts'
import type { Root } from './rsync.ts'

/** What a helper reads in one message is bounded; so many bytes of names cost more than reading a tree. */
const nameBytesAtMost = 4 * 1024 * 1024

export function comparisons(root: Root, known: Known): Required<Pick<Mover, 'verify' | 'audit'>> {
  return {
    verify: async (pair, signal, onProgress) => {
      const { scope, why, point } = await newScope(root, known, pair, true, signal)
      if (scope.kind === 'everything') onProgress(`The whole tree is compared: ${why}.`)
      const manifests = await writeManifests(root, pair, scope, false, signal)
      const differences = (await differencesIn(manifests, root, pair, null, signal)) ?? [{ path: root.path, what: 'differs in too many names to list' }]
      if (differences.length > 0) doubt(known)
      else settle(known, point)
      return differences
    },

    audit: async (pair, kind, signal) => {
      if (kind === 'changed' && known.recorder === 'distrusted') return { kind: 'unknown', why: notNamed }
      const scope = kind === 'changed' ? (await newScope(root, known, pair, false, signal)).scope : everything
      const found = await inUse(root, known, pair, scope, signal)
      if (found.kind !== 'unknown') learn(known, kind, found)
      return found
    },
  }
}

const everything = { kind: 'everything' } as const
const strangers = 'a copy was broken off, or somebody else was let in'
const notNamed = 'a recorder did not name what had changed'

/** Two sides that passes have made equal at a point; what was named since then is no difference. */
async function inUse(root: Root, known: Known, pair: Pair, scope: Scope, signal: AbortSignal): Promise<Audit> {
  const { point } = known
  if (point === null) return { kind: 'unknown', why: 'no pass has made both sides equal yet' }
  const began = performance.now()
  if (noticeStrangers(known, await admittedBy(pair, root, signal)) && scope.kind === 'names') return { kind: 'unknown', why: strangers }
  const manifests = await writeManifests(root, pair, scope, true, signal)
  const named = await namedSince(point, root, pair, false, signal)
  if (noticeStrangers(known, named.admitted)) return { kind: 'unknown', why: strangers }
  if (named.kind === 'unknown') return { kind: 'unknown', why: named.why }
  const names = manifests.equal ? null : await readNamed(named, signal)
  const differences = await differencesIn(manifests, root, pair, names, signal)
  if (differences === null) return { kind: 'unknown', why: 'too much changed meanwhile' }
  const seconds = (performance.now() - began) / 1000
  return { kind: scope.kind === 'everything' ? 'everything' : 'changed', files: manifests.entries, seconds, differences }
}

function learn(known: Known, kind: AuditKind, found: Exclude<Audit, { kind: 'unknown' }>): void {
  if (found.differences.length === 0) {
    settle(known, known.point)
    // Everything that differed was named: no pass could try the recorder harder.
    if (found.kind === 'everything' && known.recorder === 'untried') known.recorder = 'trusted'
  } else if (kind !== 'afterwards') {
    known.compared = null
    if (!known.disturbed) known.recorder = 'distrusted'
  }
}

function settle(known: Known, point: Point | null): void {
  known.compared = point
  known.disturbed = false
}

/** What was named since both sides were last found equal; everything, and why, where that is not known or not worth it. */
async function newScope(
  root: Root,
  known: Known,
  pair: Pair,
  inFreeze: boolean,
  signal: AbortSignal,
): Promise<{ readonly scope: Scope; readonly why: string; readonly point: Point | null }> {
  const named = await namedSince(known.compared, root, pair, inFreeze, signal)
  noticeStrangers(known, named.admitted)
  const { compared, recorder, disturbed } = known
  const all = (why: string) => ({ scope: everything, why, point: named.point })
  if (recorder === 'distrusted') return all(notNamed)
  if (disturbed) return all(strangers)
  if (recorder === 'untried' || compared === null) return all('both sides were not compared since this controller began or a side differed')
  if (named.kind === 'unknown') return all(named.why)
  if (named.by.some(({ linked }) => linked > 0)) return all(severalNames)
  const count = named.by.reduce((sum, { there, gone }) => sum + there.count + gone.count, 0)
  if (count > listedAtMost) return all(`${count} names changed`)
  const { there, gone } = await readNamed(named, signal)
  const names = [...new Set([...there, ...gone])]
  if (names.reduce((sum, name) => sum + name.length, 0) > nameBytesAtMost) return all('the names that changed are too long')
  return { scope: { kind: 'names', names }, why: '', point: named.point }
}
