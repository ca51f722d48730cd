// A provider that keeps a move waiting: the source itself may be well.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import test from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import type { Ports } from '../../src/workflows/ports.ts'
import type { Step } from '../../src/workflows/run.ts'
import { askProvider, prepare } from '../../src/workflows/steps/prepare.ts'

const silent: Ports['lookUp'] = async (signal) => {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}

function step(lookUp: Ports['lookUp'], signal = AbortSignal.timeout(10_000)) {
  const said: string[] = []
  const say: Step['say'] = async (text) => void (await Promise.resolve(said.push(text)))
  const settings = { from: { provider: 'old', id: 'vm-42' } } as Step['settings']
  return { said, signal, say, settings, run: { ports: { lookUp } } as Step['run'] }
}

test('one that never answers does not use up the minute of the step: the move goes on without it', async () => {
  const one = step(silent)
  assert.equal(await askProvider(one, 20), null)
  assert.deepEqual(one.said, ['old did not answer within 0.02 s.'])
})

test('a step that is to end does so all the same', async () => {
  const reason = new LifeboatError('timeout', 'Look at the source did not end within 60 s.')
  await assert.rejects(askProvider(step(silent, AbortSignal.abort(reason)), 10_000), reason)
})

test('what it refuses is told as such', async () => {
  const refused = new LifeboatError('source-login', 'The password is wrong.')
  await assert.rejects(
    askProvider(
      step(async () => await Promise.reject(refused)),
      10_000,
    ),
    refused,
  )
})

test('what the source serves when it is looked at is kept, for a target that takes over without it; one that serves nothing now is ill', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const learned = async (ports: readonly number[]) => {
    const facts: unknown[] = []
    const learn: Step['learn'] = async (more) => void (await Promise.resolve(facts.push(more)))
    const settings = { from: { provider: 'old', id: 'vm-42' }, checks: [], ports: ports.map((each) => ({ port: each, protocol: 'tcp' })) }
    const link = { address: '127.0.0.1', run: async () => await Promise.resolve({ exitCode: 0, stdout: '', stderr: '' }) }
    const here = { ...step(async () => await Promise.resolve({ name: 'web-1', power: 'on' } as never)), learn, settings, facts: {} }
    await prepare['check-source']({
      ...here,
      run: { ports: { ...here.run.ports, link: async () => await Promise.resolve(link), movers: [] } },
    } as unknown as Step)
    return facts
  }
  assert.deepEqual(await learned([port, 1]), [{ portsServed: [port] }])
  assert.deepEqual(await learned([1]), [{}])
})
