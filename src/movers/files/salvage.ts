// What a side that was given up has and the one that serves lacks: files that were changed there after the last copy began, by
// the times of their inodes, which no program sets, and whose content the other side has not. They are copied into the
// folder of what a sync keeps, on the same file system: no sync and no manifest looks into that one.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { counted, formatBytes } from '../../core/units.ts'
import { act, look } from '../act.ts'
import type { Mover, Pair, Side } from '../mover.ts'
import { differencesIn, quoted, writeManifests } from './manifest.ts'
import { keptFolder, trimmed, type Root } from './rsync.ts'

/** Names in one message to a helper; a name has 4096 bytes at most. */
const namesAtOnce = 1000
/** Of what the journal lists. */
const itemsAtMost = 200
/** The kernel takes the time of a tick for an inode, which is a little behind the clock. */
const tickMs = 1000
const dayMs = 24 * 3600_000

/** `name`: byte for byte, each character is one byte. */
type Found = { readonly name: string; readonly bytes: number; readonly at: string }

export function salvageOf(root: Root): Required<Mover>['salvage'] {
  return async (pair, { since, label }, signal) => {
    const found = await changedSince(root, pair.to, since, signal)
    const place = `${trimmed(root.path)}/${keptFolder}/${label}`
    const kept: Found[] = []
    for (let at = 0; at < found.length; at += namesAtOnce) {
      const lacking = await lackingOf(root, pair, found.slice(at, at + namesAtOnce), signal)
      if (lacking.length > 0) await keep(root, pair.to, lacking, `${keptFolder}/${label}`, signal)
      kept.push(...lacking)
    }
    const bytes = kept.reduce((sum, each) => sum + each.bytes, 0)
    const items = kept.slice(0, itemsAtMost).map((each) => ({ ...each, name: Buffer.from(each.name, 'latin1').toString('utf8') }))
    const told = kept.length === 0 ? 'nothing that the target lacks.' : `${counted(kept.length, 'file')} (${formatBytes(bytes)}) kept in ${place}.`
    return { count: kept.length, bytes, items, place: kept.length === 0 ? null : place, text: told }
  }
}

const find = `cd "$1" || exit
{ find . -xdev -path "./$2" -prune -o ! -type d $3 -printf '%s %T@ %P\\0'; echo "$?" >&2; } | base64 -w0`

/** All files there, where nobody knows since when. */
async function changedSince(root: Root, side: Side, since: string | null, signal: AbortSignal): Promise<readonly Found[]> {
  const seconds = since === null ? null : (Date.parse(since) - tickMs) / 1000
  const test = seconds === null ? '' : `-newerct @${seconds.toFixed(3)}`
  const { stdout, stderr } = await look(side, ['sh', '-c', find.replace('$3', test), 'sh', root.path, keptFolder], { signal, deadlineMs: dayMs })
  const [ended = '', ...words] = stderr.trim().split('\n').toReversed()
  if (ended !== '0') throw new LifeboatError('node-failed', `What changed in ${root.path} on ${side.address} cannot be listed: ${words[0] ?? ended}.`)
  return Buffer.from(stdout.trim(), 'base64').toString('latin1').split('\0').filter(Boolean).map(foundIn)
}

const line = z.tuple([z.string(), z.string().regex(/^\d+$/), z.string().regex(/^-?[\d.]+$/), z.string().min(1)])

function foundIn(text: string): Found {
  const [, bytes, at, name] = line.parse(/^(\d+) (-?[\d.]+) (.+)$/s.exec(text))
  return { name, bytes: Number(bytes), at: new Date(Number(at) * 1000).toISOString() }
}

/** Those of them that are not on the other side as they are here. */
async function lackingOf(root: Root, pair: Pair, found: readonly Found[], signal: AbortSignal): Promise<readonly Found[]> {
  const manifests = await writeManifests(root, pair, { kind: 'names', names: found.map(({ name }) => name) }, false, signal)
  const differences = await differencesIn(manifests, root, pair, null, signal)
  if (differences === null) return found
  const differing = new Set(differences.map(({ path }) => path))
  return found.filter(({ name }) => differing.has(Buffer.from(quoted(name), 'latin1').toString('utf8')))
}

const copy = `cd "$1" && mkdir -p "$2" && base64 -d | xargs -0 -r cp -a --parents -t "$2" -- && sync -f "$2"`

async function keep(root: Root, side: Side, found: readonly Found[], place: string, signal: AbortSignal): Promise<void> {
  const input = Buffer.from(found.map(({ name }) => name).join('\0'), 'latin1').toString('base64')
  await act(side, ['sh', '-c', copy, 'sh', root.path, place], { signal, role: 'closed', deadlineMs: dayMs, input })
}
