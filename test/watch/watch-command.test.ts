// `lifeboat watch` as a process: what it prints, what it keeps, and how it ends.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import test, { type TestContext } from 'node:test'
import { evidenceSchema } from '../../src/core/evidence.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { openEvidenceLog } from '../../src/watch/log/open.ts'
import { openDesk, type Desk } from '../support/cli.ts'
import { startSshd, type SshServer } from '../support/sshd.ts'
import { startWebServer } from '../support/web-server.ts'

const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')

/** A move of a node that this sshd is, with a check and a control target of their own. */
async function moveOf(t: TestContext, desk: Desk, sshd: SshServer): Promise<void> {
  const key = await sshd.makeKey('watcher')
  await sshd.authorize(key)
  const web = await startWebServer(t, (_, answer) => void answer.end('well'))
  await desk.write(`project: shop
providers:
  old: { kind: static, nodes: [ { name: web-1, address: 127.0.0.1 } ], ssh: { user: ${sshd.user}, key: "file:${key}" } }
  new: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 } ] }
moves:
  web-1:
    from: { provider: old, name: web-1 }
    to: { provider: new }
    ssh: { address: 127.0.0.1, port: ${sshd.port} }
    data: [ { kind: files, path: ${sshd.folder} } ]
    checks: [ { http: "${web.url}", expect: 200 } ]
watch: { interval: 1s, controls: [ "${web.url}" ], observers: [ { name: paris, failureDomain: ovh } ] }
`)
}

/** Runs it until Ctrl-C; `said` and `answered` grow meanwhile. */
function start(t: TestContext, desk: Desk, args: readonly string[]) {
  const child = spawn(process.execPath, [cli, 'watch', ...args], {
    cwd: desk.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SSH_AUTH_SOCK: '' },
  })
  t.after(() => void child.kill('SIGKILL'))
  const [answered, said]: [string[], string[]] = [[], []]
  createInterface(child.stdout).on('line', (line) => answered.push(line))
  createInterface(child.stderr).on('line', (line) => said.push(line))
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    const ask = async () => await Promise.resolve(isSo() || child.exitCode !== null ? true : null)
    await waitUntil(ask, { what, deadlineMs: 90_000, everyMs: 50, signal: t.signal })
    assert.ok(isSo(), [...answered, ...said].join('\n'))
  }
  const end = async (): Promise<number> => {
    child.kill('SIGINT')
    return Number(((await once(child, 'close')) as [number | null])[0])
  }
  return { answered, said, until, end }
}

test('with --json every sample is a line, and what was printed is what was kept', async (t) => {
  const desk = await openDesk(t)
  await moveOf(t, desk, await startSshd(t))
  const { answered, said, until, end } = start(t, desk, ['--json'])
  await until('a second round on the kept connection', () => answered.some((line) => line.includes('"connection":"kept"')))
  assert.equal(await end(), 0)
  assert.match(said.join('\n'), /paris watches 1 node every 1 s; Ctrl-C ends it\./)
  const records = answered.map((line) => {
    const { schema, ...evidence } = JSON.parse(line) as { schema: string }
    assert.equal(schema, 'lifeboat.evidence/1')
    return evidenceSchema.parse(evidence)
  })
  const told = new Set(records.flatMap((each) => (each.kind === 'sample' ? [`${each.role} ${each.rung} ${each.outcome}`] : [])))
  for (const each of ['tcp', 'banner', 'kex', 'auth', 'exec', 'fsync', 'echo', 'app'])
    assert.ok(told.has(`node ${each} ok`), `${each}: ${[...told].join(', ')}`)
  for (const each of ['control tcp ok', 'control app ok', 'node view unknown']) assert.ok(told.has(each), each)
  const log = await openEvidenceLog(path.join(desk.folder, '.lifeboat', 'evidence'))
  const kept = await log.read({ from: '2000-01-01T00:00:00.000Z', to: '2999-01-01T00:00:00.000Z' })
  await log.close()
  assert.deepEqual(new Set(kept.map(({ evidence }) => JSON.stringify(evidenceSchema.parse(evidence)))), new Set(records.map((each) => JSON.stringify(each))))
})

test('one line for each change of what it thinks of a node: well, gray when sshd stops, and well again', async (t) => {
  const desk = await openDesk(t)
  const sshd = await startSshd(t)
  await moveOf(t, desk, sshd)
  const { answered, until, end } = start(t, desk, [])
  await until('the first word', () => answered.length === 1)
  assert.match(answered[0] ?? '', /^\S+Z web-1 healthy$/)
  process.kill(sshd.pid(), 'SIGSTOP')
  await until('the second word', () => answered.length === 2)
  process.kill(sshd.pid(), 'SIGCONT')
  assert.match(answered[1] ?? '', /^\S+Z web-1 gray: consistent with process \(banner fail\)$/)
  await until('the third word', () => answered.length >= 3)
  assert.match(answered.at(-1) ?? '', /^\S+Z web-1 healthy$/)
  assert.equal(await end(), 0)
})

test('what cannot be watched is said in one sentence', async (t) => {
  const desk = await openDesk(t)
  await desk.write('project: shop\nproviders: { old: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 } ] } }\n')
  const nothing = await desk.lifeboat(['watch'])
  assert.equal(nothing.exitCode, 2)
  assert.match(nothing.stderr, /There is no move in lifeboat\.yaml, and so no node to watch\./)
  const nobody = await desk.lifeboat(['watch', '--observer', 'oslo'])
  assert.equal(nobody.exitCode, 2)
  assert.match(nobody.stderr, /There is no observer oslo under `watch\.observers:`/)
})
