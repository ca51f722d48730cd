// What a rehearsal leaves out, and what its figures do to the forecast.
import assert from 'node:assert/strict'
import test from 'node:test'
import { forecastEndMs } from '../../src/core/forecast.ts'
import { notRehearsed } from '../../src/core/rehearsal.ts'
import { noFacts, type StoredCheck } from '../../src/core/stored-move.ts'

const command = (text: string): StoredCheck => ({ kind: 'command', command: text, timeoutMs: 1000 })
const http = (url: string): StoredCheck => ({ kind: 'http', url, expect: 200, timeoutMs: 1000 })

test('what a rehearsal cannot try is named with its reason, and all else is tried', () => {
  const tried = [http('http://{address}:8080/'), { kind: 'tcp', port: 80, timeoutMs: 1000 } as const, command('test -s /srv/shop/services.list')]
  const { checks, left } = notRehearsed({
    data: [
      { kind: 'files', name: 'shop', path: '/srv/shop' },
      { kind: 'postgres', name: 'orders' },
    ],
    checks: [
      ...tried,
      http('http://www.shop.example/'),
      command('systemctl is-active shop'),
      { kind: 'sql', sql: 'select 1', data: 'orders', timeoutMs: 1000 },
    ],
  })
  assert.deepEqual(checks, tried)
  assert.deepEqual(left, [
    'orders (postgres)',
    "GET http://www.shop.example/ answers 200 (asks another address than the node's)",
    '`systemctl is-active shop` succeeds (asks systemd)',
    '`select 1` answers on orders (orders is not rehearsed)',
  ])
})

test('a forecast uses what a rehearsal has measured of the start and of the checks', () => {
  const end = forecastEndMs({ ...noFacts, measured: { ...noFacts.measured, startMs: 700, checkMs: 2000 } })
  assert.equal(end - forecastEndMs({ ...noFacts, measured: { ...noFacts.measured, startMs: 700 } }), 2000)
  assert.ok(end > forecastEndMs(noFacts), 'it was assumed to be faster')
})
