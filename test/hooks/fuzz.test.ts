// Bodies that were changed on the way, or made to break what reads them: none that is signed is believed, and nothing falls.
// LIFEBOAT_SCENARIOS=all: 100,000 of them.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { hooks as families } from '../../src/adapters.ts'
import { codeOf, LifeboatError } from '../../src/core/errors.ts'
import type { EvidenceLog } from '../../src/watch/evidence-log.ts'
import type { Delivery, Hook } from '../../src/watch/hooks/hook.ts'
import { openReceiver } from '../../src/watch/hooks/receiver.ts'
import { began, hmac, keys, keysOf, nowhere, receivedAt } from '../conformance/hook.ts'
import { seedOfRun } from '../support/draw.ts'

const runs = process.env['LIFEBOAT_SCENARIOS'] === 'all' ? 100_000 : 4000
const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-fuzz-'))
after(() => rmSync(folder, { recursive: true, force: true }))

type Target = { readonly hook: Hook; readonly delivery: Delivery; readonly signs: boolean }
const [key, login] = [keysOf(['one']), { bearer: keysOf(['one']), basic: undefined }]
const time = String(receivedAt / 1000)
const delivered = (body: string, headers: Record<string, string>): Delivery => ({ headers, query: {}, body: Buffer.from(body), receivedAt })
const carried = (hook: Hook, body: unknown): Target => ({
  hook,
  delivery: delivered(JSON.stringify(body), { authorization: `Bearer ${keys.one}` }),
  signs: false,
})
const signed = (hook: Hook, body: unknown, headers: (text: string) => Record<string, string>): Target => {
  const text = JSON.stringify(body)
  return { hook, delivery: delivered(text, headers(text)), signs: true }
}

const alerts = [
  {
    status: 'firing',
    labels: { alertname: 'x', severity: 'critical', instance: 'web-1:9100' },
    annotations: { summary: 's' },
    startsAt: began,
    endsAt: '',
    fingerprint: 'f',
  },
]
const incident = { id: 'P', title: 't', service: { id: 's', summary: 'web' }, urgency: 'high', priority: { summary: 'P1' } }
const fields = { id: 'e.id', instance: 'e.key', state: 'e.value', at: 'e.at', severity: 'e.s', subjects: ['e.hosts'] }
const states = { firing: ['1'], resolved: ['0'] }
const event = { e: { id: 'i', key: 'k', value: '1', at: began, s: 'high', hosts: ['a', 'b'] } }

const targets: Readonly<Record<string, Target>> = {
  alertmanager: carried(families.alertmanager.open('t', { family: 'alertmanager', ...login }, nowhere), { version: '4', groupKey: '', receiver: 'r', alerts }),
  opsgenie: carried(families.opsgenie.open('t', { family: 'opsgenie', ...login }, nowhere), {
    action: 'Create',
    alert: { alertId: 'a', message: 'm', createdAt: receivedAt },
  }),
  'uptime-kuma': carried(families['uptime-kuma'].open('t', { family: 'uptime-kuma', ...login }, nowhere), {
    heartbeat: { status: 0, time: '2026-03-01 10:00:00.000', msg: 'm' },
    monitor: { id: 1, name: 'n', url: 'https://x.example/' },
  }),
  statuspage: carried(families.statuspage.open('t', { family: 'statuspage', ...login }, nowhere), {
    page: { id: 'p' },
    incident: { id: 'i', name: 'n', status: 'investigating', impact: 'major', created_at: began, updated_at: began },
  }),
  grafana: signed(
    families.grafana.open('t', { family: 'grafana', key, signatureHeader: 'X-S', timestampHeader: 'X-T' }, nowhere),
    { version: '1', groupKey: '', orgId: 1, alerts },
    (text) => ({ 'x-s': hmac(keys.one, `${time}:${text}`, 'hex'), 'x-t': time }),
  ),
  pagerduty: signed(
    families.pagerduty.open('t', { family: 'pagerduty', key }, nowhere),
    { event: { id: 'e', event_type: 'incident.triggered', occurred_at: began, data: incident } },
    (text) => ({ 'x-pagerduty-signature': `v1=${hmac(keys.one, text, 'hex')}` }),
  ),
  'standard-webhooks': signed(
    families['standard-webhooks'].open('t', families['standard-webhooks'].schema.parse({ family: 'standard-webhooks', key: key[0], fields, states }), nowhere),
    event,
    (text) => ({
      'webhook-id': 'm',
      'webhook-timestamp': time,
      'webhook-signature': `v1,${hmac(Buffer.from(keys.one, 'base64'), `m.${time}.${text}`, 'base64')}`,
    }),
  ),
  generic: signed(
    families.generic.open('t', families.generic.schema.parse({ family: 'generic', hmac: { key: key[0], header: 'X-S' }, fields, states }), nowhere),
    event,
    (text) => ({
      'x-s': hmac(keys.one, text, 'hex'),
    }),
  ),
  sns: amazon(),
}

function amazon(): Target {
  const [file, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=x', '-keyout', file, '-out', certificate], {
    stdio: 'ignore',
  })
  const topic = 'arn:aws:sns:eu-west-1:111111111111:a'
  const told = { Message: '{"AlarmName":"a"}', MessageId: 'm', Timestamp: began, TopicArn: topic, Type: 'Notification' }
  const text = Object.entries(told)
    .map(([name, value]) => `${name}\n${value}\n`)
    .join('')
  const Signature = createSign('RSA-SHA256').update(text).sign(readFileSync(file, 'utf8'), 'base64')
  const SigningCertURL = `https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-${'1'.repeat(32)}.pem`
  const pem = readFileSync(certificate, 'utf8')
  const fetch = async (url: string) => await Promise.resolve(url === SigningCertURL ? { status: 200, text: pem } : { status: 404, text: '' })
  const hook = families.sns.open('t', { family: 'sns', topics: [topic] }, { fetch })
  const delivery = { ...delivered(JSON.stringify({ ...told, SignatureVersion: '2', Signature, SigningCertURL }), {}), receivedAt: Date.now() + 1000 }
  return { hook, delivery, signs: true }
}

function isSame({ hook, delivery }: Target, other: Delivery): boolean {
  return isDeepStrictEqual(hook.read(delivery), hook.read(other))
}

/** Values that were never meant. */
const odd = fc.constantFrom<unknown>(
  null,
  [],
  {},
  '',
  0,
  -1,
  1e308,
  9e15,
  true,
  [[[]]],
  'x'.repeat(5000),
  '\u0000',
  '\ud800',
  '0001-01-01T00:00:00Z',
  '+275760-09-13',
  { __proto__: 1 },
  '__proto__',
  'constructor',
)
type Change = { readonly how: number; readonly at: number; readonly by: number; readonly odd: unknown }
const change: fc.Arbitrary<Change> = fc.record({ how: fc.nat(4), at: fc.nat(), by: fc.integer({ min: 1, max: 255 }), odd })

function changed(body: Buffer, { how, at, by, odd: value }: Change): Buffer {
  const place = at % body.length
  if (how === 0) return Buffer.concat([body.subarray(0, place), Buffer.from([(body[place] ?? 0) ^ by]), body.subarray(place + 1)])
  if (how === 1) return body.subarray(0, place)
  if (how === 2) return Buffer.concat([body.subarray(0, place), Buffer.from([by]), body.subarray(place)])
  if (how === 3) return Buffer.concat([body, body.subarray(place)])
  return Buffer.from(JSON.stringify(replaced(JSON.parse(body.toString()) as unknown, at, value)) ?? '')
}

/** The same with one of its values, however deep, exchanged. */
function replaced(value: unknown, nth: number, by: unknown): unknown {
  if (typeof value !== 'object' || value === null) return by
  const names = Object.keys(value)
  const name = names[nth % (names.length + 1)]
  if (name === undefined) return by
  const copy: object = structuredClone(value)
  Reflect.set(copy, name, replaced(Reflect.get(value, name), Math.floor(nth / (names.length + 1)), by))
  return copy
}

test(`of ${runs} changed bodies none that is signed is believed, and none makes anything fall`, async () => {
  const log: EvidenceLog = {
    append: async () => await Promise.resolve([]),
    keepRaw: async () => await Promise.resolve(''),
    read: async () => await Promise.resolve([]),
    close: async () => undefined,
  }
  const hooks = new Map(Object.entries(targets).map(([name, { hook }]) => [name, { family: name, hook, deadMan: null }]))
  const receiver = await openReceiver({ hooks, log, onLog: () => undefined, now: receivedAt })
  for (const [name, { delivery }] of Object.entries(targets)) assert.equal((await receiver.receive(name, delivery)).length, 1, name)

  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(targets)), change, async (name, how) => {
      const target = targets[name]
      assert.ok(target)
      const body = changed(target.delivery.body, how)
      if (body.equals(target.delivery.body)) return
      const changedDelivery = { ...target.delivery, body }
      const outcome = await receiver.receive(name, changedDelivery).then(
        // SNS signs fields: a body that differs in none of them is the same delivery, and repeated.
        (signals) => (name === 'sns' && isSame(target, changedDelivery) && signals.every(({ weight }) => weight === 0) ? 'the same' : 'kept'),
        (error: unknown) => (error instanceof LifeboatError ? codeOf(error) : `defect ${String(error)}`),
      )
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
      const ofSns = ['delivery-refused', 'server-busy', 'the same']
      const allowed = !target.signs ? ['kept', 'delivery-unreadable'] : name === 'sns' ? ofSns : ['delivery-refused']
      assert.ok(allowed.includes(outcome), `${name}: ${outcome}: ${body.toString().slice(0, 500)}`)
    }),
    { numRuns: runs, seed: seedOfRun() },
  )
  console.log(`Outcomes of changed bodies: ${JSON.stringify(Object.fromEntries(seen))}`)
})
