// The frame of the benchmarks: who runs when, what the figures say, and that the page is what was measured.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { below, better, measure, median, within, type Case } from '../../bench/benchmark.ts'
import { benchmarks } from '../../bench/benchmarks.ts'
import { pageOf, readResults } from '../../bench/page.ts'

const root = path.resolve(import.meta.dirname, '../..')

function played(figures: Readonly<Record<string, readonly number[]>>, goals: Case['goals'], order: string[] = []): Case {
  const turns = new Map<string, number>()
  const contestant = (who: string) => async (): Promise<number> => {
    const turn = turns.get(who) ?? 0
    turns.set(who, turn + 1)
    order.push(who)
    return await Promise.resolve(figures[who]?.[turn] ?? Number.NaN)
  }
  const contestants = Object.fromEntries(Object.keys(figures).map((who) => [who, contestant(who)]))
  const close = async (): Promise<void> => await Promise.resolve(void order.push('closed'))
  return { name: 'c', unit: 's', rounds: 3, quick: true, goals, notes: 'n', prepare: async () => await Promise.resolve({ contestants, close }) }
}

test('contestants take turns within each round, each round begins with another, and the medians count', async () => {
  const order: string[] = []
  const one = played({ ours: [9, 1, 2], theirs: [4, 3, 100] }, [better(2, 'theirs'), within(0.5, 'theirs'), below(2)], order)
  const lines = await measure('b', one, false, () => undefined)
  assert.deepEqual(order, ['ours', 'theirs', 'theirs', 'ours', 'ours', 'theirs', 'closed'])
  const common = { schema: 'lifeboat.bench/1', name: 'b', case: 'c', unit: 's', ours: 2, rounds: 3, notes: 'n' }
  assert.deepEqual(lines, [
    { ...common, theirs: 4, opponent: 'theirs', ratio: 2, goal: '>=2x', holds: true },
    { ...common, theirs: 4, opponent: 'theirs', ratio: 2, goal: '<=0.5x', holds: true },
    { ...common, theirs: null, opponent: null, ratio: null, goal: '<2', holds: false },
  ])
})

test('nothing at all is not so many times better than something', async () => {
  const [line] = await measure('b', played({ ours: [0], theirs: [3] }, [better(2, 'theirs')]), true, () => undefined)
  assert.deepEqual([line?.ratio, line?.holds], [null, true])
})

test('the stage is cleared when a contestant fails', async () => {
  const order: string[] = []
  const one = played({ ours: [1] }, [below(2)], order)
  const failing: Case = {
    ...one,
    prepare: async (signal) => ({ ...(await one.prepare(signal)), contestants: { ours: () => Promise.reject(new Error('no')) } }),
  }
  await assert.rejects(
    measure('b', failing, true, () => undefined),
    /no/,
  )
  assert.deepEqual(order, ['closed'])
})

test('the median of an even number of figures lies between the middle two', () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([5])], [2, 2.5, 5])
})

test('docs/performance.md is what was measured', () => {
  assert.equal(readFileSync(path.join(root, 'docs/performance.md'), 'utf8'), pageOf(benchmarks, readResults()))
})

test('a name that no benchmark has is one sentence with the nearest ones, exit 2', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [path.join(root, 'bench/run.ts'), 'inventori-5000'], { encoding: 'utf8' })
  assert.deepEqual([status, stdout], [2, ''])
  assert.match(stderr, /^There is no benchmark inventori-5000; did you mean inventory-5000\?\n/)
})
