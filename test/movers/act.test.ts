import assert from 'node:assert/strict'
import test from 'node:test'
import { codeOf } from '../../src/core/errors.ts'
import { act } from '../../src/movers/act.ts'
import type { HelperRequest, Side } from '../../src/movers/mover.ts'

function sideThatSays(answer: Readonly<Record<string, unknown>>, attempt?: number) {
  const asked: HelperRequest[] = []
  const side: Side = {
    name: 'source',
    address: '192.0.2.1',
    port: 22,
    user: 'root',
    folder: '/var/lib/lifeboat/web-1',
    sshConfig: () => '',
    ...(attempt === undefined ? {} : { attempt }),
    run: async () => await Promise.reject(new Error('an effect must not go by ssh alone')),
    call: async (request) => {
      asked.push(request)
      return await Promise.resolve(answer)
    },
  }
  return { side, asked }
}

const signal = AbortSignal.timeout(60_000)

test('an act within a switch carries its attempt and what takes it back; outside of one neither', async () => {
  const within = sideThatSays({ ok: true, exitCode: 0, stdout: 'done', stderr: '' }, 7)
  assert.equal(await act(within.side, ['stop'], { signal, undo: { id: 'stop', command: ['start'] } }), 'done')
  assert.deepEqual(within.asked, [{ op: 'act', command: ['stop'], deadlineMs: 60_000, attempt: 7, effect: 'stop', undo: ['start'] }])
  const outside = sideThatSays({ ok: true, exitCode: 0, stdout: '', stderr: '' })
  await act(outside.side, ['seed'], { signal, role: 'closed', input: 'secret', deadlineMs: 5000 })
  assert.deepEqual(outside.asked, [{ op: 'act', command: ['seed'], deadlineMs: 5000, role: 'closed', input: 'secret' }])
})

test('an act that ends with an error fails with its last words', async () => {
  const { side } = sideThatSays({ ok: true, exitCode: 3, stdout: '', stderr: 'first\nno such cluster\n' })
  await assert.rejects(act(side, ['pg_ctl'], { signal }), (error: unknown) => {
    assert.equal(codeOf(error), 'node-failed')
    assert.match(String(error), /`pg_ctl` on 192\.0\.2\.1 ended with 3: no such cluster/)
    return true
  })
})
