// Stacks whose state is in a bucket, changed by processes on several machines (here: with folders of their own) that take
// turns in a database: who waits, and what becomes of a lock whose maker is dead.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runbookVersion } from '../../src/core/runbook.ts'
import { provisioning } from '../../src/app/provisioning.ts'
import { waitUntil } from '../../src/io/wait.ts'
import type { Outputs } from '../../src/providers/provider.ts'
import type { Engine, EngineEvent, StackRequest } from '../../src/provision/engine.ts'
import { executors } from '../../src/workflows/executors.ts'
import { stackTurns } from '../../src/workflows/stack-turns.ts'
import { netLayer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { ownStore } from '../support/own-store.ts'
import {
  authorizedKeys,
  bucketOn,
  engineOn,
  makeStateFolder,
  missing,
  plannedMove,
  processesOn,
  removeStateFolder,
  startAws,
  targetAt,
  type Bucket,
  type SimulatedAws,
} from './world.ts'

const quiet = () => {}

describe('a stack that several processes change', { skip: missing }, () => {
  const signal = AbortSignal.timeout(280_000)
  const { pool, url: databaseUrl } = ownStore('turns')
  const folders: string[] = []
  let aws: SimulatedAws
  let bucket: Bucket
  let net: StackRequest
  let shared: Outputs
  let engines: readonly Engine[]

  before(async () => {
    aws = await startAws()
    bucket = await bucketOn(aws)
    engines = await Promise.all(['a', 'b'].map(async (name) => engineOn(await enter(name), { backendUrl: bucket.backendUrl, turns: stackTurns(pool(), name) })))
    const layer = netLayer('new', targetAt(aws.url), { project: 'shop', run: 'run-1', authorizedKeys })
    assert.ok(layer)
    net = layer
  })

  after(async () => {
    await aws.stop()
    for (const folder of folders) await removeStateFolder(folder)
  })

  it('is brought up by one while the other waits and says for whom, and both end with the same', async () => {
    const events: EngineEvent[] = []
    const ends = await Promise.all(engines.map(async (engine) => await engine.up(net, (event) => void events.push(event), signal)))
    const waited = events.filter(({ state }) => state === 'waiting')
    assert.match(waited[0]?.text ?? '', /^in use by there:[ab]$/)
    assert.equal(new Set(waited.map(({ text }) => text)).size, 1)
    assert.deepEqual(ends[0]?.outputs, ends[1]?.outputs)
    assert.equal(ends.filter(({ changes }) => changes.create > 0).length, 1)
    shared = ends[0]?.outputs ?? {}
  })

  it('whose process died with its machine is left alone while that one may live, and then made whole: one instance', async () => {
    const layer = nodeLayer(plannedMove('web-3'), targetAt(aws.url), { shared, data: {} }, { run: 'run-1', authorizedKeys })
    await loseMachine('c', 'web-3')
    const [lock = '', ...others] = await bucket.list('.pulumi/locks/')
    assert.ok(lock.includes('/node-web-3/') && others.length === 0, lock)
    const [, engine] = engines
    assert.ok(engine)

    const waits = new AbortController()
    const reason = new Error('seen')
    const patient = engine.up(
      layer,
      ({ state, text }) => state === 'waiting' && text === 'in use by there:c' && waits.abort(reason),
      AbortSignal.any([signal, waits.signal]),
    )
    await assert.rejects(patient, reason)
    assert.deepEqual(await bucket.list('.pulumi/locks/'), [lock])

    // Declared dead, and silent for longer than anything that it began can last.
    await pool().query(`update lifeboat.executor set fenced = true, beat = clock_timestamp() - interval '46 s' where id = 'c'`)
    const report = (await engine.recover(layer, targetAt(aws.url).find, signal)).join('\n')
    assert.match(report, /Removed the lock of process \d+ on \S+ from .*; the process is gone\./)
    assert.match(report, /Adopted Instance web-3 \(i-\w+\), which was created before the interruption\./)
    assert.deepEqual(await bucket.list('.pulumi/locks/'), [])
    const { changes } = await engine.up(layer, quiet, signal)
    assert.deepEqual({ replace: changes.replace, delete: changes.delete }, { replace: 0, delete: 0 })
    assert.equal((await livingOf('web-3')).length, 1)
    assert.deepEqual((await pool().query('select * from lifeboat.engine_run')).rows, [])
    assert.deepEqual((await pool().query('select * from lifeboat.stack_turn where executor <> $1', ['c'])).rows, [])
  })

  it('whose process died so has nothing left when its move is rolled back', async () => {
    const [, engine] = engines
    assert.ok(engine)
    await loseMachine('d', 'web-8')
    await pool().query(`update lifeboat.executor set fenced = true, beat = clock_timestamp() - interval '46 s' where id = 'd'`)
    const target = targetAt(aws.url)
    await provisioning({ engine, target, plan: plannedMove('web-8'), identity: 'run-1', authorizedKeys: async () => await Promise.resolve([]) }).deprovision(
      signal,
    )
    assert.deepEqual(await livingOf('web-8'), [])
    assert.deepEqual(await bucket.list('.pulumi/locks/'), [])
  })

  it('that somebody locked who takes no turns with us is theirs, whoever of ours died there before', async () => {
    const [engine] = engines
    assert.ok(engine)
    await pool().query(`insert into lifeboat.engine_run values ('shop/net-new', 'paris', 8, 'elsewhere', 'nobody')`)
    const lock = '.pulumi/locks/organization/shop/net-new/a.json'
    await bucket.put(lock, JSON.stringify({ pid: 7, username: 'ops', hostname: 'paris', timestamp: '2026-11-24T10:00:00Z' }))
    const busy = { code: 'provision-busy', message: /ops@paris \(process 7\) since 2026-11-24T10:00:00Z/ }
    await assert.rejects(engine.up(net, quiet, signal), busy)
    await assert.rejects(engine.destroy(net, quiet, signal), busy)
    assert.deepEqual(await bucket.list('.pulumi/locks/'), [lock])
    // The same lock, by one of ours that is gone.
    await pool().query(`update lifeboat.engine_run set pid = 7 where host = 'paris'`)
    const said: string[] = []
    await engine.up(net, ({ text }) => void said.push(text), signal)
    assert.ok(
      said.some((text) => text.startsWith('Removed the lock of process 7 on paris')),
      said.join(),
    )
    assert.deepEqual(await bucket.list('.pulumi/locks/'), [])
  })

  async function livingOf(move: string) {
    return (await aws.instances()).filter(({ state, tags }) => tags['lifeboat:move'] === move && state !== 'terminated')
  }

  /** A process that takes turns; answers its state folder. */
  async function enter(name: string): Promise<string> {
    await executors(pool(), runbookVersion).enter(name, { folder: `there:${name}`, kind: 'worker', version: runbookVersion })
    const folder = await makeStateFolder()
    folders.push(folder)
    return folder
  }

  /** A process of its own brings up the node of a move; it is killed with its engine and plugins once the instance is there. */
  async function loseMachine(name: string, move: string): Promise<void> {
    const folder = await enter(name)
    const script = fileURLToPath(new URL('up-in-child.ts', import.meta.url))
    const turns = JSON.stringify({ backendUrl: bucket.backendUrl, databaseUrl: databaseUrl(), executor: name })
    const child = spawn(process.execPath, [script, folder, aws.url, move, 't3.small', JSON.stringify(shared)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, LIFEBOAT_TEST_TURNS: turns },
    })
    const gone = once(child, 'exit')
    for await (const line of createInterface({ input: child.stdout })) if (line.includes(`"Instance ${move}","state":"running"`)) break
    const made = async () => ((await aws.instances()).some(({ tags }) => tags['lifeboat:move'] === move) ? true : null)
    await waitUntil(made, { what: 'The instance', deadlineMs: 30_000, everyMs: 50, signal })
    child.kill('SIGKILL')
    for (const { pid } of await processesOn(`${folder}/pulumi/node-${move}`)) process.kill(pid, 'SIGKILL')
    await gone
  }
})
