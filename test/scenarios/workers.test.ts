// Workers on a shared database, with real nodes: one is killed in the middle of the first copy, the other one goes on.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { repository } from '../../lab/place.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { finishClean } = await import('../support/ending.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')
const { startProber } = await import('../support/prober.ts')
const { openSharedDatabase } = await import('../support/shared-database.ts')

type Worker = { readonly name: string; readonly child: ChildProcess; readonly said: () => string; readonly ended: Promise<number | null> }

test('a worker that is killed in the first copy is taken over by another one, and the move ends switched', async (t) => {
  // 10 MB at 8 Mbit/s: the copy lasts long enough to be interrupted.
  const data = [{ kind: 'files', path: '/srv/shop', linkMbps: 8 }]
  const scene = await setScene({ config: { database: 'file:secrets/database', moves: { 'web-1': { data } } } })
  t.after(async () => await scene.stop())
  const database = await openSharedDatabase(t)
  writeFileSync(path.join(scene.folder, 'secrets', 'database'), database.url, { mode: 0o600 })

  const start = async (name: string): Promise<Worker> => {
    const words = ['worker', '--config', path.join(scene.folder, 'lifeboat.yaml'), '--state', path.join(scene.folder, name)]
    const child = spawn(process.execPath, [path.join(repository, 'src/cli.ts'), ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    t.after(() => void child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = once(child, 'exit').then(([code]) => code as number | null)
    while (!said.includes('Running moves of')) await Promise.race([once(child.stderr, 'data'), ended.then(() => assert.fail(said))])
    return { name, child, said: () => said, ended }
  }
  const workers = [await start('w-1'), await start('w-2')]
  /** The worker that has the move. */
  const holder = async (): Promise<Worker | undefined> => {
    const [row] = await database.query<{ folder: string }>(
      `select folder from lifeboat.executor join dbos.workflow_status on id = executor_id where status = 'PENDING' and kind = 'worker'`,
    )
    return workers.find(({ name }) => row?.folder.endsWith(`/${name}/worker`))
  }

  const customers = scene.customers(10)
  const prober = startProber(scene)
  const begun = await scene.begin('migrate', '--yes', '--json', '--detach')
  assert.equal(begun.exitCode, 0, begun.stdout + begun.stderr)
  const copies = await scene.record(at('first-sync', 'progress'))
  const first = await holder()
  assert.ok(first)
  const killedAt = performance.now()
  first.child.kill('SIGKILL')
  const again = await scene.record(at('first-sync', 'started'), { after: copies.seq })
  const seconds = (performance.now() - killedAt) / 1000
  t.diagnostic(`taken over after ${seconds.toFixed(1)} s`)
  assert.ok(seconds < 30, `${seconds} s`)
  const second = await holder()
  assert.ok(second && second !== first, 'the other one has it')
  assert.equal((await scene.journal()).filter(at('prepare-node', 'done')).length, 1, 'what was done is not done again')

  // Whoever watches sees what another process writes.
  const watched = await scene.begin('migrate', '--yes', '--json')
  assert.equal(watched.exitCode, 0, watched.stdout.slice(-1500) + watched.stderr)
  assert.ok(watched.stdout.includes('"step":"commit-switch"'))
  assert.ok(again.seq > copies.seq)
  assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  const figures = await customers.stop()
  assert.deepEqual(failedRequests(customers), [])
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })

  await t.test('both have pinned the same host keys, and no controller ran the move', async () => {
    const keys = await database.query<{ host: string }>('select distinct host from lifeboat.host_key order by host')
    assert.deepEqual(
      keys.map(({ host }) => host),
      ['iron/203.0.113.211', 'old/web-1'],
    )
    assert.ok(readFileSync(path.join(scene.folder, second.name, 'worker', 'known_hosts'), 'utf8').includes('old/web-1 '))
    assert.ok(!existsSync(path.join(scene.folder, '.lifeboat', 'known_hosts')))
  })

  await finishClean(scene)
  second.child.kill('SIGTERM')
  assert.equal(await second.ended, 0, second.said())
})
