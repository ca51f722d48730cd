// What is kept about moves, in the same PostgreSQL that holds the durable steps. A few small tables; every statement of
// the product against them stands in this file, in inventories.ts, slots.ts, freezes.ts or journal.ts.
import type { Pool } from 'pg'
import type { Standing } from '../core/after.ts'
import { LifeboatError } from '../core/errors.ts'
import {
  beginningSchema,
  moveFactsSchema,
  moveSettingsSchema,
  noFacts,
  type Beginning,
  type MoveFacts,
  type MoveSettings,
  type MoveState,
} from '../core/stored-move.ts'
import { servingSchema, type Serving } from '../core/serving.ts'
import { planSchema, plannedMoveSchema, type Plan, type PlannedMove } from '../core/plan.ts'
import { configTexts, type ConfigText } from './config-texts.ts'
import { drills, drillTable } from './drills.ts'
import { executorTable } from './executors.ts'
import { freezes, freezeTable } from './freezes.ts'
import { hostKeys, hostKeyTable } from './host-keys.ts'
import { incidents, incidentTables } from './incidents.ts'
import { inventories, inventoryTables } from './inventories.ts'
import { journalTable } from './journal.ts'
import { versionTable, withSchema } from './schema-version.ts'
import { policySwitch, policySwitchTable } from './policy-switch.ts'
import { signalTable } from './signals.ts'
import { slots, slotTables } from './slots.ts'
import { turnTables } from './stack-turns.ts'

const schema = `
create schema if not exists lifeboat;
create table if not exists lifeboat.identity (sole boolean primary key default true check (sole), id text not null);
create table if not exists lifeboat.plan (fingerprint text primary key, body jsonb not null, at timestamptz not null default now());
create table if not exists lifeboat.move (
  name text primary key, settings jsonb not null, plan jsonb not null, facts jsonb not null, config jsonb not null,
  token bigint not null default 0, run int not null default 0, state text not null, started_at timestamptz not null default now());
alter table lifeboat.move add column if not exists begun jsonb;
create table if not exists lifeboat.config (digest text primary key, text text not null);
`

export type StoredMove = {
  readonly name: string
  readonly settings: MoveSettings
  readonly plan: PlannedMove
  readonly facts: MoveFacts
  readonly token: number
  readonly run: number
  readonly state: MoveState
  readonly startedAt: string
}

/** What changes of a move while it runs. */
export type Progress = Pick<StoredMove, 'name' | 'facts' | 'state' | 'startedAt'> & { readonly freeze: NonNullable<PlannedMove['freeze']> | null }

export type Store = ReturnType<typeof openStore>

/** Several processes may make the same things at the same moment; a message is one transaction. */
const alone = 'select pg_advisory_xact_lock(7163541);'

const allTables = [
  schema,
  versionTable,
  signalTable,
  journalTable,
  inventoryTables,
  slotTables,
  freezeTable,
  executorTable,
  hostKeyTable,
  turnTables,
  policySwitchTable,
  drillTable,
  incidentTables,
]

/** Makes what is missing. Fails with database-newer, and changes nothing then. */
export async function createTables(pool: Pool): Promise<void> {
  await withSchema(pool, async () => {
    for (const tables of allTables) await pool.query(alone + tables)
  })
}

export function openStore(pool: Pool) {
  return {
    ...plans(pool),
    ...inventories(pool),
    ...slots(pool),
    ...freezes(pool),
    ...hostKeys(pool),
    ...policySwitch(pool),
    ...drills(pool),
    ...incidents(pool),
    ...moves(pool),
    ...standbyNodes(pool),
    ...looks(pool),
  }
}

function plans(pool: Pool) {
  return {
    /** The permanent name of this state folder's database; made at first use with the given value. */
    identity: async (fresh: string): Promise<string> => {
      await pool.query('insert into lifeboat.identity (id) values ($1) on conflict do nothing', [fresh])
      const { rows } = await pool.query<{ id: string }>('select id from lifeboat.identity')
      return rows[0]?.id ?? fresh
    },
    savePlan: async (plan: Plan): Promise<void> => {
      await pool.query('insert into lifeboat.plan (fingerprint, body) values ($1, $2) on conflict (fingerprint) do update set at = now()', [
        plan.fingerprint,
        plan,
      ])
    },
    latestPlan: async (): Promise<Plan | null> => {
      const { rows } = await pool.query<{ body: unknown }>('select body from lifeboat.plan order by at desc limit 1')
      return rows[0] === undefined ? null : planSchema.parse(rows[0].body)
    },
  }
}

type MoveRow = { name: string; settings: unknown; plan: unknown; facts: unknown; token: string; run: number; state: MoveState; started_at: Date }

function moves(pool: Pool) {
  const configs = configTexts(pool)
  return {
    move: async (name: string): Promise<StoredMove | null> => {
      const { rows } = await pool.query<MoveRow>('select * from lifeboat.move where name = $1', [name])
      return rows[0] === undefined ? null : readMove(rows[0])
    },
    moves: async (): Promise<readonly StoredMove[]> => {
      const { rows } = await pool.query<MoveRow>('select * from lifeboat.move order by name')
      return rows.map(readMove)
    },
    /** Whether any move runs. */
    anyRuns: async (): Promise<boolean> => (await pool.query(`select from lifeboat.move where state = 'running' limit 1`)).rowCount === 1,
    /** Begins a new run of a move with these settings; facts of earlier runs stay. Answers null when one runs already. `begun`: what its workflow will be given. */
    beginRun: async (settings: MoveSettings, plan: PlannedMove, config: ConfigText, begun: Beginning | null = null): Promise<number | null> => {
      const sql = `insert into lifeboat.move as m (name, settings, plan, facts, config, begun, run, state) values ($1, $2, $3, $4, $5, $6, 1, 'running')
        on conflict (name) do update set settings = excluded.settings, plan = excluded.plan, config = excluded.config, begun = excluded.begun, run = m.run + 1, state = 'running', started_at = now()
        where m.state in ('failed', 'rolled-back') returning run`
      const { rows } = await pool.query<{ run: number }>(sql, [settings.name, settings, plan, noFacts, await configs.keep(config), begun])
      return rows[0]?.run ?? null
    },
    configOf: configs.of,
    /** Runs that were stored, and never came into the queue: whoever began them died in between. */
    neverQueued: async (): Promise<readonly (Beginning & { readonly move: string; readonly run: number })[]> => {
      const sql = `select name as move, run, begun from lifeboat.move as m where state = 'running' and begun is not null
        and not exists (select from dbos.workflow_status where workflow_uuid = m.name || ':' || m.run)`
      const { rows } = await pool.query<{ move: string; run: number; begun: unknown }>(sql)
      return rows.map(({ begun, ...rest }) => ({ ...beginningSchema.parse(begun), ...rest }))
    },
    /** Like `learn`, for the holder of the newest token alone. */
    setState: async (name: string, state: MoveState, token: number): Promise<void> => {
      const { rowCount } = await pool.query('update lifeboat.move set state = $2 where name = $1 and token = $3', [name, state, token])
      if (rowCount === 0) throw overtaken(name, token)
    },
    /** The next token of a move, for an executor that is alive: written here before anybody outside sees it. Null: it was declared dead. */
    claimToken: async (name: string, executor: string): Promise<number | null> => {
      // The lock on its row makes whoever is fencing it come either before or after.
      const sql = `update lifeboat.move as m set token = m.token + 1
        from (select 1 from lifeboat.executor where id = $2 and not fenced for share) as alive where m.name = $1 returning m.token`
      const { rows } = await pool.query<{ token: string }>(sql, [name, executor])
      return rows[0] === undefined ? null : Number(rows[0].token)
    },
    /** This database is the newest that there is: the next token of a move at rest is above all that nodes have seen. False: it was not behind. */
    adopt: async (name: string): Promise<boolean> => {
      const sql = `update lifeboat.move set token = greatest(token, (facts ->> 'behind')::bigint), facts = facts || '{"behind": null, "isAdopting": true}'
        where name = $1 and state in ('failed', 'rolled-back') and facts ->> 'behind' is not null`
      return (await pool.query(sql, [name])).rowCount === 1
    },
    /** Merges what the holder of this token learned, and answers all that is known then; fails with token-stale when somebody newer is at work. `measured` is merged one level deeper, so that one figure does not wipe the others. */
    learn: async (name: string, facts: Partial<MoveFacts>, token: number): Promise<MoveFacts> => {
      const { measured, ...rest } = facts
      const { rows } = await pool.query<Pick<MoveRow, 'facts'>>(
        `update lifeboat.move set facts = facts || $2::jsonb || jsonb_build_object('measured', (facts -> 'measured') || $3::jsonb)
          where name = $1 and token = $4 returning facts`,
        [name, JSON.stringify(rest), JSON.stringify(measured ?? {}), token],
      )
      if (rows[0] === undefined) throw overtaken(name, token)
      return readFacts(rows[0].facts)
    },
  }
}

/** What a person wants of the node of a standby. */
function standbyNodes(pool: Pool) {
  return {
    /** Nothing that runs reads it; whoever makes the node, whenever that is, makes it so large. Null: as planned. */
    setParked: async (name: string, size: string | null): Promise<void> => {
      await pool.query(`update lifeboat.move set facts = facts || jsonb_build_object('parked', $2::text) where name = $1`, [name, size])
    },
    /** The node of a move at rest is about to go. A later copy onto what stays of it reads contents. False: it runs, or serves from there. */
    forgetTarget: async (name: string): Promise<boolean> => {
      const sql = `update lifeboat.move set facts = facts || '{"target": null, "boots": null, "parked": null}'
        where name = $1 and state in ('failed', 'rolled-back') and facts ->> 'serving' = 'source'`
      return (await pool.query(sql, [name])).rowCount === 1
    },
  }
}

function looks(pool: Pool) {
  return {
    /** How far these moves have come; all, where none is named. */
    progress: async (names: readonly string[] | null): Promise<readonly Progress[]> => {
      const sql = `select name, facts, state, started_at, plan -> 'freeze' as freeze from lifeboat.move where $1::text[] is null or name = any($1) order by name`
      const { rows } = await pool.query<Pick<MoveRow, 'name' | 'facts' | 'state' | 'started_at'> & Pick<Progress, 'freeze'>>(sql, [names])
      return rows.map((row) => ({ name: row.name, facts: readFacts(row.facts), state: row.state, startedAt: row.started_at.toISOString(), freeze: row.freeze }))
    },
    /** Which of these moves their targets serve, and where. */
    serving: async (names: readonly string[]): Promise<Serving> => {
      const sql = `select name, facts -> 'target' || jsonb_build_object('provider', settings -> 'to' -> 'provider') as target from lifeboat.move
        where name = any($1) and facts ->> 'serving' = 'target' order by name`
      const { rows } = await pool.query<{ name: string; target: unknown }>(sql, [names])
      return servingSchema.parse(Object.fromEntries(rows.map(({ name, target }) => [name, target])))
    },
    /** Where every move stands that was ever begun, for those that come after it. */
    standings: async (): Promise<ReadonlyMap<string, Standing>> => {
      const sql = `select name, state, facts ->> 'serving' as serving, plan -> 'after' as after from lifeboat.move order by name`
      const { rows } = await pool.query<Standing & { name: string }>(sql)
      return new Map(rows.map(({ name, ...standing }) => [name, standing]))
    },
    /** The same of these moves, and of all that they come after in their turn. */
    standingsBehind: async (names: readonly string[]): Promise<ReadonlyMap<string, Standing>> => {
      const sql = `with recursive behind (name) as (select unnest($1::text[])
          union select jsonb_array_elements_text(plan -> 'after') from lifeboat.move join behind using (name))
        select name, state, facts ->> 'serving' as serving, plan -> 'after' as after from lifeboat.move join behind using (name)`
      const { rows } = await pool.query<Standing & { name: string }>(sql, [names])
      return new Map(rows.map(({ name, ...standing }) => [name, standing]))
    },
  }
}

function overtaken(name: string, token: number): LifeboatError {
  return new LifeboatError('token-stale', `Token ${token} of ${name} is not the newest any more.`)
}

function readFacts(facts: unknown): MoveFacts {
  return moveFactsSchema.parse({ ...noFacts, ...(facts as object) })
}

function readMove(row: MoveRow): StoredMove {
  return {
    name: row.name,
    settings: moveSettingsSchema.parse(row.settings),
    plan: plannedMoveSchema.parse(row.plan),
    facts: readFacts(row.facts),
    token: Number(row.token),
    run: row.run,
    state: row.state,
    startedAt: row.started_at.toISOString(),
  }
}
