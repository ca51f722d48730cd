// What becomes of a copy whose node is silent for a while: before the switch that only delays it.
import assert from 'node:assert/strict'
import test, { mock } from 'node:test'
import { LifeboatError, type ErrorCode } from '../../src/core/errors.ts'
import type { Step } from '../../src/workflows/run.ts'
import { onceBothAnswer, silenceBehind } from '../../src/workflows/steps/silence.ts'

/** A step whose target does not answer so many times; -1: never. */
function stepOf(silentTimes: number, signal = AbortSignal.timeout(20_000)) {
  const told: string[] = []
  let left = silentTimes
  const answer = async (side: string) => {
    await Promise.resolve()
    if (side === 'target' && left !== 0) {
      left--
      throw new LifeboatError('ssh-unreachable', 'The target is silent.')
    }
    return {}
  }
  const ports = { link: async (side: string) => await Promise.resolve({ address: side, call: async () => await answer(side) }) }
  const step = {
    run: { ports, claimed: new Set(['source', 'target']) },
    signal,
    waitFor: async (text: string) => void (await Promise.resolve(told.push(text))),
  }
  return { told, step: step as unknown as Step }
}

/** Fails in these ways, one after the other, then ends well. */
function failing(...codes: readonly ErrorCode[]) {
  const left = [...codes]
  let times = 0
  const act = async () => {
    times++
    const code = left.shift()
    if (code !== undefined) throw new LifeboatError(code, `It failed: ${code}.`)
    return await Promise.resolve('copied')
  }
  return { act, times: () => times }
}

test('a copy that a silent node broke off, whatever it said itself, goes on once both answer, and says once what it waits for', async () => {
  const { step, told } = stepOf(3)
  const copy = failing('sync-failed')
  assert.equal(await onceBothAnswer(step, copy.act), 'copied')
  assert.equal(copy.times(), 2)
  assert.deepEqual(told, ['The target is silent. It goes on once both sides answer.'])
})

test('a copy that fails while both sides answer has failed; a broken line is tried again a few times', async () => {
  const broken = failing('sync-failed')
  await assert.rejects(onceBothAnswer(stepOf(0).step, broken.act), { code: 'sync-failed' })
  assert.equal(broken.times(), 1)
  const short = failing('ssh-unreachable', 'timeout')
  assert.equal(await onceBothAnswer(stepOf(0).step, short.act), 'copied')
  const often = failing(...Array.from({ length: 20 }, () => 'timeout' as const))
  await assert.rejects(onceBothAnswer(stepOf(0).step, often.act), { code: 'timeout' })
  assert.equal(often.times(), 6)
})

test('patience ends with the step, and after an hour of silence with what had failed', async () => {
  const over = new AbortController()
  const { step, told } = stepOf(-1, over.signal)
  const copy = onceBothAnswer(step, failing('sync-failed').act)
  while (told.length === 0) await new Promise(setImmediate)
  over.abort(new Error('Somebody wants back.'))
  await assert.rejects(copy, /wants back/)

  let hours = 0
  mock.method(performance, 'now', () => 3_600_001 * hours++)
  await assert.rejects(onceBothAnswer(stepOf(-1).step, failing('sync-failed').act), { code: 'sync-failed' })
  mock.restoreAll()
})

test('what fails for a reason of its own is not called silence', async () => {
  assert.equal(await silenceBehind(stepOf(0).step, new LifeboatError('gate-closed', 'It is not ready.')), null)
  assert.equal(await silenceBehind(stepOf(-1).step, new LifeboatError('node-failed', 'It ended.')), 'The target is silent.')
  assert.equal(await silenceBehind(stepOf(0).step, new LifeboatError('timeout', 'Nothing came.')), 'Nothing came.')
})
