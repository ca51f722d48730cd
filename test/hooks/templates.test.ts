// What the templates of senders describe is sent, and what their comments say of lifeboat.yaml receives it: over HTTP, into a
// log. Grafana and GitHub themselves are not here; what they do with these files is done as their documentation has it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { promisify } from 'node:util'
import fastify from 'fastify'
import { parse } from 'yaml'
import { z } from 'zod'
import { kinds } from '../../src/adapters.ts'
import { openHooks } from '../../src/app/watch/hooks.ts'
import { parseConfig } from '../../src/config/load.ts'
import { bindSecrets } from '../../src/config/references.ts'
import type { Signal } from '../../src/core/evidence.ts'
import { Secret } from '../../src/core/secret.ts'
import { hookRoute } from '../../src/server/hooks.ts'
import { openReceiver, type Receiver } from '../../src/watch/hooks/receiver.ts'
import { nowhere } from '../conformance/hook.ts'
import { evidenceIn, openEvidenceFile } from '../support/evidence-file.ts'

const key = 'a-key-of-the-templates'
const templateOf = (name: string) => readFileSync(path.join(import.meta.dirname, '../../templates', name), 'utf8')

/** The lines of lifeboat.yaml that stand in the comments of a template. */
function otherSideOf(template: string): string {
  const lines = template.split('\n')
  const from = lines.indexOf('#   hooks:')
  const to = lines.findIndex((line, at) => at > from && !line.startsWith('#   '))
  return lines
    .slice(from, to)
    .map((line) => line.slice(4))
    .join('\n')
}

type Receiving = { readonly folder: string; readonly url: string; readonly receiver: Receiver; readonly signals: () => Promise<readonly Signal[]> }

async function receiving(t: TestContext, template: string): Promise<Receiving> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-templates-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const text = `project: shop\nproviders:\n  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }\n${otherSideOf(template)}\n`
  const { document } = parseConfig({ text, baseFolder: '/srv' }, kinds)
  const hooks = openHooks(bindSecrets(document, new Map([['env:LIFEBOAT_HOOK_KEY', new Secret(key)]])), nowhere)
  const log = await openEvidenceFile(folder)
  const receiver = await openReceiver({ hooks, log, onLog: () => undefined, now: Date.now() })
  const server = fastify({ forceCloseConnections: true })
  void server.register(hookRoute({ ...receiver, sources: [...hooks.keys()], close: () => undefined }, { webhook: () => undefined }))
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await server.close()
    await log.close()
  })
  const signals = async () => (await evidenceIn(folder)).flatMap(({ evidence }) => (evidence.kind === 'signal' ? [evidence] : []))
  return { folder, url, receiver, signals }
}

const seen = ({ source, state, weight, text, subjects, auth: { scheme } }: Signal) => [source, scheme, state, weight, text, subjects]

const provisioning = z.object({
  apiVersion: z.literal(1),
  contactPoints: z.tuple([
    z.object({
      name: z.string(),
      receivers: z.tuple([
        z.object({
          type: z.literal('webhook'),
          disableResolveMessage: z.literal(false),
          settings: z.strictObject({
            url: z.url(),
            httpMethod: z.literal('POST'),
            hmacConfig: z.strictObject({ secret: z.string(), header: z.string(), timestampHeader: z.string() }),
          }),
        }),
      ]),
    }),
  ]),
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          uid: z.string().max(40),
          title: z.string(),
          condition: z.string(),
          data: z.array(z.object({ refId: z.string(), datasourceUid: z.string() })).min(1),
          labels: z.record(z.string(), z.string()),
          annotations: z.record(z.string(), z.string()),
          notification_settings: z.object({ receiver: z.string() }),
        }),
      ),
    }),
  ),
})

test('a Grafana that is provisioned by our template is believed, tells of a node and of its end, and is the dead man that it promises to be', async (t) => {
  const template = templateOf('grafana-alerting.yml')
  const { url, receiver, signals } = await receiving(t, template)
  const { contactPoints, groups } = provisioning.parse(parse(template))
  const [{ name, receivers }] = contactPoints
  const { hmacConfig, url: told } = receivers[0].settings
  const rules = groups.flatMap((group) => group.rules)
  for (const { notification_settings: to, condition, data } of rules) {
    assert.equal(to.receiver, name)
    assert.ok(data.some(({ refId }) => refId === condition))
  }
  // Of its alerting, http/hmac.go: `<seconds>:<body>`.
  const send = async (title: string, status: 'firing' | 'resolved', more: Record<string, string> = {}) => {
    const rule = rules.find((each) => each.title === title)
    assert.ok(rule !== undefined, title)
    const labels = { alertname: title, ...rule.labels, ...more }
    const summary = rule.annotations['summary']?.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => more[label] ?? '')
    const [startsAt, endsAt] = [began, status === 'resolved' ? new Date().toISOString() : '0001-01-01T00:00:00Z']
    const alert = { status, labels, annotations: { summary }, startsAt, endsAt, fingerprint: title }
    const body = JSON.stringify({ version: '1', groupKey: '{}', orgId: 1, receiver: name, status, state: 'alerting', title, message: '', alerts: [alert] })
    const time = String(Math.floor(Date.now() / 1000))
    const secret = hmacConfig.secret === '$LIFEBOAT_HOOK_KEY' ? key : hmacConfig.secret
    const signature = createHmac('sha256', secret).update(`${time}:${body}`).digest('hex')
    const headers = { 'content-type': 'application/json', [hmacConfig.header]: signature, [hmacConfig.timestampHeader]: time }
    return (await fetch(`${url}${new URL(told).pathname}`, { method: 'POST', headers, body })).status
  }
  const began = new Date(Date.now() - 1000).toISOString()
  const node = { instance: 'web-1:9100' }
  assert.deepEqual([await send('NodeDown', 'firing', node), await send('NodeDown', 'resolved', node)], [202, 202])
  assert.deepEqual((await signals()).map(seen), [
    ['grafana', 'hmac', 'firing', 1, 'NodeDown: web-1:9100 is down', ['web-1']],
    ['grafana', 'hmac', 'resolved', 1, 'NodeDown: web-1:9100 is down', ['web-1']],
  ])
  await receiver.look(Date.now() + 601_000)
  assert.equal((await signals()).at(-1)?.state, 'blind')
  assert.equal(await send('Watchdog', 'firing'), 202)
  await receiver.look(Date.now())
  assert.match((await signals()).at(-1)?.text ?? '', /^Watchdog of grafana comes again/)
})

const workflow = z.object({
  on: z.object({ schedule: z.tuple([z.object({ cron: z.string() })]) }),
  permissions: z.strictObject({}),
  jobs: z.object({
    look: z.object({
      env: z.record(z.string(), z.string()),
      steps: z.tuple([
        z.object({ id: z.literal('service'), 'continue-on-error': z.literal(true), env: z.record(z.string(), z.string()), run: z.string() }),
        z.object({ id: z.literal('tell'), env: z.record(z.string(), z.string()), run: z.string() }),
      ]),
    }),
  }),
})

test('the steps of our workflow for GitHub Actions, run as they stand, tell of a service that fails and of its return, with the key in no argument', async (t) => {
  const template = templateOf('github-actions.yml')
  const { folder, url, signals } = await receiving(t, template)
  const { env: ofJob, steps } = workflow.parse(parse(template)).jobs.look
  let status = 500
  const service = http.createServer((_request, reply) => reply.writeHead(status).end())
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  t.after(() => service.close())
  const known: Record<string, string> = {
    'vars.MOVE': 'web-1',
    'vars.SERVICE_URL': `http://127.0.0.1:${(service.address() as AddressInfo).port}/health`,
    'vars.LIFEBOAT_HOOK_URL': `${url}/hooks/actions`,
    'secrets.LIFEBOAT_HOOK_KEY': key,
    'github.run_attempt': '1',
  }
  const valueOf = (text: string): string =>
    text.replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_, name: string) => known[name] ?? assert.fail(`${name} is not known to GitHub`))
  const run = async ({ env, run: script }: (typeof steps)[number]): Promise<boolean> => {
    const own = Object.fromEntries(Object.entries({ ...ofJob, ...env }).map(([name, text]) => [name, valueOf(text)]))
    // As the runner does; `-x` shows all arguments. A pause between two looks is not waited for.
    const options = { cwd: folder, env: { PATH: process.env['PATH'], ...own } }
    const { failed, said } = await promisify(execFile)('bash', ['-ex', '-c', script.replace('sleep 5', 'sleep 0')], options).then(
      ({ stderr }) => ({ failed: false, said: stderr }),
      (error: { readonly stderr: string }) => ({ failed: true, said: error.stderr }),
    )
    assert.ok(!said.includes(key), said)
    return !failed
  }
  for (const [answer, nth] of [
    [500, '1'],
    [200, '2'],
  ] as const) {
    status = answer
    known['github.run_id'] = nth
    known['steps.service.outcome'] = (await run(steps[0])) ? 'success' : 'failure'
    assert.ok(await run(steps[1]), 'the delivery is taken')
  }
  assert.deepEqual((await signals()).map(seen), [
    ['actions', 'hmac', 'firing', 1, 'web-1 does not answer', ['web-1']],
    ['actions', 'hmac', 'resolved', 1, 'web-1 answers', ['web-1']],
  ])
  known['secrets.LIFEBOAT_HOOK_KEY'] = 'another'
  assert.ok(!(await run(steps[1])), 'one that is not believed fails the job')
})
