// What database servers say of themselves, read by the movers of Redis and MariaDB.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../../src/core/errors.ts'
import { readAnswer } from '../../src/movers/hook/answers.ts'
import * as mysql from '../../src/movers/mysql/replies.ts'
import * as redis from '../../src/movers/redis/replies.ts'

const word = fc.stringMatching(/^[a-z_]{1,12}$/)
const value = fc.stringMatching(/^[ -~]{0,20}$/)
const codeFrom = (act: () => unknown): string => {
  try {
    act()
    return 'none'
  } catch (error) {
    return codeOf(error)
  }
}

test('INFO is read whatever its values are, headings are not', () => {
  fc.assert(
    fc.property(fc.dictionary(word, value), fc.constantFrom('\n', '\r\n'), (fields, end) => {
      const text = ['# Replication', ...Object.entries(fields).map(([name, of]) => `${name}:${of}`), ''].join(end)
      assert.deepEqual(Object.fromEntries(redis.readInfo(text)), { ...fields })
    }),
  )
})

test('settings are read in pairs, empty ones too', () => {
  fc.assert(
    fc.property(fc.dictionary(word, value), (settings) => {
      assert.deepEqual(Object.fromEntries(redis.readSettings(Object.entries(settings).flat().concat('').join('\n'))), { ...settings })
    }),
  )
})

test('a replica stands where it has done what it was sent; what tells no position is refused', () => {
  const info = (text: string) => redis.readInfo(text.replaceAll(' ', '\n'))
  assert.deepEqual(
    redis.positionIn(
      info(
        'role:slave master_host:127.0.0.1 master_port:26379 master_link_status:up slave_repl_offset:90 master_replid:ab master_repl_offset:100 total_net_repl_input_bytes:500',
      ),
    ),
    { history: 'ab', offset: 90, follows: '127.0.0.1:26379', isLinked: true, received: 500 },
  )
  assert.deepEqual(redis.positionIn(info('role:master master_replid:cd master_repl_offset:7')), {
    history: 'cd',
    offset: 7,
    follows: null,
    isLinked: false,
    received: 0,
  })
  for (const text of ['', 'role:master', 'role:master master_repl_offset:many'])
    assert.equal(
      codeFrom(() => redis.positionIn(info(text))),
      'answer-malformed',
    )
})

test('each setting that would lose data on the other side is named', () => {
  const settings = (more: object = {}) =>
    new Map(Object.entries({ appendonly: 'yes', save: '3600 1', 'maxmemory-policy': 'noeviction', maxmemory: '0', databases: '16', ...more }))
  assert.deepEqual(redis.misfits(settings(), settings()), [])
  assert.deepEqual(redis.misfits(settings({ maxmemory: '100' }), settings({ maxmemory: '200', databases: '32' })), [])
  assert.deepEqual(redis.misfits(settings(), settings({ appendonly: 'no', save: '', maxmemory: '5', databases: '1' })), [
    'appendonly is yes there and no here',
    'save is 3600 1 there and empty here',
    'maxmemory is 5 here and without a limit there',
    'it has 1 databases and the other one 16',
  ])
})

test('of two different versions one is older, and none than itself', () => {
  const version = fc.array(fc.nat(30), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(version, version, (one, other) => {
      const [left, right] = [one.join('.'), other.join('.')]
      assert.equal(redis.isOlder(left, left), false)
      assert.ok(!(redis.isOlder(left, right) && redis.isOlder(right, left)))
    }),
  )
  assert.deepEqual([redis.isOlder('7.0.9', '7.0.15'), redis.isOlder('7.2.0', '7.0.15'), redis.isOlder('6.2', '7.0.15')], [true, false, true])
})

test('an error is found among replies, a value is not taken for one', () => {
  assert.equal(redis.firstError('OK\nREADONLY You cannot write\n'), 'READONLY You cannot write')
  assert.equal(redis.firstError('OK\nmaster_replid:AB\n3600 1\n'), null)
})

const domains = fc.uniqueArray(
  fc.record({ domain: fc.nat(9), server: fc.integer({ min: 1, max: 99 }), sequence: fc.bigInt({ min: 1n, max: 2n ** 64n - 2n }) }),
  {
    selector: ({ domain }) => domain,
    maxLength: 4,
  },
)
const written = (of: readonly { domain: number; server: number; sequence: bigint }[]) =>
  of.map((each) => `${each.domain}-${each.server}-${each.sequence}`).join(',')

test('positions are equal in whatever order they are told, and one more transaction is ahead', () => {
  fc.assert(
    fc.property(domains, fc.integer({ min: 1, max: 99 }), (of, server) => {
      const here = mysql.readGtids(written(of))
      assert.ok(mysql.sameGtids(here, mysql.readGtids(` ${written(of.toReversed())}\n`)))
      assert.equal(mysql.isAhead(here, here), false)
      const [first, ...others] = of
      if (first === undefined) return
      const more = mysql.readGtids(written([{ ...first, server, sequence: first.sequence + 1n }, ...others]))
      assert.deepEqual([mysql.isAhead(more, here), mysql.isAhead(here, more), mysql.sameGtids(here, more)], [true, false, false])
      assert.equal(mysql.isAhead(here, mysql.readGtids(written(others))), true)
    }),
  )
  for (const text of ['0-1', '0-1-2-3', 'x', '0-1-2,,1-1-1'])
    assert.equal(
      codeFrom(() => mysql.readGtids(text)),
      'answer-malformed',
      text,
    )
})

test('a server with the same number of another one is ahead: they have parted', () => {
  assert.equal(mysql.isAhead(mysql.readGtids('0-2-5'), mysql.readGtids('0-1-5')), true)
})

test('who follows is read from its vertical answer, with why it stands', () => {
  const answer = (more: string) => `*************************** 1. row ***************************
                Slave_IO_State:
                   Master_Host: 127.0.0.1
                   Master_Port: 23306
         Relay_Master_Log_File: bin.000002
           Exec_Master_Log_Pos: 742
              Slave_IO_Running: Yes
${more}`
  const stands = answer(`             Slave_SQL_Running: No
                Last_SQL_Errno: 1950
                Last_SQL_Error: An attempt was made: 0-1-5, which is out of order`)
  assert.deepEqual(mysql.followingIn(stands), {
    leader: '127.0.0.1:23306',
    isRunning: false,
    done: { file: 'bin.000002', at: 742 },
    behindSeconds: 0,
    error: 'An attempt was made: 0-1-5, which is out of order',
    hasParted: true,
  })
  const runs = mysql.followingIn(answer('             Slave_SQL_Running: Yes\n         Seconds_Behind_Master: NULL'))
  assert.deepEqual([runs?.isRunning, runs?.hasParted, runs?.behindSeconds], [true, false, 0])
  assert.equal(mysql.followingIn(''), null)
})

test('only MariaDB has a version here', () => {
  assert.deepEqual(mysql.mariadbVersion('10.11.6-MariaDB-0+deb12u1-log'), [10, 11])
  for (const other of ['8.0.36', '8.0.36-28 Percona', '']) assert.equal(mysql.mariadbVersion(other), null)
})

test('an answer of a hook is what its method may say, and anything else is refused', () => {
  assert.deepEqual(readAnswer('orders', 'prepare', ''), { files: 0, bytes: 0, warnings: [] })
  assert.deepEqual(readAnswer('orders', 'sync', '{"movedBytes": 5, "more": true}'), { movedBytes: 5, movedFiles: 0, remainingBytes: null })
  // Silence must never say that both sides are equal.
  assert.equal(
    codeFrom(() => readAnswer('orders', 'verify', '')),
    'answer-malformed',
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.ok(['none', 'answer-malformed'].includes(codeFrom(() => readAnswer('orders', 'verify', text))))
    }),
  )
})
