// A journal that cannot be written ends the process and nothing else: no step has failed, no run has ended, and whoever
// comes next goes on at the interrupted step. No node is needed for it: test/support/executor-process.ts.
import assert from 'node:assert/strict'
import test from 'node:test'
import { ownStore } from '../support/own-store.ts'
import { openWorld, startExecutor, storeMove, until } from '../support/executors.ts'

const { pool, url } = ownStore('unwritable')

/** The database refuses such records, as it does when its disk is full (53100). */
const refuse = async (code: string, where: string) =>
  await pool().query(`create or replace function refuse() returns trigger language plpgsql as $$ begin
    if ${where} then raise exception 'could not extend file' using errcode = '${code}'; end if; return new; end $$;
    create or replace trigger refuse before insert on lifeboat.journal for each row execute function refuse()`)

const cases = [
  ['web-1', 'the announcement of a step', `new.step = 'provision-node' and new.state = 'started'`],
  ['web-2', 'what a step came to', `new.step = 'adopt-inventory' and new.state = 'done'`],
] as const

test('what cannot be written is no failure of a step', async (t) => {
  await openWorld(pool())
  for (const [move, what, where] of cases)
    await t.test(`${what} that cannot be written ends the process, and the next one goes on there`, async () => {
      await storeMove(pool(), move)
      await refuse('53100', where)
      const first = await startExecutor(url(), 'a', 'alone')
      first.child.kill('SIGUSR2')
      assert.equal(await first.ended, 4)
      assert.equal(first.lines.at(-1), 'lost state-disk-full')
      const failed = await pool().query(`select from lifeboat.journal where state = 'failed'`)
      assert.equal(failed.rowCount, 0)
      await pool().query('drop trigger refuse on lifeboat.journal')

      const second = await startExecutor(url(), 'a', 'alone')
      await until(async () => (await pool().query('select from world.mark')).rowCount !== 0, 'The step where it was', 20)
      assert.equal((await pool().query(`select from lifeboat.journal where step = 'check-source' and state = 'started'`)).rowCount, 1)
      second.child.kill('SIGKILL')
      await second.ended
    })
})
