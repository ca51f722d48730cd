import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import { refuseDrift } from '../../src/workflows/steps/drift.ts'

function step() {
  const said: string[] = []
  return { said, signal: AbortSignal.timeout(10_000), say: async (text: string) => void (await Promise.resolve(said.push(text))) }
}

test('a target that somebody has changed closes the gate, in a sentence that names the first thing', async () => {
  const one = step()
  await assert.rejects(
    refuseDrift(one, async () => await Promise.resolve(['Instance web-1', 'SecurityGroup web-1'])),
    {
      code: 'gate-closed',
      message: 'The target is not as it was declared: Instance web-1 was changed by somebody else, and 1 more.',
    },
  )
  assert.deepEqual(one.said, [])
})

test('a target as it was declared, or one that never was, passes in silence', async () => {
  const one = step()
  await refuseDrift(one, async () => await Promise.resolve([]))
  assert.deepEqual(one.said, [])
})

test('a provider that cannot be asked is told, and the switch goes on', async () => {
  const one = step()
  await refuseDrift(one, async () => await Promise.reject(new LifeboatError('target-unreachable', 'The cloud is away.')))
  assert.deepEqual(one.said, ['Whether the target is still as it was declared is not known: The cloud is away.'])
})

test('a provider that keeps silent does not use up the minute of the step', async () => {
  const one = step()
  const silent = async (signal: AbortSignal): Promise<never> => {
    await once(signal, 'abort')
    throw signal.reason
  }
  await refuseDrift(one, silent, 20)
  assert.match(one.said.join(), /did not answer within 0\.02 s/)
})

test('a step that is to end does so, whatever the provider says', async () => {
  const end = new AbortController()
  const reason = new LifeboatError('not-now', 'A rollback was asked for.')
  const asked = refuseDrift({ ...step(), signal: end.signal }, async (signal) => {
    end.abort(reason)
    signal.throwIfAborted()
    return await Promise.resolve([])
  })
  await assert.rejects(asked, reason)
})
