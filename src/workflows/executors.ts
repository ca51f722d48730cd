// Which processes run moves: each start of one is a row that beats. Whoever is silent too long is declared dead by the
// database's clock alone, once and for ever: it never gets another token, and what it ran goes on elsewhere.
import type { Pool } from 'pg'
import { refuseRaised } from './schema-version.ts'

export const executorTable = `
create table if not exists lifeboat.executor (
  id text primary key, folder text not null, kind text not null, beat timestamptz not null default clock_timestamp(), fenced boolean not null default false);
alter table lifeboat.executor add column if not exists version text default 'runbook-1';`

/** Silent for longer than this is dead: three beats and no doubt. */
const silentForSeconds = 15

const isAlive = `not fenced and beat >= clock_timestamp() - interval '${silentForSeconds} s'`

export type ExecutorKind = 'controller' | 'worker'

/** `version`: of the runbook; null: it runs no moves. */
type Entry = { readonly folder: string; readonly kind: ExecutorKind; readonly version: string | null }

export type Executors = ReturnType<typeof executors>

/** As a process of this version of the runbook sees them. */
export function executors(pool: Pool, version: string) {
  const ids = async (sql: string, values: readonly string[]): Promise<readonly string[]> =>
    (await pool.query<{ id: string }>(sql, [...values])).rows.map((row) => row.id)
  return {
    /** Enters a process. One that held the same folder before is gone, since the lock of the folder was free: nobody waits for its silence. */
    enter: async (id: string, { folder, kind, version: runs }: Entry): Promise<void> => {
      await pool.query(`delete from lifeboat.executor where fenced and beat < clock_timestamp() - interval '1 day'`)
      await pool.query('update lifeboat.executor set fenced = true where folder = $1', [folder])
      await pool.query('insert into lifeboat.executor (id, folder, kind, version) values ($1, $2, $3, $4)', [id, folder, kind, runs])
    },
    /** False: this process was declared dead, and what it ran may run elsewhere. */
    beat: async (id: string): Promise<boolean> =>
      (await pool.query('update lifeboat.executor set beat = clock_timestamp() where id = $1 and not fenced', [id])).rowCount === 1,
    /** Fails with database-newer when this version may not go on. */
    refuseRaised: async (): Promise<void> => await refuseRaised(pool),
    /** Whether a worker that would run what is begun here is alive, as far as anybody knows. */
    hasWorkers: async (): Promise<boolean> =>
      (await pool.query(`select from lifeboat.executor where kind = 'worker' and version = $1 and ${isAlive} limit 1`, [version])).rowCount === 1,
    /** Declares the silent ones dead; of several that ask at once each row is one's. Answers their ids. */
    fenceSilent: async (id: string): Promise<readonly string[]> =>
      await ids(
        `update lifeboat.executor set fenced = true
          where not fenced and id <> $1 and beat < clock_timestamp() - interval '${silentForSeconds} s' returning id`,
        [id],
      ),
    /** Dead ones that own moves still: whoever fenced them may have died before it took these over. */
    deadWithMoves: async (): Promise<readonly string[]> =>
      await ids(
        `select distinct executor_id as id from dbos.workflow_status where status = 'PENDING' and application_version = $1
          and executor_id not in (select id from lifeboat.executor where not fenced)`,
        [version],
      ),
    /** Runs for whose version of the runbook no process is alive: move -> version. */
    waitingForVersion: async (): Promise<ReadonlyMap<string, string>> => {
      const sql = `select m.name, application_version as version from lifeboat.move as m join dbos.workflow_status on workflow_uuid = m.name || ':' || m.run
        where m.state = 'running' and status in ('PENDING', 'ENQUEUED')
          and application_version not in (select version from lifeboat.executor where version is not null and ${isAlive})`
      const { rows } = await pool.query<{ name: string; version: string }>(sql)
      return new Map(rows.map((row) => [row.name, row.version]))
    },
    /** An orderly end: what is left may be taken over at once. */
    leave: async (id: string): Promise<void> => void (await pool.query('update lifeboat.executor set fenced = true where id = $1', [id])),
  }
}
