// Who goes back without a person's word: a move whose `finish.policy` says so, with all that share its freeze, or nobody.
import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import { tellBackByPolicy } from '../../src/workflows/going-back.ts'
import type { Run } from '../../src/workflows/run.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { ownStore } from '../support/own-store.ts'
import { plannedOf, settingsOf } from '../support/stored.ts'

const { pool, store } = ownStore('back-by-policy')
const freeze = { name: 'shop', members: ['web-1', 'db-1'] }

type Given = { readonly policy?: 'manual' | 'auto-rollback'; readonly reverseSync?: boolean; readonly facts?: Partial<MoveFacts>; readonly alone?: boolean }

/** A move that is switched and watched. */
async function begin(move: string, { policy = 'auto-rollback', reverseSync = true, facts = {}, alone = false }: Given = {}): Promise<void> {
  const settings = settingsOf(move, null)
  const asked = { ...settings, reverseSync, finish: { ...settings.finish, policy } }
  const plan = alone ? plannedOf(move) : { ...plannedOf(move), freeze }
  const sql = `insert into lifeboat.move (name, settings, plan, facts, config, token, run, state) values ($1, $2, $3, $4, '{}', 1, 1, 'running')`
  await pool().query(sql, [move, asked, plan, { ...noFacts, serving: 'target', ...facts }])
  if (!alone) await pool().query(`insert into lifeboat.freeze (move, name, state, round, at) values ($1, 'shop', 'in', 1, 'watch-target')`, [move])
}

/** Whether it is told by its policy, and who hears of it. */
async function told(move: string): Promise<{ readonly byItself: boolean; readonly heard: readonly string[] }> {
  const run = { move, run: 1, services: { store: store(), signals: openSignals(pool()) } } as unknown as Run
  const byItself = await tellBackByPolicy(run)
  const { rows } = await pool().query<{ move: string }>(
    `select move from lifeboat.signal where kind = 'rollback' and details ->> 'by' = 'finish.policy' order by move`,
  )
  return { byItself, heard: rows.map((row) => row.move) }
}

const aPersonDecides = { byItself: false, heard: [] }

beforeEach(async () => void (await pool().query('truncate lifeboat.freeze, lifeboat.move, lifeboat.signal')))

test('a move alone goes back by its policy, and not where that loses writes, is impossible or is not its policy', async () => {
  await begin('web-9', { alone: true })
  assert.deepEqual(await told('web-9'), { byItself: true, heard: ['web-9'] })
  for (const [name, given] of Object.entries<Given>({
    manual: { policy: 'manual' },
    blind: { reverseSync: false },
    dead: { facts: { sourceAnswers: false } },
  })) {
    await begin(name, { ...given, alone: true })
    assert.deepEqual(await told(name), { byItself: false, heard: ['web-9'] }, name)
  }
})

test('all that share a freeze hear it in one word, and only once, whoever of them got worse', async () => {
  await Promise.all([begin('web-1'), begin('db-1')])
  const both = await Promise.all([told('web-1'), told('db-1')])
  assert.deepEqual(
    both.map(({ byItself }) => byItself),
    [true, true],
  )
  assert.deepEqual((await told('db-1')).heard, ['db-1', 'web-1'])
})

test('where one of them cannot go back, or has another policy, a person decides for all', async () => {
  await begin('web-1')
  await begin('db-1', { policy: 'manual' })
  assert.deepEqual(await told('web-1'), aPersonDecides)
  await pool().query(`delete from lifeboat.freeze where move = 'db-1'; delete from lifeboat.move where name = 'db-1'`)
  await begin('db-1', { facts: { sourceAnswers: false } })
  assert.deepEqual(await told('web-1'), aPersonDecides)
})
