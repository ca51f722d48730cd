// Whether the source follows the target after the switch, and what that makes of the price of going back.
import assert from 'node:assert/strict'
import test from 'node:test'
import { LifeboatError, type ErrorCode } from '../../src/core/errors.ts'
import { rollbackPrice } from '../../src/core/forecast.ts'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import type { Step } from '../../src/workflows/run.ts'
import { askTarget, followBack } from '../../src/workflows/steps/watch.ts'

/** A move that has switched; `call`: what the target's helper answers. */
function world(call: () => Promise<unknown> = async () => await Promise.resolve({})) {
  let facts: MoveFacts = { ...noFacts, serving: 'target' }
  const said: string[] = []
  const learn = async (more: Partial<MoveFacts>) => void (facts = await Promise.resolve({ ...facts, ...more }))
  const run = { ports: { link: async () => await Promise.resolve({ address: '198.51.100.1', call }) }, claimed: new Set(['source', 'target']) }
  const settings = { reverseSync: true }
  const step = { run, settings, signal: AbortSignal.timeout(10_000), learn, say: async (text: string) => void (await Promise.resolve(said.push(text))) }
  return { said, facts: () => facts, step: Object.defineProperty(step, 'facts', { get: () => facts }) as unknown as Step }
}

const fails = (code: ErrorCode, text: string) => async () => await Promise.reject(new LifeboatError(code, text))
const fine = async () => await Promise.resolve()

test('a source that cannot follow any more makes the way back impossible, with the reason, and is told once', async () => {
  const { step, said, facts } = world()
  for (let times = 0; times < 3; times++) await followBack(step, fails('cannot-follow', 'It was promoted in vain.'))
  assert.deepEqual(said, ['The source does not follow: It was promoted in vain.'])
  assert.deepEqual(rollbackPrice(facts()), { possible: false, seconds: null, writesLost: null, why: 'It was promoted in vain. The target serves on.' })
})

test('once it follows again, the way back is open', async () => {
  const { step, facts } = world()
  await followBack(step, fails('cannot-follow', 'It was promoted in vain.'))
  await followBack(step, fine)
  assert.equal(rollbackPrice(facts()).possible, true)
})

test('a pass that fails now and may succeed soon is told, and leaves the price as it is', async () => {
  for (const code of ['sync-failed', 'ssh-unreachable', 'timeout', 'node-failed'] as const) {
    const { step, said, facts } = world()
    await followBack(step, fails(code, 'Not now.'))
    assert.deepEqual([said.length, rollbackPrice(facts()).possible], [1, true], code)
  }
  await assert.rejects(followBack(world().step, fails('token-stale', 'Overtaken.')), { code: 'token-stale' })
})

test('a target that is silent makes the way back impossible until it answers, and since when is kept', async () => {
  let isSilent = true
  const { step, facts } = world(async () => await (isSilent ? fails('ssh-unreachable', 'The line ended.')() : Promise.resolve({})))
  await assert.rejects(askTarget(step), { code: 'ssh-unreachable' })
  const since = facts().targetSilentSince
  assert.ok(since !== null && rollbackPrice(facts()).why.includes(since))
  await assert.rejects(askTarget(step), { code: 'ssh-unreachable' })
  assert.equal(facts().targetSilentSince, since)
  isSilent = false
  await askTarget(step)
  assert.deepEqual([facts().targetSilentSince, rollbackPrice(facts()).possible], [null, true])
})

test('a target that refuses is not silent', async () => {
  const { step, facts } = world(fails('gate-closed', 'Not now.'))
  await assert.rejects(askTarget(step), { code: 'gate-closed' })
  assert.equal(facts().targetSilentSince, null)
})
