import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { codeOf } from '../../src/core/errors.ts'
import { deadline } from '../../src/io/wait.ts'

test('a deadline ends with its own sentence, or earlier with the reason of the signal before it', async () => {
  const late = deadline(new AbortController().signal, 20, 'old did not answer.')
  // The timer of a deadline keeps no process alive.
  const alive = setTimeout(() => undefined, 10_000)
  if (!late.aborted) await once(late, 'abort')
  clearTimeout(alive)
  assert.deepEqual([codeOf(late.reason), (late.reason as Error).message], ['timeout', 'old did not answer.'])
  const stop = new AbortController()
  const stopped = deadline(stop.signal, 10_000, 'x')
  stop.abort(new Error('Interrupted.'))
  assert.equal((stopped.reason as Error).message, 'Interrupted.')
})
