// What of a folder tree is looked at and kept when its side was given up: with the tools of this machine, in a folder of its own.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import type { HelperRequest, Pair, Side } from '../../src/movers/mover.ts'
import { salvageOf } from '../../src/movers/files/salvage.ts'
import { waitUntil } from '../../src/io/wait.ts'

/** Two sides of which the given-up one is this machine. `isEqual`: what both manifests say of whatever they are asked. */
function sides(isEqual: boolean) {
  const asked: string[] = []
  const run = (command: readonly string[], input = '') => {
    const { status, stdout, stderr } = spawnSync(command[0] ?? '', command.slice(1), { input, encoding: 'utf8' })
    return { exitCode: status ?? 255, stdout, stderr }
  }
  const answer = (name: string, { op, ...request }: HelperRequest): Readonly<Record<string, unknown>> => {
    if (op === 'act') return run(request['command'] as string[], (request['input'] as string | undefined) ?? '')
    if (op === 'manifest' && name === 'source') asked.push(...Buffer.from(String(request['names']), 'base64').toString().split('\0'))
    if (op === 'manifest') return { digest: isEqual ? 'same' : name, entries: 1, file: 'm', sums: 's' }
    // Too many lines to fetch: then all of them may differ.
    return op === 'read-list' ? { content: '', more: false } : { file: 'l', count: 1_000_000 }
  }
  const side = (name: 'source' | 'target') =>
    ({
      name,
      address: name,
      call: async (request: HelperRequest) => await Promise.resolve(answer(name, request)),
      run: async (command: readonly string[]) => await Promise.resolve(run(command)),
    }) as unknown as Side
  return { asked, pair: { from: side('target'), to: side('source') } satisfies Pair }
}

const signal = AbortSignal.timeout(30_000)
const odd = '-a \'b\n"ü'

async function tree(t: { after: (act: () => void) => void }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-salvage-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(path.join(folder, 'deep/er'), { recursive: true })
  mkdirSync(path.join(folder, '.lifeboat-deleted'))
  writeFileSync(path.join(folder, 'before'), 'old')
  // More than the tick that is taken off.
  const since = new Date(Date.now() + 1500)
  await waitUntil(async () => await Promise.resolve(Date.now() > since.getTime() ? true : null), {
    what: 'A later time',
    deadlineMs: 10_000,
    everyMs: 50,
    signal,
  })
  writeFileSync(path.join(folder, 'deep/er', odd), 'new', { mode: 0o640 })
  symlinkSync('nowhere', path.join(folder, 'link'))
  writeFileSync(path.join(folder, 'aged'), 'new')
  utimesSync(path.join(folder, 'aged'), 1000, 1000)
  writeFileSync(path.join(folder, '.lifeboat-deleted/kept'), 'ours')
  return { folder, since: since.toISOString() }
}

test('what was changed since then is compared, by its inode, whatever it says of its time and whatever its name is', async (t) => {
  const { folder, since } = await tree(t)
  const { asked, pair } = sides(true)
  const told = await salvageOf({ path: folder, exclude: [] })(pair, { since, label: 'salvage-1' }, signal)
  assert.deepEqual(asked.toSorted(), ['aged', `deep/er/${odd}`, 'link'].toSorted())
  assert.deepEqual(told, { count: 0, bytes: 0, items: [], place: null, text: 'nothing that the target lacks.' })
  assert.deepEqual(readdirSync(path.join(folder, '.lifeboat-deleted')), ['kept'])
})

test('where nobody knows since when, everything is compared', async (t) => {
  const { folder } = await tree(t)
  const { asked, pair } = sides(true)
  await salvageOf({ path: folder, exclude: [] })(pair, { since: null, label: 'salvage-1' }, signal)
  assert.deepEqual(asked.toSorted(), ['aged', 'before', `deep/er/${odd}`, 'link'].toSorted())
})

test('what the other side lacks is copied as it is, with its folders, twice as well as once, and stays where it was', async (t) => {
  const { folder, since } = await tree(t)
  const { pair } = sides(false)
  const salvage = salvageOf({ path: folder, exclude: [] })
  for (let times = 0; times < 2; times++) {
    const { count, bytes, items, place } = await salvage(pair, { since, label: 'salvage-1' }, signal)
    assert.equal(place, path.join(folder, '.lifeboat-deleted/salvage-1'))
    assert.deepEqual([count, bytes, items.map(({ name }) => name).toSorted()], [3, 13, ['aged', `deep/er/${odd}`, 'link'].toSorted()])
    assert.equal(items.find(({ name }) => name === 'aged')?.at, '1970-01-01T00:16:40.000Z')
  }
  const kept = path.join(folder, '.lifeboat-deleted/salvage-1')
  assert.deepEqual(readdirSync(kept, { recursive: true, encoding: 'utf8' }).toSorted(), ['aged', 'deep', 'deep/er', `deep/er/${odd}`, 'link'].toSorted())
  const file = path.join(kept, 'deep/er', odd)
  assert.deepEqual([readFileSync(file, 'utf8'), statSync(file).mode & 0o777, statSync(path.join(kept, 'aged')).mtimeMs], ['new', 0o640, 1_000_000])
  assert.equal(readFileSync(path.join(folder, 'deep/er', odd), 'utf8'), 'new')
})

test('a folder that cannot be listed is an error, not an empty one', async () => {
  const { pair } = sides(true)
  await assert.rejects(salvageOf({ path: '/nowhere/at/all', exclude: [] })(pair, { since: null, label: 'salvage-1' }, signal), { code: 'node-failed' })
})
