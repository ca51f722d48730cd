// Hooks: the one for SQLite that ships with the project on two real nodes, and what becomes of commands that go wrong.
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { codeOf } from '../../src/core/errors.ts'
import type { Side } from '../../src/movers/mover.ts'

await enterLab()
const { repository, worldFolder } = await import('../../lab/place.ts')
const { Secret } = await import('../../src/core/secret.ts')
const { hook } = await import('../../src/movers/hook/index.ts')
const { moverConformance } = await import('../conformance/mover.ts')
const { databasePair } = await import('../support/databases.ts')
const { pidsWith } = await import('../support/processes.ts')
const { waitUntil } = await import('../../src/io/wait.ts')

const script = path.join(repository, 'templates', 'hooks', 'sqlite.sh')
const file = '/srv/orders.db'
const commands = { prepare: `'${script}' prepare ${file}`, sync: `'${script}' sync ${file}`, verify: `'${script}' verify ${file}` }
const settings = { kind: 'hook', undo: {}, env: {}, deadline: 60_000 } as const

moverConformance('hook for SQLite', async (t) => {
  const { source, target, pair } = await databasePair(t, {
    data: { kind: 'hook', name: 'orders', ...commands },
    start: `sqlite3 ${file} 'pragma journal_mode=wal; create table orders (id integer primary key, note); with recursive n (i) as (select 1 union all select i + 1 from n where i < 2000) insert into orders select i, hex(randomblob(40)) from n'`,
  })
  // What the controller had begun when it was killed goes on, and would bring the file back.
  const ended = async () => await Promise.resolve(pidsWith(script).length === 0 ? true : null)
  await waitUntil(ended, { what: 'The end of the last hook', deadlineMs: 10_000, everyMs: 20, signal: t.signal })
  await target.run(`rm -f ${file}*`)
  const sql = async (node: typeof source, text: string) => await node.run(`sqlite3 ${file} "${text}"`)
  const mover = await hook.connect({ ...settings, name: 'orders', ...commands })
  return {
    mover,
    pair,
    change: async () => void (await sql(source, 'insert into orders (note) values (1)')),
    oddChanges: [
      { title: 'another form of a table', act: async () => void (await sql(source, 'alter table orders add column more; update orders set more = id')) },
      { title: 'bytes that are no text', act: async () => void (await sql(source, "insert into orders (note) values (x'00ff0a')")) },
      { title: 'the loss of most of it', act: async () => void (await sql(source, 'delete from orders where id > 10; vacuum')) },
    ],
    contents: async (side) => await sql(side === 'source' ? source : target, '.dump'),
    damages: [
      { title: 'a target that was written to', names: file, mendedBy: 'repeat', act: async () => void (await sql(target, 'delete from orders where id = 1')) },
      { title: 'a target that is gone', names: file, mendedBy: 'repeat', act: async () => void (await target.run(`rm ${file}`)) },
    ],
  }
})

/** A side that nobody reaches; it keeps what it was asked for. */
function silentSide(name: Side['name'], asked: unknown[]): Side {
  return {
    name,
    address: '192.0.2.1',
    port: 22,
    user: 'root',
    folder: '/var/lib/lifeboat/web-1',
    attempt: 3,
    sshConfig: (host) => `Host ${host}`,
    run: async () => await Promise.reject(new Error('a hook speaks to the nodes itself')),
    call: async (request) => {
      asked.push(request)
      return await Promise.resolve({ ok: true, exitCode: 0, stdout: '', stderr: '' })
    },
  }
}

test('a hook is told who is asked, by which way and with which variables; its undo waits at the node', async () => {
  const told = path.join(worldFolder, 'told.json')
  const tell = path.join(worldFolder, 'tell.sh')
  writeFileSync(tell, `#!/bin/sh\n{ cat; cat "$LIFEBOAT_SSH"; echo "$TOKEN"; pwd; } >${told}\necho '{"movedBytes": 7}'\n`)
  chmodSync(tell, 0o755)
  const asked: unknown[] = []
  const pair = { from: silentSide('source', asked), to: silentSide('target', asked) }
  const env = { TOKEN: new Secret('canary-4717') }
  const mover = await hook.connect({ ...settings, name: 'orders', sync: './tell.sh', verify: 'true', undo: { from: 'thaw-it' }, env }, worldFolder)
  const pass = await mover.sync(pair, 'final', AbortSignal.timeout(20_000), () => undefined)
  assert.deepEqual([pass.movedBytes, pass.remainingBytes, pass.lagSeconds], [7, 0, 0])
  const { readFileSync } = await import('node:fs')
  const [json = '', ...rest] = readFileSync(told, 'utf8').trim().split('\n')
  const end = (side: string) => ({ side, address: '192.0.2.1', port: 22, user: 'root' })
  assert.deepEqual(JSON.parse(json), {
    schema: 'lifeboat.hook/1',
    method: 'sync',
    name: 'orders',
    kind: 'final',
    attempt: 3,
    from: end('source'),
    to: end('target'),
  })
  assert.deepEqual(rest, ['Host from', 'Host to', 'canary-4717', worldFolder])
  assert.deepEqual(asked, [{ op: 'act', command: ['true'], deadlineMs: 60_000, attempt: 3, effect: 'hook orders', undo: ['sh', '-c', 'thaw-it'] }])
})

test('a hook that fails, hangs or answers something else is one sentence with its last words, and no secret', async () => {
  const pair = { from: silentSide('source', []), to: silentSide('target', []) }
  const failing = async (sync: string, more: object = {}) => {
    const mover = await hook.connect({ ...settings, name: 'orders', sync, verify: 'true', env: { TOKEN: new Secret('canary-4718') }, ...more })
    return await mover
      .sync(pair, 'repeat', AbortSignal.timeout(20_000), () => undefined)
      .then(
        () => assert.fail('it succeeded'),
        (error: unknown) => [codeOf(error), error instanceof Error ? error.message : ''],
      )
  }
  assert.deepEqual(await failing('echo first >&2; echo "no disk for $TOKEN" >&2; exit 7'), [
    'sync-failed',
    'The hook orders failed at sync (exit 7): no disk for [secret]',
  ])
  assert.deepEqual(await failing('echo done'), ['answer-malformed', 'The hook orders answered sync with something else than lifeboat.hook/1.'])
  const [code, message] = await failing(`echo '{"movedBytes": -1}'`)
  assert.equal(code, 'answer-malformed')
  assert.match(message ?? '', /\(movedBytes: /)
  assert.equal((await failing('sleep 30', { deadline: 1000 }))[0], 'timeout')
})
