// Two real workers on a shared database, with the state of Pulumi in a bucket: one is killed with -9 in the middle of `up`,
// the other one takes over and ends with one instance.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exec } from '../../src/io/exec.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { freePort } from '../support/dns-server.ts'
import { openSharedDatabase } from '../support/shared-database.ts'
import { bucketOn, canaries, labEnvironment, labImage, makeStateFolder, missing, removeStateFolder, startAws } from './world.ts'

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

// Most of it is waiting until the dead one is surely gone.
const skip = process.env['LIFEBOAT_SCENARIOS'] === 'all' ? missing : 'takes two minutes; LIFEBOAT_SCENARIOS=all runs it'

test('a worker that is killed in the middle of up is followed by another one, and there is one instance', { skip }, async (t) => {
  const signal = AbortSignal.timeout(280_000)
  const [aws, folder] = [await startAws(), await makeStateFolder()]
  t.after(async () => await aws.stop())
  t.after(async () => await removeStateFolder(folder))
  const { backendUrl, list } = await bucketOn(aws)
  const database = await openSharedDatabase(t)
  const env = {
    ...process.env,
    ...labEnvironment,
    DATABASE_URL: database.url,
    PASSPHRASE: canaries.passphrase,
    KEY: canaries.accessKey,
    SECRET: canaries.secretKey,
  }
  await writeFile(
    join(folder, 'lifeboat.yaml'),
    `project: shop
database: env:DATABASE_URL
pulumi: { backend: "${backendUrl}", passphrase: env:PASSPHRASE }
providers:
  old: { kind: static, nodes: [ { name: web-1, address: 127.0.0.1 } ], ssh: { port: ${await freePort()} } }
  new: { kind: aws, region: us-east-1, endpoint: "${aws.url}", accessKey: env:KEY, secretKey: env:SECRET }
moves:
  web-1: { from: { provider: old }, ssh: { address: 127.0.0.1 }, to: { provider: new, size: t3.small, image: ${labImage}, disk: 8 } }
`,
  )

  const lifeboat = async (state: string, ...words: string[]) =>
    await exec(process.execPath, [cli, ...words, '--config', join(folder, 'lifeboat.yaml'), '--state', join(folder, state)], {
      signal,
      deadlineMs: 120_000,
      environment: env,
    })
  const start = async (name: string): Promise<ChildProcess> => {
    await mkdir(join(folder, name))
    const child = spawn(process.execPath, [cli, 'worker', '--config', join(folder, 'lifeboat.yaml'), '--state', join(folder, name)], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    t.after(() => void child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = once(child, 'exit')
    while (!said.includes('Running moves of')) await Promise.race([once(child.stderr, 'data'), ended.then(() => assert.fail(said))])
    return child
  }
  const told = async (text: string, after = 0): Promise<number> =>
    await waitUntil(
      async () => {
        const [row] = await database.query<{ seq: string }>('select seq from lifeboat.journal where seq > $1 and text like $2 order by seq limit 1', [
          after,
          text,
        ])
        return row === undefined ? null : Number(row.seq)
      },
      { what: `A record like ${text}`, deadlineMs: 120_000, everyMs: 50, signal },
    )
  const living = async () => (await aws.instances()).filter(({ state }) => state !== 'terminated')

  const workers = new Map(await Promise.all(['w-1', 'w-2'].map(async (name) => [name, await start(name)] as const)))
  const begun = await lifeboat('commands', 'migrate', '--yes', '--detach')
  assert.equal(begun.exitCode, 0, begun.stdout + begun.stderr)
  const creating = await told('Instance web-1: creating')
  const [holder] = await database.query<{ folder: string }>('select folder from lifeboat.stack_turn join lifeboat.executor on id = executor')
  const name = [...workers.keys()].find((each) => holder?.folder.includes(`/${each}/`)) ?? assert.fail(JSON.stringify(holder))
  workers.get(name)?.kill('SIGKILL')
  const killedAt = performance.now()

  const done = await told('The target answers at %', creating)
  t.diagnostic(`the other one was through ${((performance.now() - killedAt) / 1000).toFixed(0)} s after the kill`)
  assert.ok(done > creating)
  const [instance, ...more] = await living()
  assert.ok(instance && more.length === 0, `${more.length + 1} instances`)
  const records = await database.query<{ text: string }>(`select text from lifeboat.journal where step = 'provision-node' and seq > $1`, [creating])
  t.diagnostic(records.map(({ text }) => text).join(' | '))
  assert.deepEqual(await list('.pulumi/locks/'), [])
  assert.deepEqual(await database.query('select * from lifeboat.engine_run'), [])
})
