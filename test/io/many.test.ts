// Many who ask at the same time: answered together, or all by one answer.
import assert from 'node:assert/strict'
import test from 'node:test'
import { inRounds } from '../../src/io/in-rounds.ts'
import { together } from '../../src/io/together.ts'
import { waitUntil } from '../../src/io/wait.ts'

type Ask = { readonly move: string; readonly kind: string }
const none = new AbortController().signal

test('who asks while others are answered is in the next round; asks that are not alike, or of one move, are not in the same one', async () => {
  const rounds: string[] = []
  const ask = inRounds<Ask, string>({
    answer: async (asks) => {
      rounds.push(asks.map(({ move }) => move).join())
      return await Promise.resolve(new Map(asks.map(({ move, kind }) => [move, `${move} ${kind}`])))
    },
    alike: ({ kind }) => kind,
    restsPerRound: 0,
  })
  const of = async (move: string, kind = 'x') => await ask({ move, kind })
  assert.deepEqual(await Promise.all([of('a'), of('b'), of('c', 'y'), of('d'), of('b')]), ['a x', 'b x', 'c y', 'd x', 'b x'])
  assert.deepEqual(rounds, ['a', 'b,d', 'c', 'b'])
})

test('a round that fails fails for those in it, and the next one goes on', async () => {
  let turn = 0
  const answer = async (): Promise<Map<string, number>> => (++turn === 2 ? await Promise.reject(new Error('It broke.')) : new Map([['a', turn]]))
  const ask = inRounds<Ask, number>({ answer, alike: () => '', restsPerRound: 1 })
  const asked = Array.from({ length: 3 }, async () => await ask({ move: 'a', kind: '' }))
  const ends = await Promise.allSettled(asked)
  assert.deepEqual(
    ends.map((end) => (end.status === 'fulfilled' ? end.value : 'failed')),
    [1, 'failed', 3],
  )
})

test('who asks while somebody does, or soon after, gets the same answer; a failure counts for nobody else', async () => {
  let acts = 0
  const read = together<number>(60_000)
  const act = async (): Promise<number> => await Promise.resolve(++acts)
  assert.deepEqual(await Promise.all([read('old', act, none), read('old', act, none), read('other', act, none)]), [1, 1, 2])
  assert.equal(await read('old', act, none), 1)
  const fail = async (): Promise<number> => await Promise.reject(new Error('It broke.'))
  const failures = await Promise.allSettled([read('dead', fail, none), read('dead', act, none)])
  assert.deepEqual(
    failures.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await read('dead', act, none), 3)
  const short = together<number>(0)
  assert.equal(await short('old', act, none), 4)
  const anew = async () => ((await short('old', act, none)) === 5 ? true : null)
  assert.ok(await waitUntil(anew, { what: 'A new answer', deadlineMs: 5000, everyMs: 1, signal: none }))
})

test('who gives up does so alone', async () => {
  const read = together<number>(0)
  const { promise, resolve } = Promise.withResolvers<number>()
  const gone = new AbortController()
  const [first, second] = [read('old', async () => await promise, gone.signal), read('old', async () => await promise, none)]
  gone.abort(new Error('Enough.'))
  await assert.rejects(first, /Enough/)
  resolve(7)
  assert.equal(await second, 7)
})
