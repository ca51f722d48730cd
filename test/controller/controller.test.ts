// The controller as a process: started on demand, alone on its state folder, and gone without leaving its database behind.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { connectController, type ControllerClient } from '../../src/controller/client.ts'
import { exec } from '../../src/io/exec.ts'
import { waitUntil } from '../../src/io/wait.ts'

const limit = () => AbortSignal.timeout(90_000)

function stateFolder(t: TestContext): string {
  const state = mkdtempSync(path.join(tmpdir(), 'lifeboat-state-'))
  t.after(() => rmSync(state, { recursive: true, force: true }))
  return state
}

const pidIn = (state: string): number => Number((JSON.parse(readFileSync(path.join(state, 'controller.json'), 'utf8')) as { pid: number }).pid)
const serverPid = (state: string): number => Number(readFileSync(path.join(state, 'db', 'postmaster.pid'), 'utf8').split('\n')[0])
const lives = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))

async function stop(client: ControllerClient, state: string): Promise<void> {
  const pid = pidIn(state)
  await client.post('/api/v1/stop', {}, limit())
  client.close()
  await gone(pid)
}

async function gone(pid: number): Promise<void> {
  await waitUntil(async () => await Promise.resolve(lives(pid) ? null : true), {
    what: `The end of process ${pid}`,
    deadlineMs: 30_000,
    everyMs: 50,
    signal: limit(),
  })
}

test('a command starts a controller, the next one finds the same, and stopping it ends its database too', async (t) => {
  const state = stateFolder(t)
  const first = await connectController({ state, pulumiRoot: null, signal: limit() })
  const pid = pidIn(state)
  const second = await connectController({ state, pulumiRoot: null, signal: limit() })
  assert.equal(((await second.get('/healthz', limit())) as { pid: number }).pid, pid)
  assert.deepEqual(await second.get('/api/v1/status', limit()), { schema: 'lifeboat.status/1', moves: [] })
  for (const folder of ['db', 'pulumi', 'reports']) assert.equal(statSync(path.join(state, folder)).mode & 0o077, 0, folder)
  second.close()
  await stop(first, state)
  assert.ok(!existsSync(path.join(state, 'db', 'postmaster.pid')))
})

test('a controller that was killed leaves its database running, and the next one adopts it', async (t) => {
  const state = stateFolder(t)
  const first = await connectController({ state, pulumiRoot: null, signal: limit() })
  first.close()
  const [pid, server] = [pidIn(state), serverPid(state)]
  process.kill(pid, 'SIGKILL')
  await gone(pid)
  const next = await connectController({ state, pulumiRoot: null, signal: limit() })
  assert.notEqual(pidIn(state), pid)
  assert.equal(serverPid(state), server)
  await stop(next, state)
  assert.ok(!lives(server))
})

test('a second controller on the same state folder refuses with 4 and says who holds it', async (t) => {
  const state = stateFolder(t)
  const first = await connectController({ state, pulumiRoot: null, signal: limit() })
  const main = path.join(import.meta.dirname, '../../src/controller/main.ts')
  const result = await exec(process.execPath, [main, '--state', state], { signal: limit(), deadlineMs: 60_000 })
  assert.equal(result.exitCode, 4)
  assert.match(result.stderr, new RegExp(`controller-busy.*process ${pidIn(state)} on `))
  await stop(first, state)
})

test('a controller does not end as idle while somebody waits for an answer', async (t) => {
  const state = stateFolder(t)
  process.env['LIFEBOAT_IDLE_MS'] = '1500'
  t.after(() => delete process.env['LIFEBOAT_IDLE_MS'])
  // A provider that says nothing for longer than that.
  const held: Socket[] = []
  const silent = createServer((socket) => void held.push(socket.on('error', () => undefined)))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const client = await connectController({ state, pulumiRoot: null, signal: limit() })
  const text = `project: shop\nproviders: { old: { kind: vsphere, url: "https://127.0.0.1:${port}/sdk", user: ops, password: "env:P" } }\n`
  const context = { config: { text, baseFolder: state }, secrets: { 'env:P': 'x' }, who: '' }
  const asked = client.post('/api/v1/inventory', { context, provider: 'old' }, limit())
  setTimeout(() => {
    silent.close()
    for (const socket of held) socket.destroy()
  }, 5000)
  await assert.rejects(asked, { code: 'source-unreachable' })
  await stop(client, state)
})
