// What moves to one provider share is brought up once in a process, by whichever of them can.
import assert from 'node:assert/strict'
import test from 'node:test'
import { provisioning } from '../../src/app/provisioning.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import type { Target } from '../../src/providers/provider.ts'
import type { Engine, StackRequest } from '../../src/provision/engine.ts'
import { plannedMove } from '../provision/world.ts'

/** An engine that is slow at what is shared, as the real one is, and ends with its signal. */
function slowEngine() {
  const ups: string[] = []
  const shared = Promise.withResolvers<undefined>()
  const up: Engine['up'] = async ({ stack }: StackRequest, _listen, signal) => {
    ups.push(stack)
    if (stack === 'net-new')
      await Promise.race([shared.promise, new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))])
    return await Promise.resolve({ changes: { create: 1, update: 0, replace: 0, delete: 0, same: 0 }, outputs: { stack } })
  }
  const engine = { recover: async () => await Promise.resolve(['Adopted VPC.']), up } as unknown as Engine
  return { engine, ups, letGo: () => shared.resolve(undefined) }
}

const program = async () => await Promise.resolve({})
const address = () => ({ public: '192.0.2.1', private: '192.0.2.1' })
const target = { shared: program, data: program, component: program, address, find: async () => await Promise.resolve(null), engine: {} } as unknown as Target

function begin(engine: Engine, name: string, identity: string) {
  const stop = new AbortController()
  const said: string[] = []
  const options = { engine, target, plan: plannedMove(name), identity, authorizedKeys: async () => await Promise.resolve([]) }
  const end = provisioning(options).provision(({ resource, state, text }) => void said.push(`${state} ${resource}: ${text}`), stop.signal)
  return { stop, said, end }
}

test('a second move waits for the first one, says so, and does not bring it up again', async () => {
  const { engine, ups, letGo } = slowEngine()
  const [first, second] = [begin(engine, 'web-1', 'one'), begin(engine, 'web-2', 'one')]
  await new Promise((resolve) => setImmediate(resolve))
  letGo()
  await Promise.all([first.end, second.end])
  assert.deepEqual(ups.toSorted(), ['net-new', 'node-web-1', 'node-web-2'])
  assert.ok(second.said.includes('waiting Stack net-new: another move brings it up'))
  assert.ok(first.said.includes('done Stack net-new: Adopted VPC.'), 'what a recovery did is told')
})

test('a move whose network another one was bringing up does it itself once that one is rolled back, and either can be told to stop', async () => {
  const { engine, ups, letGo } = slowEngine()
  const [first, second, third] = [begin(engine, 'web-1', 'two'), begin(engine, 'web-2', 'two'), begin(engine, 'web-3', 'two')]
  await new Promise((resolve) => setImmediate(resolve))
  const [back, other] = [new LifeboatError('not-now', 'Back.'), new LifeboatError('not-now', 'Back, too.')]
  third.stop.abort(other)
  await assert.rejects(third.end, other)
  first.stop.abort(back)
  await assert.rejects(first.end, back)
  letGo()
  assert.equal((await second.end).address, '192.0.2.1')
  assert.deepEqual(ups, ['net-new', 'net-new', 'node-web-2'])
})
