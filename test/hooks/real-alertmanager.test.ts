// A real Alertmanager, set up by our own template but for its addresses, its token and the pause between two messages.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import fastify from 'fastify'
import { Secret } from '../../src/core/secret.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { hookRoute } from '../../src/server/hooks.ts'
import type { EvidenceLog } from '../../src/watch/evidence-log.ts'
import { alertmanager } from '../../src/watch/hooks/alertmanager.ts'
import { openReceiver } from '../../src/watch/hooks/receiver.ts'
import { nowhere } from '../conformance/hook.ts'
import { evidenceIn, openEvidenceFile } from '../support/evidence-file.ts'

const root = path.join(import.meta.dirname, '../..')
/** Debian's looks for its templates at a fixed place. */
const start = `mount -t overlay -o lowerdir=$1/usr/share:/usr/share overlay /usr/share; shift; exec "$@"`
const unpacked = path.join(root, '.lab/alertmanager')
const token = 'token-of-prometheus'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('an Alertmanager that is set up by our template delivers an alert and its end, and comes again after a 503', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-alertmanager-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const log = await openEvidenceFile(folder)
  t.after(async () => await log.close())
  let refusals = 0
  const full: EvidenceLog = {
    ...log,
    append: async (evidence) => {
      if (refusals > 0) return await log.append(evidence)
      refusals += 1
      throw new Error('The disk is full.')
    },
  }
  const hook = alertmanager.open('prom', { family: 'alertmanager', bearer: [new Secret(token)], basic: undefined }, nowhere)
  const hooks = new Map([['prom', { family: 'alertmanager', hook, deadMan: null }]])
  const receiver = { ...(await openReceiver({ hooks, log: full, onLog: () => undefined, now: Date.now() })), sources: ['prom'], close: async () => undefined }
  const results: string[] = []
  const server = fastify({ forceCloseConnections: true })
  void server.register(hookRoute(receiver, { webhook: (_source, result) => void results.push(result) }))
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => await server.close())

  writeFileSync(path.join(folder, 'token'), token)
  const page = readFileSync(path.join(root, 'templates/alertmanager.yml'), 'utf8')
    .replace('http://127.0.0.1:8420', url)
    .replace('/etc/alertmanager/lifeboat.token', path.join(folder, 'token'))
    .replace('group_interval: 30s', 'group_interval: 1s')
  writeFileSync(path.join(folder, 'alertmanager.yml'), page)
  const api = `http://127.0.0.1:${await freePort()}`
  const flags = [
    `--config.file=${folder}/alertmanager.yml`,
    `--storage.path=${folder}/data`,
    `--web.listen-address=${new URL(api).host}`,
    '--cluster.listen-address=',
  ]
  const program = `${unpacked}/usr/bin/prometheus-alertmanager`
  const apart = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', 'sh', '-euc', start, 'sh', realpathSync(unpacked)]
  const child = spawn('setpriv', [...apart, program, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  t.after(() => void child.kill('SIGKILL'))

  const until = async (what: string, isSo: () => Promise<boolean>) =>
    await waitUntil(async () => ((await isSo().catch(() => false)) ? true : null), {
      what: `${what} (${said.slice(-1000)})`,
      deadlineMs: 60_000,
      everyMs: 100,
      signal: AbortSignal.timeout(70_000),
    })
  await until('A start of Alertmanager', async () => (await fetch(`${api}/-/ready`)).ok)
  const [startsAt, labels] = [new Date().toISOString(), { alertname: 'NodeDown', severity: 'critical', instance: 'web-1:9100' }]
  const post = async (endsAt?: string) => {
    const alert = { labels, annotations: { summary: 'web-1 is down' }, startsAt, ...(endsAt === undefined ? {} : { endsAt }) }
    const { status } = await fetch(`${api}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([alert]) })
    assert.equal(status, 200)
  }
  const told = async () => (await evidenceIn(folder)).flatMap(({ evidence }) => (evidence.kind === 'signal' ? [evidence] : []))

  await post()
  await until('The alert', async () => (await told()).length > 0)
  const [firing] = await told()
  assert.deepEqual(
    [firing?.state, firing?.weight, firing?.text, firing?.subjects, firing?.occurredAt],
    ['firing', 1, 'NodeDown: web-1 is down', ['web-1'], startsAt],
  )
  assert.deepEqual(results.slice(0, 2), ['server-busy', 'counted'])
  await post(new Date().toISOString())
  await until('The end of the alert', async () => (await told()).some(({ state }) => state === 'resolved'))
  const resolved = (await told()).find(({ state }) => state === 'resolved')
  assert.deepEqual([resolved?.weight, resolved?.instanceKey], [1, firing?.instanceKey])
})
