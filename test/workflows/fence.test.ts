// A target is promoted without the seal of its source only over a fence that is there at that moment.
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import type { Step } from '../../src/workflows/run.ts'
import type { Door } from '../../src/core/fence.ts'
import { checkFenced, failover, promoteFenced } from '../../src/workflows/steps/failover.ts'

type Given = {
  readonly by?: 'provider' | 'person' | null
  /** What the provider reads back. */
  readonly isFenced?: boolean
  /** Of the source. */
  readonly port?: number
  /** A person's word, that nobody has taken yet. */
  readonly said?: 'source' | 'target'
  /** What the provider of the target says of it. */
  readonly targetOff?: boolean | null
  /** Rows of the journal that were started. */
  readonly records?: readonly string[]
  /** The fence acts, and its answer is lost. */
  readonly breaks?: boolean
  /** How often the fence fails to be lifted. */
  readonly stuckFor?: number
  /** What the target is. */
  readonly target?: { readonly role: string; readonly phase: string } | null
  /** What became of connections to the old address once it was fenced. */
  readonly doors?: () => readonly Door[]
  /** Which guard refuses by now; it was decided by the policy. */
  readonly refuses?: 'fence' | 'promote'
  /** What the source served when it was last asked. */
  readonly portsServed?: readonly number[]
}

/** A step of a fail-over, between two sides. Answers what was asked of the helper on the target, and of the fence. */
function stepOf(given: Given) {
  const { by = 'provider', isFenced = true, port = 1, target = { role: 'closed', phase: 'idle' }, portsServed = [], targetOff = null, records = [] } = given
  let { said, stuckFor = 0 } = given
  const asked: Readonly<Record<string, unknown>>[] = []
  const done: string[] = []
  let facts: MoveFacts = {
    ...noFacts,
    attempt: 4,
    portsServed: [...portsServed],
    fence: by === null ? null : { by, text: 'It is off.', at: '2026-03-01T10:00:00.000Z' },
  }
  const call = (side: string) => async (request: Readonly<Record<string, unknown>>) => {
    asked.push(request)
    if (side === 'target' && target === null) throw new LifeboatError('ssh-unreachable', 'It is silent.')
    return await Promise.resolve(request['op'] === 'hello' ? { ...target, attempt: 6 } : { started: [] })
  }
  const note = (what: string) => async () => await Promise.resolve(void done.push(what))
  const fence = {
    fence: async () => {
      await note('fence')()
      if (given.breaks === true) throw new LifeboatError('source-unreachable', 'The answer was lost.')
      return 'It is off.'
    },
    isFenced: async () => await Promise.resolve(isFenced),
    unfence: async () => {
      if (stuckFor-- > 0) throw new LifeboatError('source-unreachable', 'The provider is away.')
      await note('unfence')()
    },
    close: async () => {},
  }
  const rungs = [{ kind: 'provider' as const, id: 'vm-1', open: async () => await Promise.resolve(fence) }]
  const fencing = () => ({ rungs, tryDoors: async () => await Promise.resolve(given.doors?.() ?? []), rungMs: 5000 })
  const take = async (_move: string, _run: number, kind: string) => {
    const side = said
    said = undefined
    return await Promise.resolve(side !== undefined && kind === 'is-off' ? { side, who: 'ann@desk', at: '2026-03-01T10:00:00.000Z' } : null)
  }
  const after = async () => await Promise.resolve(records.map((name) => ({ step: name, state: 'started' })))
  const step = {
    run: {
      move: 'web-1',
      token: 9,
      claimed: new Set(['source', 'target']),
      run: 1,
      services: { signals: { take }, journal: { after } },
      ports: {
        fencing,
        link: async (side: string) => await Promise.resolve({ address: '127.0.0.1', call: call(side) }),
        isOff: async () => await Promise.resolve(targetOff),
        refuseFailover: async (moment: string) => {
          if (moment === given.refuses) throw new LifeboatError('gate-closed', 'The policy is switched off.')
          await Promise.resolve()
        },
        movers: [],
      },
    },
    settings: { source: { address: '127.0.0.1', ssh: { port } }, ports: [], checks: [], services: ['shop.service'], singletons: [], data: [] },
    signal: AbortSignal.timeout(30_000),
    learn: async (more: Partial<MoveFacts>) => void (facts = await Promise.resolve({ ...facts, ...more })),
  }
  return { asked, done, facts: () => facts, step: Object.defineProperty(step, 'facts', { get: () => facts }) as unknown as Step }
}

async function listening(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

test('the first fence that is read back is kept, and lifted when the fail-over is undone', async () => {
  const { step, done, facts } = stepOf({ by: null })
  await failover['fence-source'](step)
  assert.equal(facts().fence?.by, 'provider')
  await failover['unfence-source'](step)
  assert.deepEqual([done, facts().fence], [['fence', 'unfence'], null])
})

test('a guard that refuses by now keeps the source as it is, and, once it is fenced, the target closed', async () => {
  const before = stepOf({ by: null, refuses: 'fence' })
  await assert.rejects(failover['fence-source'](before.step), { code: 'gate-closed' })
  assert.deepEqual([before.done, before.facts().fence], [[], null])
  const after = stepOf({ refuses: 'promote' })
  await assert.rejects(promoteFenced(after.step), { code: 'gate-closed' })
  assert.deepEqual(after.asked, [])
})

test('a fence that acted while the old address serves on is undone with the rest: else nobody served', async () => {
  const { step, done, facts } = stepOf({ by: null, doors: () => [{ address: '192.0.2.10', port: 443, answer: 'accepts' }] })
  await assert.rejects(failover['fence-source'](step), { code: 'fence-unconfirmed', message: /still accepts connections/ })
  assert.equal(facts().fence?.by, 'provider')
  await failover['unfence-source'](step)
  assert.deepEqual([done, facts().fence], [['fence', 'unfence'], null])
})

test('a node that takes a moment to end is waited for', async () => {
  let asked = 0
  const { step, facts } = stepOf({ by: null, doors: () => [{ address: '192.0.2.10', port: 443, answer: ++asked < 3 ? 'accepts' : 'silent' }] })
  await failover['fence-source'](step)
  assert.deepEqual([facts().fence?.by, asked], ['provider', 3])
})

test('a fence that was ordered and not read back, or broke half-way, may have acted: it is lifted when the fail-over is undone', async () => {
  for (const given of [{ isFenced: false }, { breaks: true }]) {
    const { step, done, facts } = stepOf({ by: null, ...given })
    await assert.rejects(failover['fence-source'](step), { code: 'fence-unconfirmed' })
    assert.deepEqual([facts().fence, facts().fenceOrdered], [null, ['provider']])
    assert.match((await failover['unfence-source'](step)).text, /as it was before/)
    assert.deepEqual([done, facts().fenceOrdered], [['fence', 'unfence'], []])
    assert.equal((await failover['unfence-source'](step)).text, 'Nothing was done to the source.')
  }
})

test('where lifting it fails, as its provider is away, the move goes on, and that is told and tried again', async () => {
  const { step, done, facts } = stepOf({ by: null, isFenced: false, stuckFor: 1, target: null })
  await assert.rejects(failover['fence-source'](step), { code: 'fence-unconfirmed' })
  assert.match((await failover['unfence-source'](step)).text, /nobody can tell.*provider: The provider is away\.$/)
  assert.deepEqual(facts().fenceOrdered, ['provider'])
  await failover['unfence-source'](step)
  assert.deepEqual([done, facts().fenceOrdered], [['fence', 'unfence'], []])
})

test('a fence that is not read back is none', async () => {
  const { step, facts } = stepOf({ by: null, isFenced: false })
  await assert.rejects(failover['fence-source'](step), { code: 'fence-unconfirmed' })
  assert.equal(facts().fence, null)
})

test('a target that serves, or is silent, keeps the source fenced', async () => {
  for (const [target, code] of [
    [{ role: 'open', phase: 'idle' }, 'gate-closed'],
    [null, 'other-side-silent'],
  ] as const) {
    const { step, done, facts } = stepOf({ target })
    await assert.rejects(failover['unfence-source'](step), { code })
    assert.deepEqual([done, facts().fence?.by], [[], 'provider'])
  }
})

test('one that is up for checks is closed before the source is let go', async () => {
  const { step, asked, done } = stepOf({ target: { role: 'closed', phase: 'promoted' } })
  await failover['unfence-source'](step)
  assert.deepEqual([asked.at(-1)?.['op'], asked.at(-1)?.['attempt'], done], ['demote', 6, ['unfence']])
})

test('of a silent target the word of who knows that it is off lets the source go, in all tries of that run; a provider that says otherwise is believed', async () => {
  const refused = stepOf({ target: null, said: 'target', targetOff: false })
  await assert.rejects(failover['unfence-source'](refused.step), { code: 'other-side-silent', message: /ann@desk said at .*its provider says that it runs/ })
  assert.deepEqual(refused.done, [])
  const { step, done, facts } = stepOf({ target: null, said: 'target', stuckFor: 1 })
  await assert.rejects(failover['unfence-source'](step), { code: 'source-unreachable' })
  assert.equal(facts().fence?.by, 'provider')
  assert.match((await failover['unfence-source'](step)).text, /ann@desk said at 2026-.* that the target is off/)
  assert.deepEqual([done, facts().fence], [['unfence'], null])
})

test('its provider alone lets the source go while the target was not asked to take over; once it was, the source tells it that this counts no more', async () => {
  // A switch before it had come so far.
  const off = stepOf({ target: null, targetOff: true, records: ['hold-clients', 'commit-switch', 'fence-source', 'promote-target'] })
  await failover['unfence-source'](off.step)
  assert.deepEqual([off.done, off.asked.filter(({ op }) => op === 'unfence')], [['unfence'], []])
  const asked = stepOf({ target: null, targetOff: true, records: ['fence-source', 'promote-target', 'commit-switch'] })
  await assert.rejects(failover['unfence-source'](asked.step), { code: 'other-side-silent', message: /may have done so/ })
  const told = stepOf({ target: null, said: 'target', records: ['fence-source', 'promote-target', 'commit-switch'] })
  await failover['unfence-source'](told.step)
  assert.deepEqual([told.done, told.asked.at(-1)], [['unfence'], { op: 'unfence', token: 9, overrule: 4 }])
})

test('the word of a person stands for a fence, with who said it; nothing is asked of a provider, and nothing lifted', async () => {
  const { step, done, facts } = stepOf({ by: null, said: 'source', isFenced: false })
  await failover['fence-source'](step)
  assert.deepEqual([facts().fence?.by, facts().fence?.text], ['person', 'ann@desk said that the source is off.'])
  await failover['confirm-fence'](step)
  await failover['unfence-source'](step)
  assert.deepEqual(done, [])
})

test('that word does not stand for the old address: it must be silent', async (t) => {
  const { step } = stepOf({ by: 'person', port: await listening(t) })
  await assert.rejects(failover['confirm-fence'](step), /Port \d+ of the source, 127\.0\.0\.1, still answers/)
})

test('the fence is read back once more where the target is promoted; somebody who undid it stops that', async () => {
  for (const given of [{ isFenced: false }, { by: null }] as const) {
    const { step, asked } = stepOf(given)
    await assert.rejects(promoteFenced(step), /fenced|cut off/)
    assert.deepEqual(asked, [])
  }
})

test('the target opens an attempt above all that it has seen, alone, and is promoted by the fence and the token of this execution', async () => {
  const { step, asked } = stepOf({ by: 'person' })
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

test('a target without checks is committed only once it serves the ports that the source served', async (t) => {
  const served = await listening(t)
  assert.match((await checkFenced(stepOf({ portsServed: [served] }).step)).text, /1 port answered/)
  await assert.rejects(checkFenced(stepOf({ portsServed: [served, 1] }).step), { code: 'gate-closed', message: /port 1 accepts does not hold on 127\.0\.0\.1/ })
})
