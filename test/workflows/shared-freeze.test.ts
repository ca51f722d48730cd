// How members of a shared freeze meet in the database: each is a step of its own here, as it would be in its own process.
import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { rowsOf, type ActionName } from '../../src/core/runbook.ts'
import { noFacts } from '../../src/core/stored-move.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import type { Step } from '../../src/workflows/run.ts'
import { awaitCompanions, beginTogether, leaveCompanions, leaveTurn } from '../../src/workflows/steps/companions.ts'
import { afterLastCommit } from '../../src/workflows/steps/last-commit.ts'
import { meetOthers, mustFollow, sharedBudgetLeft, undoInOrder } from '../../src/workflows/steps/shared-freeze.ts'
import { awaitTurn, letOthersSwitch } from '../../src/workflows/steps/waiting.ts'
import { ownStore } from '../support/own-store.ts'

const { pool, store } = ownStore('shared-freeze')
const freeze = { name: 'shop', members: ['web-1', 'db-1'] }
const after: Readonly<Record<string, readonly string[]>> = { 'web-1': ['db-1'], 'db-1': [] }

/** As much of a step as these need. */
function stepOf(move: string, { name = 'await-approval' as ActionName, token = 1, signal = AbortSignal.timeout(60_000) } = {}): Step {
  const plan = { from: { provider: 'old' }, after: after[move] ?? [], ...(move in after ? { freeze } : {}) }
  const step = {
    name,
    run: {
      move,
      run: 1,
      token,
      services: { store: store(), journal: openJournal(pool()), signals: { waits: async () => await Promise.resolve(false) } },
      ports: { plan, limits: { perSource: 1 } },
    },
    settings: { downtimeBudgetMs: 20_000 },
    facts: noFacts,
    signal,
    say: async () => await Promise.resolve(),
    waitFor: async () => await Promise.resolve(),
    restartDeadline: () => undefined,
  }
  return step as unknown as Step
}

async function begin(move: string, state = 'running'): Promise<void> {
  const sql = `insert into lifeboat.move (name, settings, plan, facts, config, token, run, state) values ($1, '{"from": {"provider": "old"}}', $2, '{"serving": "source"}', '{}', 1, 1, $3)
    on conflict (name) do update set state = excluded.state`
  await pool().query(sql, [move, { after: after[move] ?? [] }, state])
}

/** Both are ready, and their round begins. */
async function bothBegin(): Promise<void> {
  for (const move of freeze.members) await awaitCompanions(stepOf(move))
  assert.equal(await beginTogether(stepOf('web-1')), true)
}

beforeEach(async () => {
  await pool().query('truncate lifeboat.freeze, lifeboat.slot, lifeboat.move, lifeboat.signal, lifeboat.journal')
  for (const move of freeze.members) await begin(move)
})

test('nobody begins before all are ready; then all do, in one round, whoever noticed it first', async () => {
  await pool().query(`delete from lifeboat.move where name = 'db-1'`)
  assert.deepEqual(await awaitCompanions(stepOf('web-1')), { move: 'db-1', cause: 'db-1', state: 'not-begun' })
  await begin('db-1')
  assert.deepEqual(await awaitCompanions(stepOf('web-1')), { move: 'db-1', cause: 'db-1', state: 'running' })
  assert.equal(await beginTogether(stepOf('web-1')), false)
  assert.equal(await awaitCompanions(stepOf('db-1')), null)
  assert.deepEqual(await Promise.all(freeze.members.map(async (move) => await beginTogether(stepOf(move)))), [true, true])
  assert.equal(await awaitCompanions(stepOf('db-1')), null, 'also by another process')
  const rounds = (await store().companions('shop', freeze.members)).map(({ round, state }) => ({ round, state }))
  assert.deepEqual(rounds, [
    { round: 1, state: 'in' },
    { round: 1, state: 'in' },
  ])
})

test('who is not ready any more, or has ended, is waited for; a round that it has left is not gone on with', async () => {
  await bothBegin()
  await leaveCompanions(stepOf('db-1'))
  assert.deepEqual(await awaitCompanions(stepOf('web-1')), { move: 'db-1', cause: 'db-1', state: 'running' })
  assert.equal(await awaitCompanions(stepOf('db-1')), null)
  assert.equal(await beginTogether(stepOf('web-1')), true, 'ready again, they begin another round')
  await leaveCompanions(stepOf('db-1'))
  await begin('db-1', 'failed')
  assert.deepEqual(await awaitCompanions(stepOf('web-1')), { move: 'db-1', cause: 'db-1', state: 'failed' })
  assert.equal(await beginTogether(stepOf('web-1')), false)
})

test('what is switched already is not waited for, nor asked', async () => {
  await pool().query(`update lifeboat.move set facts = '{"serving": "target"}' where name = 'db-1'`)
  assert.equal(await awaitCompanions(stepOf('web-1')), null)
  assert.equal(await beginTogether(stepOf('web-1')), true)
  for (const { name } of rowsOf('switch').slice(1)) await meetOthers(stepOf('web-1'), name)
})

const there = [...rowsOf('switch').slice(1), ...rowsOf('settle').slice(0, 2)]
const back = rowsOf('back').slice(1, 11)

/** Walks the rows of a switch as a move does, each some milliseconds long; a member may fail in one. */
async function walk(move: string, trace: string[], failsAt?: ActionName, rows = there): Promise<void> {
  try {
    for (const { name } of rows) {
      await meetOthers(stepOf(move), name)
      trace.push(`${move} ${name}`)
      if (name === failsAt) throw new Error('It broke.')
      await delay(10 + Math.random() * 30)
      if (name.startsWith('release-clients')) await leaveTurn(stepOf(move).run, name)
    }
  } catch (error) {
    await undoInOrder(stepOf(move, { name: rows === there ? 'unhold-clients' : 'unhold-clients-back' }))
    trace.push(`${move} undone`)
    await leaveTurn(stepOf(move).run, null)
    throw error
  }
}

test('clients are drained before their database is held, and it is released before they are sealed', async () => {
  await bothBegin()
  const trace: string[] = []
  await Promise.all(freeze.members.map(async (move) => await walk(move, trace)))
  const at = (what: string): number => trace.indexOf(what)
  assert.ok(at('web-1 final-sync') > at('db-1 freeze-source') && at('web-1 freeze-source') < at('db-1 hold-clients'), trace.join())
  assert.ok(at('web-1 seal-source') > at('db-1 release-clients') && at('db-1 seal-source') > at('web-1 verify-data'), trace.join())
})

test('before the first commit the failure of one ends the attempt of the other, and databases open first', async () => {
  for (const [move, row] of [['web-1', 'verify-data'] as const, ['db-1', 'promote-target'] as const]) {
    await pool().query('truncate lifeboat.freeze')
    await bothBegin()
    const trace: string[] = []
    const ended = await Promise.allSettled(freeze.members.map(async (each) => await walk(each, trace, each === move ? row : undefined)))
    const reasons = ended.map((each) => (each.status === 'rejected' ? (each.reason as Error).message : 'went on'))
    assert.deepEqual(reasons.toSorted(), ['It broke.', `The attempt of ${move}, which shares the freeze, ended.`])
    assert.deepEqual(trace.slice(-2), ['db-1 undone', 'web-1 undone'], trace.join())
  }
})

test('after the commit of its database a client that fails is undone alone, and tried again alone', async () => {
  await bothBegin()
  const trace: string[] = []
  const [web, db] = await Promise.allSettled([walk('web-1', trace, 'check-target'), walk('db-1', trace)])
  assert.deepEqual([web.status, db.status], ['rejected', 'fulfilled'])
  await pool().query(`update lifeboat.move set facts = '{"serving": "target"}' where name = 'db-1'`)
  assert.equal(await awaitCompanions(stepOf('web-1')), null)
  assert.equal(await beginTogether(stepOf('web-1')), true)
  await walk('web-1', trace)
})

test('one whose run ended without a word ends the attempt of the others', async () => {
  await bothBegin()
  await begin('web-1', 'failed')
  await assert.rejects(meetOthers(stepOf('db-1'), 'hold-clients'), { code: 'gate-closed' })
})

test('what a node ends, or a rollback that was asked for, ends the wait', async () => {
  await bothBegin()
  const [lost, asked] = [new AbortController(), new AbortController()]
  const waits = [
    assert.rejects(meetOthers(stepOf('db-1'), 'hold-clients', lost.signal), /budget is over/),
    assert.rejects(meetOthers(stepOf('db-1', { signal: asked.signal }), 'hold-clients'), /rollback was asked for/),
  ]
  lost.abort(new Error('The budget is over.'))
  asked.abort(new Error('A rollback was asked for.'))
  await Promise.all(waits)
})

test('an execution that was overtaken tells nobody anything', async () => {
  await bothBegin()
  await assert.rejects(meetOthers(stepOf('web-1', { token: 0 }), 'hold-clients'), { code: 'token-stale' })
  await assert.rejects(undoInOrder(stepOf('web-1', { name: 'thaw-source', token: 0 })), { code: 'token-stale' })
})

test('the budget of the pause runs since the first of them held its clients', async () => {
  await bothBegin()
  assert.ok((await sharedBudgetLeft(stepOf('web-1', { name: 'hold-clients' }))) > 19_000)
  await pool().query(`update lifeboat.freeze set held_at = held_at - interval '8 s' where move = 'web-1'`)
  const left = await sharedBudgetLeft(stepOf('db-1', { name: 'hold-clients' }))
  assert.ok(left > 11_000 && left <= 12_000, String(left))
  await pool().query(`update lifeboat.freeze set held_at = held_at - interval '13 s' where move = 'web-1'`)
  await assert.rejects(sharedBudgetLeft(stepOf('db-1', { name: 'hold-clients' })), /used up its 20 s/)
})

/** Both are switched. */
async function bothSwitched(): Promise<void> {
  await bothBegin()
  for (const move of freeze.members) await store().comeTo(move, 1, 'forward-stragglers')
  await pool().query(`update lifeboat.move set facts = '{"serving": "target"}'`)
}

const goBack = async () => await store().beginRoundBack('shop', freeze.members, { by: 'rollback' })

test('told to go back in one word they do so as one: clients are drained first, and databases released first', async () => {
  await bothSwitched()
  assert.equal((await Promise.all([goBack(), goBack()])).filter(Boolean).length, 1, 'two terminals at once')
  const { rows } = await pool().query<{ move: string }>(`select move from lifeboat.signal where kind = 'rollback' order by move`)
  assert.deepEqual(
    rows.map(({ move }) => move),
    ['db-1', 'web-1'],
  )
  assert.equal(await goBack(), false, 'nobody is told twice')
  const trace: string[] = []
  await Promise.all(freeze.members.map(async (move) => await walk(move, trace, undefined, back)))
  const at = (what: string): number => (trace.includes(what) ? trace.indexOf(what) : assert.fail(what))
  assert.ok(at('web-1 final-sync-back') > at('db-1 freeze-target') && at('web-1 freeze-target') < at('db-1 hold-clients-back'), trace.join())
  assert.ok(at('web-1 seal-target') > at('db-1 release-clients-back') && at('db-1 seal-target') > at('web-1 verify-data-back'), trace.join())
})

test('a failure before the first commit back opens both again, databases first, and the next word begins anew', async () => {
  await bothSwitched()
  for (const [move, row] of [['web-1', 'verify-data-back'] as const, ['db-1', 'promote-source'] as const]) {
    assert.equal(await goBack(), true)
    const trace: string[] = []
    const ended = await Promise.allSettled(freeze.members.map(async (each) => await walk(each, trace, each === move ? row : undefined, back)))
    const reasons = ended.map((each) => (each.status === 'rejected' ? (each.reason as Error).message : 'went on'))
    assert.deepEqual(reasons.toSorted(), ['It broke.', `The attempt of ${move}, which shares the freeze, ended.`])
    assert.deepEqual(trace.slice(-2), ['db-1 undone', 'web-1 undone'], trace.join())
    assert.equal(await mustFollow(stepOf('web-1').run), false)
  }
})

test('a client that fails once its database is back follows it by itself, alone, and twice at most', async () => {
  await bothSwitched()
  await goBack()
  const trace: string[] = []
  const [web, db] = await Promise.allSettled([walk('web-1', trace, 'check-source-back', back), walk('db-1', trace, undefined, back)])
  assert.deepEqual([web.status, db.status], ['rejected', 'fulfilled'])
  const { run } = stepOf('web-1')
  for (const isTried of [true, true, false]) {
    assert.equal(await mustFollow(run), isTried)
    await run.services.journal.append({ move: 'web-1', run: 1, step: 'attempt', state: 'undone', text: '', details: { again: true } })
  }
  await walk('web-1', trace, undefined, back)
})

test('who was told to go back alone meets nobody, and has its own budget', async () => {
  await bothSwitched()
  for (const { name } of back) await meetOthers(stepOf('web-1', { signal: AbortSignal.timeout(2000) }), name)
  assert.equal(await sharedBudgetLeft(stepOf('web-1', { name: 'hold-clients-back' })), 20_000)
})

test('the budget of a pause on the way back is shared, too', async () => {
  await bothSwitched()
  await goBack()
  await sharedBudgetLeft(stepOf('web-1', { name: 'hold-clients-back' }))
  await pool().query(`update lifeboat.freeze set held_at = held_at - interval '8 s' where move = 'web-1'`)
  const left = await sharedBudgetLeft(stepOf('db-1', { name: 'hold-clients-back' }))
  assert.ok(left > 11_000 && left <= 12_000, String(left))
})

test('they have one turn, which the last of them leaves', async () => {
  await bothBegin()
  for (const move of freeze.members) assert.equal(await awaitTurn(stepOf(move), 0), null)
  assert.deepEqual(await awaitTurn(stepOf('other-1'), 0), { holder: 'web-1, db-1' })
  await letOthersSwitch(stepOf('web-1', { signal: AbortSignal.timeout(1000) }))
  await leaveTurn(stepOf('db-1').run, 'release-clients')
  assert.equal(await store().turnOf('old'), 'web-1, db-1')
  await leaveTurn(stepOf('web-1').run, null)
  assert.equal(await store().turnOf('old'), null)
})

test('names wait until the last member is switched, and not for one that rests', async () => {
  for (const [column, value] of [['facts', '{"serving": "target"}'] as const, ['state', 'failed'] as const]) {
    await pool().query(`update lifeboat.move set facts = '{"serving": "source"}', state = 'running' where name = 'web-1'`)
    const acted: string[] = []
    const switching = afterLastCommit(async () => await Promise.resolve({ text: String(acted.push('names')) }))(stepOf('db-1', { name: 'switch-dns' }))
    await delay(300)
    assert.deepEqual(acted, [])
    await pool().query(`update lifeboat.move set ${column} = $1 where name = 'web-1'`, [value])
    await switching
    assert.deepEqual(acted, ['names'])
  }
})
