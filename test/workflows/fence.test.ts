// A target is promoted without the seal of its source only over a fence that is there at that moment.
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import type { Step } from '../../src/workflows/run.ts'
import { failover, promoteFenced } from '../../src/workflows/steps/failover.ts'

type Given = { readonly by?: 'provider' | 'person' | null; readonly isOff?: boolean | null; readonly port?: number; readonly deadlineMs?: number }

/** A step between fence and promotion; `port`: of the source. Answers what its helper on the target was asked. */
function stepOf({ by = 'provider', isOff = true, port = 1, deadlineMs = 30_000 }: Given) {
  const asked: Readonly<Record<string, unknown>>[] = []
  let facts: MoveFacts = { ...noFacts, attempt: 4, fence: by === null ? null : { by, text: 'It is off.', at: '2026-03-01T10:00:00.000Z' } }
  const call = async (request: Readonly<Record<string, unknown>>) => {
    asked.push(request)
    return await Promise.resolve(request['op'] === 'hello' ? { role: 'closed', phase: 'idle', attempt: 6 } : { started: [] })
  }
  const step = {
    run: {
      move: 'web-1',
      token: 9,
      claimed: new Set(['source', 'target']),
      ports: { isOff: async () => await Promise.resolve(isOff), link: async () => await Promise.resolve({ address: '127.0.0.1', call }), movers: [] },
    },
    settings: { source: { address: '127.0.0.1', ssh: { port } }, ports: [], services: ['shop.service'], singletons: [], data: [] },
    signal: AbortSignal.timeout(deadlineMs),
    learn: async (more: Partial<MoveFacts>) => void (facts = await Promise.resolve({ ...facts, ...more })),
  }
  return { asked, step: Object.defineProperty(step, 'facts', { get: () => facts }) as unknown as Step }
}

async function listening(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

test('a fence is confirmed when the provider says that the source is off and its address is silent', async () => {
  assert.match((await failover['confirm-fence'](stepOf({}).step)).text, /^127\.0\.0\.1 is silent/)
})

test('it is not where the provider says nothing or something else, whatever it said before', async () => {
  for (const isOff of [null, false]) await assert.rejects(failover['confirm-fence'](stepOf({ isOff }).step), { code: 'fence-unconfirmed' })
  await assert.rejects(failover['confirm-fence'](stepOf({ by: null }).step), { code: 'gate-closed' })
})

test('it is not as long as the old address answers, not even on the word of a person', async (t) => {
  const port = await listening(t)
  for (const by of ['provider', 'person'] as const)
    // Its own patience is longer than that of this step.
    await assert.rejects(failover['confirm-fence'](stepOf({ by, port, deadlineMs: 1500 }).step), { name: 'TimeoutError' })
})

test('the fence is read back once more where the target is promoted; somebody who undid it stops that', async () => {
  for (const given of [{ isOff: false }, { isOff: null }, { by: null }] as const) {
    const { step, asked } = stepOf(given)
    await assert.rejects(promoteFenced(step), /fenced|off/)
    assert.deepEqual(asked, [])
  }
})

test('the target opens an attempt above all that it has seen, alone, and is promoted by the fence and the token of this execution', async () => {
  const { step, asked } = stepOf({ by: 'person', isOff: null })
  await promoteFenced(step)
  assert.deepEqual(
    asked.map(({ op, attempt, part, fence }) => ({ op, attempt, part, fence })),
    [
      { op: 'hello', attempt: undefined, part: undefined, fence: undefined },
      { op: 'open-attempt', attempt: 7, part: 'receiver', fence: undefined },
      { op: 'promote', attempt: 7, part: undefined, fence: { by: 'person', token: 9 } },
      { op: 'promote', attempt: 7, part: undefined, fence: { by: 'person', token: 9 } },
    ],
  )
})
