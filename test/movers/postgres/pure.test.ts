import assert from 'node:assert/strict'
import { createHmac, createHash, pbkdf2Sync } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../../../src/core/errors.ts'
import { marks, parseControl } from '../../../src/movers/postgres/control.ts'
import { parseLsn, showLsn } from '../../../src/movers/postgres/lsn.ts'
import { scramVerifier } from '../../../src/movers/postgres/scram.ts'

test('a position in the log is read as PostgreSQL writes it, in order, and written back the same', () => {
  assert.equal(parseLsn('16/B374D848'), 0x16_b374_d848n)
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (a, b) => {
      assert.equal(parseLsn(showLsn(a)), a)
      assert.equal(parseLsn(showLsn(a)) < parseLsn(showLsn(b)), a < b)
    }),
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(text.trim()))
      assert.throws(() => parseLsn(text), /no position/)
    }),
  )
})

const printed = (changed: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    'pg_control version number': '1300',
    'Database system identifier': '7712588936654665447',
    'Database cluster state': 'shut down',
    'pg_control last modified': 'Thu 26 Nov 2026 09:41:20 PM UTC',
    'Latest checkpoint location': '0/3000028',
    "Latest checkpoint's TimeLineID": '2',
    'wal_log_hints setting': 'off',
    'Data page checksum version': '0',
    ...changed,
  })
    .map(([name, value]) => `${`${name}:`.padEnd(38)}${value}\n`)
    .join('')

test('what pg_controldata prints is read: state, last record, timeline, and whether a rewind is possible', () => {
  assert.deepEqual(parseControl(printed()), {
    state: 'shut down',
    timeline: 2,
    checkpoint: 0x300_0028n,
    hasChecksums: false,
    hasHints: false,
    isReplica: false,
    runs: false,
  })
  const other = parseControl(printed({ 'Data page checksum version': '1', 'wal_log_hints setting': 'on' }))
  assert.deepEqual([other.hasChecksums, other.hasHints], [true, true])
  const marked = parseControl(printed({ [marks.isReplica]: 'yes' }))
  assert.deepEqual([marked.isReplica, marked.runs], [true, false])
})

test('a line that is missing is named, and nothing else is made of any text', () => {
  const without = printed().replace(/Latest checkpoint location.*\n/, '')
  assert.throws(() => parseControl(without), /tells no "Latest checkpoint location"/)
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(
        () => parseControl(text),
        (error) => codeOf(error) === 'answer-malformed',
      )
    }),
  )
})

test('the verifier of a password lets that password in and no other one', () => {
  const proves = (verifier: string, password: string): boolean => {
    const [, iterations, salt, storedKey] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier) ?? []
    const salted = pbkdf2Sync(password, Buffer.from(salt ?? '', 'base64'), Number(iterations), 32, 'sha256')
    const clientKey = createHmac('sha256', salted).update('Client Key').digest()
    return createHash('sha256').update(clientKey).digest('base64') === storedKey
  }
  const verifier = scramVerifier('0123abcd', Buffer.alloc(16, 7))
  assert.ok(proves(verifier, '0123abcd'))
  assert.ok(!proves(verifier, '0123abce'))
})
