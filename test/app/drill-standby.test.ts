// What the record of a rehearsal says of a standby: that it passed, that it did not, or nothing at all.
import assert from 'node:assert/strict'
import test from 'node:test'
import { drilledOf } from '../../src/app/drill/standby.ts'

const done = {
  startMs: 300,
  checkMs: 200,
  seconds: 1.5,
  started: [{ unit: 'shop.service', ms: 299.6 }],
  checks: [{ check: 'port 80 accepts', passed: true, ms: 4, text: 'passed' }],
  notRehearsed: [] as string[],
  packets: { left: 0, refused: 3 },
}
const record = (state: 'done' | 'failed', details: Readonly<Record<string, unknown>>) => ({ move: 'web-1', state, text: 'It broke.', details })
const passed = (changes: Partial<typeof done> = {}, services = ['shop.service']) => drilledOf(record('done', { ...done, ...changes }), services, 1500)

test('what started and passed is told with its times, and how long it took to serve', () => {
  const { tried, checks, isolation, notDrilled, recoverySeconds } = passed()
  assert.deepEqual([tried, isolation, notDrilled, recoverySeconds], [true, { packetsLeft: 0, packetsRefused: 3 }, [], 0.5])
  assert.deepEqual(
    checks.map(({ code, severity, text, ms }) => [code, severity, text, ms]),
    [
      ['started', 'ok', 'shop.service started.', 300],
      ['check', 'ok', 'port 80 accepts.', 4],
    ],
  )
})

test('what was left out is told, and no time is promised then', () => {
  const { tried, notDrilled, recoverySeconds } = passed({ notRehearsed: ['orders (postgres)', 'mail.socket (is a socket)'] }, [
    'shop.service',
    'mail.socket',
    'cron.service',
  ])
  assert.deepEqual([tried, recoverySeconds], [true, null])
  assert.deepEqual(notDrilled, ['orders (postgres)', 'mail.socket (is a socket)', 'cron.service (does not run on the source)'])
})

test('a check that passes on neither side is a warning', () => {
  const { checks } = passed({ checks: [{ check: 'port 81 accepts', passed: false, ms: 4, text: 'refused' }] })
  assert.deepEqual([checks.at(-1)?.severity, checks.at(-1)?.text], ['warning', 'port 81 accepts on neither side: refused.'])
})

test('where nothing was tried that does not pass: neither services that do not run on the source, nor a move without any', () => {
  for (const { tried, checks } of [passed({ started: [] }), passed({ started: [], checks: [] }, [])])
    assert.deepEqual([tried, checks.map(({ code, severity }) => [code, severity])], [false, [['nothing-tried', 'error']]])
  assert.equal(passed({ started: [] }, []).tried, true, 'a move of files alone is tried by its checks')
})

test('a closed gate of the standby does not pass; of the source, or where nobody answered, nothing is said of the standby', () => {
  const { tried, checks } = drilledOf(record('failed', { code: 'gate-closed' }), ['shop.service'], 1500)
  assert.deepEqual([tried, checks.map(({ severity, text, ms }) => [severity, text, ms])], [true, [['error', 'It broke.', 1500]]])
  for (const details of [{ code: 'gate-closed', side: 'source' }, { code: 'ssh-unreachable' }])
    assert.throws(() => drilledOf(record('failed', details), ['shop.service'], 1500), {
      code: details.code,
      message: 'The drill of web-1 could not be held: It broke.',
    })
})
