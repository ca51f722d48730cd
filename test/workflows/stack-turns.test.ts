// Who may change a stack: one process at a time, and never one that was declared dead.
import assert from 'node:assert/strict'
import test from 'node:test'
import { runbookVersion } from '../../src/core/runbook.ts'
import type { EngineRun, Turn } from '../../src/provision/engine.ts'
import { executors } from '../../src/workflows/executors.ts'
import { stackTurns } from '../../src/workflows/stack-turns.ts'
import { ownStore } from '../support/own-store.ts'

const { pool } = ownStore('stack-turns')
const run: EngineRun = { host: 'paris', pid: 7, place: 'there' }

/** A process that takes turns, in a folder of its name. */
async function enter(id: string) {
  await executors(pool(), runbookVersion).enter(id, { folder: id, kind: 'worker', version: runbookVersion })
  return stackTurns(pool(), id)
}

async function mine(taking: Promise<Turn | { readonly holder: string }>): Promise<Turn> {
  const turn = await taking
  assert.ok(!('holder' in turn), JSON.stringify(turn))
  return turn
}

test('of many processes that want a stack at the same moment one has it, the others hear which, and others may have other stacks', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, async (_, at) => await enter(`many-${at}`)))
  for (let round = 0; round < 10; round++) {
    const taken = await Promise.all(all.map(async (turns) => await turns.take('shop/net')))
    const winners = taken.flatMap((turn, at) => ('holder' in turn ? [] : [{ turn, at }]))
    assert.equal(winners.length, 1)
    assert.deepEqual([...new Set(taken.flatMap((turn) => ('holder' in turn ? [turn.holder] : [])))], [`many-${winners[0]?.at}`])
    await winners[0]?.turn.release()
  }
  await mine(all[0]?.take('shop/net') ?? assert.fail())
  await mine(all[1]?.take('shop/node-web-1') ?? assert.fail())
})

test('a turn is kept for as long as its process lives, and free once that one is declared dead', async () => {
  const [first, second] = [await enter('first'), await enter('second')]
  const turn = await mine(first.take('shop/a'))
  await turn.begin(run)
  await mine(first.take('shop/a'))
  assert.deepEqual(await second.take('shop/a'), { holder: 'first' })
  await pool().query(`update lifeboat.executor set fenced = true, beat = clock_timestamp() - interval '20 s' where id = 'first'`)
  const { left, clear, release } = await mine(second.take('shop/a'))
  assert.equal(left.length, 1)
  const { silentMs, ...found } = left[0] ?? assert.fail()
  assert.deepEqual(found, run)
  assert.ok(silentMs !== null && silentMs >= 20_000 && silentMs < 30_000, String(silentMs))

  // It was only stopped, and wakes up.
  await assert.rejects(turn.begin({ ...run, pid: 8 }), { code: 'executor-replaced' })
  await turn.release()
  assert.ok('holder' in (await first.take('shop/a')))
  assert.deepEqual(await (await enter('third')).take('shop/a'), { holder: 'second' }, 'what it gave away was not its own any more')
  await clear()
  await release()
  assert.deepEqual((await mine(second.take('shop/a'))).left, [])
})

test('an engine that did what it was asked leaves nothing; one that failed is left, and known to have ended while its process lives', async () => {
  const turns = await enter('one')
  const turn = await mine(turns.take('shop/b'))
  await turn.begin(run)
  await turn.end(run)
  await turn.begin({ ...run, pid: 9 })
  assert.deepEqual((await mine(turns.take('shop/b'))).left, [{ ...run, pid: 9, silentMs: null }])
  // Of a process that nobody knows any more nothing is left.
  await turn.release()
  await pool().query(`delete from lifeboat.executor where id = 'one'`)
  assert.equal((await mine((await enter('two')).take('shop/b'))).left[0]?.silentMs, Infinity)
})
