// `lifeboat worker` as a process: what it needs, and how it ends.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import test from 'node:test'
import { openDesk } from '../support/cli.ts'
import { openSharedDatabase } from '../support/shared-database.ts'

const page = 'project: shop\nproviders:\n  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }\n'

test('a worker needs a shared database, runs until it is told to end, and a second one of its folder is refused', async (t) => {
  const desk = await openDesk(t)
  const database = await openSharedDatabase(t)
  await desk.write(page)
  const without = await desk.lifeboat(['worker', '--json'])
  assert.equal(without.exitCode, 2)
  assert.match(without.stdout, /"code":"config-invalid","message":"A worker needs `database:` in lifeboat\.yaml;/)

  await desk.write(`${page}database: env:DATABASE_URL\n`)
  const cli = path.join(import.meta.dirname, '../../src/cli.ts')
  const child = spawn(process.execPath, [cli, 'worker'], {
    cwd: desk.folder,
    env: { ...process.env, DATABASE_URL: database.url },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'exit')
  while (!said.includes('Running moves of')) await once(child.stderr, 'data')
  assert.match(said, /Running moves of .+\/shared; Ctrl-C ends it, and others go on\./)

  const second = await desk.lifeboat(['worker', '--json'], { DATABASE_URL: database.url })
  assert.equal(second.exitCode, 4, second.stdout)
  assert.match(second.stdout, new RegExp(`"code":"controller-busy".*process ${child.pid} on `))

  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null], said)
  assert.deepEqual(await database.query('select kind, fenced from lifeboat.executor'), [{ kind: 'worker', fenced: true }])
})
