// `lifeboat serve` as a process: who may do what over TCP, and what it leaves on the disk.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { openEvidenceLog } from '../../src/watch/log/open.ts'
import { openDesk } from '../support/cli.ts'

const tokens = { reader: 'token-that-reads', operator: 'token-that-operates', approver: 'token-that-approves' }
const hashOf = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`
const page = `project: shop
providers:
  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }
hooks:
  prom: { family: alertmanager, bearer: env:HOOK_TOKEN }
server:
  listen: 127.0.0.1:0
  tokens:
    - { name: reader, scope: read, hash: "${hashOf(tokens.reader)}" }
    - { name: operator, scope: operate, hash: "${hashOf(tokens.operator)}" }
    - { name: approver, scope: approve, hash: "${hashOf(tokens.approver)}" }
`
const alert = (name: string) =>
  JSON.stringify({
    version: '4',
    groupKey: '{}',
    receiver: 'lifeboat',
    alerts: [{ status: 'firing', labels: { alertname: name }, startsAt: new Date().toISOString(), fingerprint: name }],
  })

test('serve takes deliveries and calls of whoever may, refuses the others, and leaves an account of both', async (t) => {
  const desk = await openDesk(t)
  await desk.write(page)
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../../src/cli.ts'), 'serve'], {
    cwd: desk.folder,
    env: { ...process.env, HOOK_TOKEN: 'token-of-prometheus' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'exit')
  while (!said.includes('Serving at')) await Promise.race([once(child.stderr, 'data'), ended.then(() => assert.fail(said))])
  const url = /Serving at (\S+);/.exec(said)?.[1] ?? ''
  const ask = async (method: string, at: string, token: string | null, body?: unknown) => {
    const headers = { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const answer = await fetch(`${url}${at}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.status, text: await answer.text() }
  }
  const status = async (...call: Parameters<typeof ask>) => (await ask(...call)).status

  await t.test('health is open and tells nothing; all else needs a token', async () => {
    assert.deepEqual(await ask('GET', '/healthz', null), { status: 200, text: '{"status":"ok"}' })
    for (const at of ['/api/v1/status', '/metrics', '/events', '/api/v1/none']) assert.equal(await status('GET', at, null), 401, at)
    assert.equal(await status('GET', '/api/v1/status', 'another-token'), 401)
  })
  await t.test('a token does what its scope says and no more', async () => {
    assert.equal(await status('GET', '/api/v1/status', tokens.reader), 200)
    assert.equal(await status('POST', '/api/v1/plan', tokens.reader, { moves: [] }), 403)
    assert.equal(await status('POST', '/api/v1/inventory', tokens.operator, { provider: null }), 200)
    // There is no such move: who may ask hears that.
    assert.equal(await status('POST', '/api/v1/moves/web-1/pause', tokens.operator, {}), 400)
    for (const [at, body] of [
      ['/api/v1/moves/web-1/approve', {}],
      ['/api/v1/moves/web-1/finish', {}],
      ['/api/v1/moves/web-1/drill', { level: 'D3' }],
      ['/api/v1/moves/web-1/standby', { want: 'down' }],
      ['/api/v1/moves/web-1/rollback', { isOff: 'source' }],
      ['/api/v1/moves', { moves: ['web-1'], fingerprint: null, approval: 'at-once' }],
    ] as const) {
      assert.equal(await status('POST', at, tokens.operator, body), 403, at)
      assert.equal(await status('POST', at, tokens.approver, body), 400, at)
    }
  })
  await t.test('nobody ends the controller over TCP, or brings a lifeboat.yaml of their own', async () => {
    assert.equal(await status('POST', '/api/v1/stop', tokens.approver, {}), 403)
    assert.equal(await status('POST', '/api/v1/context', tokens.approver, {}), 403)
    const context = { config: { text: page, baseFolder: '/' }, secrets: {} }
    assert.equal(await status('POST', '/api/v1/plan', tokens.approver, { moves: [], context }), 400)
  })
  await t.test('nobody names a file of the machine over TCP', async () => {
    for (const [at, body, field] of [
      ['/api/v1/report', { move: null, samples: '/etc/passwd', lostWrites: null }, 'samples'],
      ['/api/v1/report/verify', { move: null, against: '/etc/passwd' }, 'against'],
    ] as const) {
      const { status: code, text } = await ask('POST', at, tokens.approver, body)
      assert.deepEqual([code, text.includes(`Over TCP nobody gives ${field}: leave it out.`)], [400, true], text)
    }
  })
  await t.test('a delivery is kept once its key is right', async () => {
    assert.equal(await status('POST', '/hooks/prom', 'token-of-prometheus', alert('NodeDown')), 202)
    assert.deepEqual(await ask('POST', '/hooks/prom', 'another', alert('Forged')), {
      status: 401,
      text: '{"schema":"lifeboat.error/1","code":"delivery-refused","message":"The delivery was refused.","hint":"Compare the key under `hooks:` with the one that the sender has.","details":{}}',
    })
    assert.equal(await status('POST', '/hooks/none', 'token-of-prometheus', alert('x')), 404)
    assert.equal(await status('POST', '/hooks/prom', 'token-of-prometheus', '{}'), 422)
    assert.equal(await status('POST', '/hooks/prom', 'token-of-prometheus', 'x'.repeat(1024 * 1024 + 1)), 413)
  })
  await t.test('a second one, or another program at its address, is told in a sentence', async () => {
    const second = await desk.lifeboat(['serve', '--json'], { HOOK_TOKEN: 'token-of-prometheus' })
    assert.deepEqual([second.exitCode, /"code":"(controller-busy)"/.exec(second.stdout)?.[1]], [4, 'controller-busy'])
    await desk.write(page.replace('127.0.0.1:0', new URL(url).host))
    const other = await desk.lifeboat(['serve', '--json', '--state', 'other'], { HOOK_TOKEN: 'token-of-prometheus' })
    assert.equal(other.exitCode, 2, other.stdout)
    assert.match(other.stdout, /"code":"config-invalid","message":"server\.listen: 127\.0\.0\.1:\d+ cannot be had: .*EADDRINUSE/)
    await desk.write(page)
  })
  await t.test('metrics count deliveries by source and result', async () => {
    const { text } = await ask('GET', '/metrics', tokens.reader)
    for (const [source, result] of [
      ['prom', 'counted'],
      ['prom', 'delivery-refused'],
      ['unknown', 'hook-unknown'],
      ['prom', 'delivery-unreadable'],
    ])
      assert.match(text, new RegExp(`^webhook_total\\{source="${source}",result="${result}"\\} 1$`, 'm'))
  })
  await t.test('commands on the machine use the same controller, and it ends in order', async () => {
    const { exitCode, stdout } = await desk.lifeboat(['status', '--json'], { HOOK_TOKEN: 'token-of-prometheus' })
    assert.deepEqual([exitCode, JSON.parse(stdout)], [0, { schema: 'lifeboat.status/1', moves: [] }])
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null], said)
  })
  await t.test('the account names who asked for what; nothing on the disk or said holds a token', async () => {
    const state = path.join(desk.folder, '.lifeboat')
    const account = await readFile(path.join(state, 'audit.jsonl'), 'utf8')
    const lines = account
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const of = (who: string, what: string) => lines.filter((line) => line['who'] === who && line['what'] === what).map(({ path: at }) => at)
    assert.deepEqual(of('reader', 'refused'), ['/api/v1/plan'])
    assert.deepEqual(of('operator', 'asked'), ['/api/v1/inventory', '/api/v1/moves/web-1/pause'])
    assert.deepEqual(of('approver', 'answered').length, of('approver', 'asked').length)
    assert.ok(of('approver', 'asked').includes('/api/v1/moves/web-1/finish'))
    for (const secret of [...Object.values(tokens), 'token-of-prometheus']) assert.ok(!account.includes(secret) && !said.includes(secret))
    const log = await openEvidenceLog(path.join(state, 'evidence'))
    const kept = await log.read({ from: '2020-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z', kinds: ['signal'] })
    await log.close()
    assert.deepEqual(
      kept.map(({ evidence }) => (evidence.kind === 'signal' ? [evidence.source, evidence.text, evidence.weight] : [])),
      [['prom', 'NodeDown', 1]],
    )
  })
})
