// A process that is told to end leaves each move where no client waits, without nodes: the story is played, and it is told at any moment.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { rowsOf, type StepName } from '../../src/core/runbook.ts'
import { openDrain } from '../../src/workflows/drain.ts'
import { migrate, type Verbs } from '../../src/workflows/migrate.ts'
import type { Result } from '../../src/workflows/run.ts'

const done: Result = { state: 'done', details: {} }
const failed: Result = { state: 'failed', code: 'node-failed', text: 'It broke.' }
const never = new AbortController().signal
const rows = [...rowsOf('switch'), ...rowsOf('settle'), ...rowsOf('back')].map(({ name }) => name)

/** Plays a move, in which these rows fail once, and tells the process to end before the verb of this number. */
async function play(fails: readonly StepName[], toldAt: number, want: 'migrate' | 'rollback') {
  const drain = openDrain()
  const { left, watch } = drain.enter()
  const trace: string[] = []
  const broken = new Set<string>(fails)
  let [waiting, serving, isDrained] = [false, want === 'migrate' ? ('source' as const) : ('target' as const), false]
  let stop: (parked: string) => void = () => undefined
  const stopped = new Promise<string>((resolve) => (stop = resolve))
  const act = async <T>(name: string, answer: () => T): Promise<T> => {
    if (trace.length === toldAt) void drain.begin(never).then(() => (isDrained = true))
    if (left.aborted) {
      stop(name)
      return await new Promise<never>(() => undefined)
    }
    trace.push(name)
    return await Promise.resolve(answer())
  }
  const verbs: Verbs = {
    step: async (name) =>
      await act(name, () => {
        if (name.startsWith('hold-clients')) waiting = true
        if (broken.delete(name)) return failed
        if (name === 'commit-switch') serving = 'target'
        if (name === 'commit-switch-back') serving = 'source'
        if (name.startsWith('release-clients')) waiting = false
        return done
      }),
    undo: async (name) =>
      await act(`undo ${name}`, () => {
        if (name.startsWith('unhold-clients')) waiting = false
        return done
      }),
    look: async () => await act('look', () => ({ serving })),
    noteUndone: async () => await act('note', () => false),
    takeRollback: async () => await act('take-rollback', () => undefined),
    rest: async () => await act('rest', () => false),
  }
  const end = await Promise.race([stopped, migrate(watch(verbs), want).then(({ state }) => state)])
  return { trace, end, waiting, left, drained: async () => await drained(() => isDrained) }
}

/** What resolves when nobody is held is told within a few turns of its look. */
async function drained(isSo: () => boolean): Promise<boolean> {
  for (let turns = 0; turns < 50 && !isSo(); turns++) await new Promise((resolve) => setTimeout(resolve, 10))
  return isSo()
}

test('no client waits where a move is left, whatever fails and whenever the process is told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray(rows, { maxLength: 3 }), fc.nat(70), fc.constantFrom('migrate' as const, 'rollback' as const), async (fails, toldAt, want) => {
      const { trace, waiting, left, end } = await play(fails, toldAt, want)
      if (trace.length < toldAt) return
      assert.ok(left.aborted || end === 'finished' || end === 'rolled-back', `${end} ${trace.join(' ')}`)
      assert.equal(waiting, false, trace.join(' '))
    }),
  )
})

test('outside of a switch it is left at once, within one after the release or once it is undone', async () => {
  const { trace: whole } = await play([], 1000, 'migrate')
  const at = (name: string): number => whole.indexOf(name)
  for (const name of ['first-sync', 'await-approval', 'check-ready', 'forward-stragglers', 'await-finish'])
    assert.equal((await play([], at(name), 'migrate')).end, name)
  for (const name of ['hold-clients', 'freeze-source', 'seal-source', 'commit-switch', 'release-clients']) {
    const { end, drained: isDrained } = await play([], at(name), 'migrate')
    assert.equal(end, 'forward-stragglers', name)
    assert.ok(await isDrained())
  }
  assert.equal((await play(['verify-data'], at('verify-data'), 'migrate')).end, 'keep-in-sync')
})
