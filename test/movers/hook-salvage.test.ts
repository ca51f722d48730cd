// What a hook is asked when a side was given up, and what it may leave unsaid.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { hook } from '../../src/movers/hook/index.ts'
import type { Side } from '../../src/movers/mover.ts'

const side = (name: Side['name']) => ({ name, address: '192.0.2.1', port: 22, user: 'root', sshConfig: () => '' }) as unknown as Side
const pair = { from: side('target'), to: side('source') }
const given = { since: '2026-03-01T09:59:58.000Z', label: 'salvage-1' }
const commands = { kind: 'hook', name: 'orders', sync: 'true', verify: 'true', undo: {}, env: {}, deadline: 60_000 } as const

test('a hook without such a command has no way to do it', async () => {
  assert.equal((await hook.connect(commands)).salvage, undefined)
})

test('one that has it hears since when and under which name, and who was given up', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-hook-salvage-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const mover = await hook.connect({ ...commands, salvage: `cat > asked; echo '{"bytes": 7, "place": "/srv/orders.db.salvage-1"}'` }, folder)
  const kept = await mover.salvage?.(pair, given, AbortSignal.timeout(30_000))
  assert.deepEqual(kept, { count: 1, bytes: 7, place: '/srv/orders.db.salvage-1', items: [], text: 'kept by its hook as /srv/orders.db.salvage-1.' })
  const { method, since, label, to } = JSON.parse(readFileSync(path.join(folder, 'asked'), 'utf8')) as Record<string, unknown> & { to: { side: string } }
  assert.deepEqual([method, since, label, to.side], ['salvage', given.since, given.label, 'source'])
})

test('one that fails at it ends it', async () => {
  const mover = await hook.connect({ ...commands, salvage: 'echo no room >&2; exit 1' })
  await assert.rejects(async () => await mover.salvage?.(pair, given, AbortSignal.timeout(30_000)), {
    code: 'sync-failed',
    message: /failed at salvage .*no room/,
  })
})
