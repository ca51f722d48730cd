// From a delivery to evidence on the disk.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import type { Signal } from '../../src/core/evidence.ts'
import { Secret } from '../../src/core/secret.ts'
import type { EvidenceLog } from '../../src/watch/evidence-log.ts'
import { alertmanager } from '../../src/watch/hooks/alertmanager.ts'
import { openReceiver, type OpenHook } from '../../src/watch/hooks/receiver.ts'
import { nowhere } from '../conformance/hook.ts'
import { evidenceIn, openEvidenceFile } from '../support/evidence-file.ts'

type Test = { readonly after: (act: () => void) => void }

const start = Date.UTC(2026, 2, 1, 10)
const at = (seconds: number) => start + seconds * 1000
const iso = (seconds: number) => new Date(at(seconds)).toISOString()
const hook = alertmanager.open('prom', { family: 'alertmanager', bearer: [new Secret('a-token-of-the-test')], basic: undefined }, nowhere)
const hooks = new Map<string, OpenHook>([['prom', { family: 'alertmanager', hook, deadMan: { alarm: 'Watchdog', within: 60_000 } }]])

type Alert = { readonly name: string; readonly began: number; readonly ended?: number }
function delivery(receivedAt: number, ...alerts: Alert[]) {
  const body = {
    version: '4',
    groupKey: '{}',
    receiver: 'lifeboat',
    alerts: alerts.map(({ name, began, ended }) => ({
      status: ended === undefined ? 'firing' : 'resolved',
      labels: { alertname: name, severity: 'critical', instance: 'web-1:9100' },
      startsAt: iso(began),
      endsAt: ended === undefined ? '0001-01-01T00:00:00Z' : iso(ended),
      fingerprint: name,
    })),
  }
  return { headers: { authorization: 'Bearer a-token-of-the-test' }, query: {}, body: Buffer.from(JSON.stringify(body)), receivedAt: at(receivedAt) }
}

function ownFolder(t: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-hooks-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
const opened = async (log: EvidenceLog, now = 0) => await openReceiver({ hooks, log, onLog: () => undefined, now: at(now) })
const weights = (signals: readonly Signal[]) => signals.map(({ state, weight, dropReason = '' }) => [state, weight, dropReason])

test('a delivery is on the disk when it was taken; its retry, a heartbeat and what comes late are kept and count for nothing', async (t) => {
  const folder = ownFolder(t)
  const log = await openEvidenceFile(folder)
  const receiver = await opened(log)
  const down = { name: 'NodeDown', began: 0 }
  const [first] = await receiver.receive('prom', delivery(10, down))
  const [onDisk] = await evidenceIn(folder)
  assert.deepEqual(onDisk?.evidence, first)
  assert.deepEqual(
    { ...first, id: '', deliveryKey: '', rawSha256: '' },
    {
      kind: 'signal',
      at: iso(10),
      id: '',
      source: 'prom',
      family: 'alertmanager',
      deliveryKey: '',
      rawSha256: '',
      alarm: 'NodeDown',
      instanceKey: `NodeDown ${iso(0)}`,
      state: 'firing',
      severity: 'critical',
      occurredAt: iso(0),
      subjects: ['web-1'],
      text: 'NodeDown',
      auth: { scheme: 'bearer', keyId: 'current', ok: true },
      weight: 1,
    },
  )
  assert.deepEqual(weights(await receiver.receive('prom', delivery(20, down))), [['firing', 0, 'The same delivery was kept before.']])
  const more = await receiver.receive('prom', delivery(30, down, { name: 'DiskFull', began: 25 }))
  assert.deepEqual(weights(more), [
    ['firing', 0, 'It was firing already.'],
    ['firing', 1, ''],
  ])
  assert.deepEqual(weights(await receiver.receive('prom', delivery(40, { ...down, ended: 35 }))), [['resolved', 1, '']])
  assert.deepEqual(weights(await receiver.receive('prom', delivery(50, down, down))).at(0), ['firing', 0, 'Something newer of the same instance came before.'])
  assert.deepEqual(weights(await receiver.receive('prom', delivery(400, { name: 'Late', began: 279 }))), [['firing', 0, 'It is of more than 120 s ago.']])
  assert.equal((await evidenceIn(folder)).length, 8)
  await log.close()
})

test('whoever starts anew knows from the log what was kept before', async (t) => {
  const folder = ownFolder(t)
  const log = await openEvidenceFile(folder)
  await (await opened(log)).receive('prom', delivery(10, { name: 'NodeDown', began: 0 }))
  await log.close()
  const again = await openEvidenceFile(folder)
  const receiver = await opened(again, 20)
  assert.deepEqual(weights(await receiver.receive('prom', delivery(30, { name: 'NodeDown', began: 0 }))), [['firing', 0, 'The same delivery was kept before.']])
  assert.deepEqual(weights(await receiver.receive('prom', delivery(40, { name: 'NodeDown', began: 0, ended: 35 }))), [['resolved', 1, '']])
  await again.close()
})

test('what could not be kept is refused as busy, and its retry counts', async (t) => {
  const log = await openEvidenceFile(ownFolder(t))
  let isFull = true
  const full: EvidenceLog = { ...log, append: async (evidence) => (isFull ? await Promise.reject(new Error('no space')) : await log.append(evidence)) }
  const receiver = await opened(full)
  const busy = (error: unknown) => error instanceof LifeboatError && error.code === 'server-busy'
  await assert.rejects(receiver.receive('prom', delivery(10, { name: 'NodeDown', began: 0 })), busy)
  isFull = false
  assert.deepEqual(weights(await receiver.receive('prom', delivery(20, { name: 'NodeDown', began: 0 }))), [['firing', 1, '']])
  await log.close()
})

test('a log that hangs makes nobody wait for longer than a second, and no more than 256 at once', async (t) => {
  const log = await openEvidenceFile(ownFolder(t))
  const hanging: EvidenceLog = { ...log, append: async () => await new Promise(() => undefined) }
  const receiver = await opened(hanging)
  const began = performance.now()
  const all = await Promise.allSettled(
    Array.from({ length: 300 }, async (_, nth) => await receiver.receive('prom', delivery(10, { name: `a${nth}`, began: 0 }))),
  )
  const reasons = all.map((each) => (each.status === 'rejected' ? String(each.reason) : 'kept'))
  assert.ok(performance.now() - began >= 990)
  assert.equal(reasons.filter((each) => each.includes('256 deliveries are worked on')).length, 44)
  assert.equal(reasons.filter((each) => each.includes('was not kept within 1 s')).length, 256)
  await log.close()
})

test('an alarm that comes and goes has no vote until it has been quiet', async (t) => {
  const log = await openEvidenceFile(ownFolder(t))
  const receiver = await opened(log)
  const votes: number[] = []
  for (let nth = 0; nth < 6; nth += 1) {
    const began = nth * 60
    votes.push(...(await receiver.receive('prom', delivery(began + 10, { name: 'Flappy', began }))).map(({ weight }) => weight))
    votes.push(...(await receiver.receive('prom', delivery(began + 40, { name: 'Flappy', began, ended: began + 30 }))).map(({ weight }) => weight))
  }
  assert.deepEqual(votes, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  assert.deepEqual(weights(await receiver.receive('prom', delivery(20_000, { name: 'Flappy', began: 19_990 }))), [['firing', 1, '']])
  await log.close()
})

test('a watchdog that stays away makes monitoring blind, never a node down', async (t) => {
  const log = await openEvidenceFile(ownFolder(t))
  const receiver = await opened(log)
  const blind = async () =>
    (await log.read({ from: iso(0), to: iso(999), kinds: ['signal'] })).flatMap(({ evidence }) =>
      evidence.kind === 'signal' && evidence.auth.scheme === 'none' ? [[evidence.state, evidence.weight]] : [],
    )
  await receiver.look(at(60))
  assert.deepEqual(await blind(), [])
  await receiver.receive('prom', delivery(61, { name: 'Watchdog', began: -9000 }))
  await receiver.look(at(121))
  assert.deepEqual(await blind(), [])
  await receiver.look(at(122))
  await receiver.look(at(130))
  assert.deepEqual(await blind(), [['blind', 0]])
  await receiver.receive('prom', delivery(140, { name: 'Watchdog', began: -9000 }))
  await receiver.look(at(141))
  assert.deepEqual(await blind(), [
    ['blind', 0],
    ['info', 0],
  ])
  await log.close()
})
