// What whoever watches keeps: how each node was judged last, the incidents, and the approvals of fail-overs that were proposed.
import type { Pool } from 'pg'
import { incidentRecordSchema, type Incident } from '../core/incident.ts'
import { judgedSchema, type Judged } from '../core/judged.ts'
import type { Approval } from '../core/policy.ts'

export const incidentTables = `
create table if not exists lifeboat.judged (move text primary key, body jsonb not null);
create table if not exists lifeboat.incident (id text primary key, move text not null, provider text not null, suspected_at timestamptz not null, is_open boolean not null, body jsonb not null);
create unique index if not exists incident_open on lifeboat.incident (move) where is_open;
create table if not exists lifeboat.failover_approval (
  id bigserial primary key, move text not null, digest text not null, who text not null, given_at timestamptz not null default clock_timestamp(), used_by text, used_at timestamptz);
`

export type IncidentQuery = { readonly provider?: string; readonly id?: string; readonly limit: number }
type GivenApproval = Approval & { readonly id: number; readonly who: string }

export function incidents(pool: Pool) {
  return {
    saveJudged: async (judged: ReadonlyMap<string, Judged>): Promise<void> => {
      const sql = `insert into lifeboat.judged (move, body) select move, body from unnest($1::text[], $2::jsonb[]) as fresh (move, body)
        on conflict (move) do update set body = excluded.body`
      await pool.query(sql, [[...judged.keys()], [...judged.values()].map((each) => JSON.stringify(each))])
    },
    /** Null: nobody ever watched it. */
    judged: async (move: string): Promise<Judged | null> => {
      const { rows } = await pool.query<{ body: unknown }>('select body from lifeboat.judged where move = $1', [move])
      return rows[0] === undefined ? null : judgedSchema.parse(rows[0].body)
    },
    saveIncident: async (incident: Incident): Promise<void> => {
      const { id, move, provider, suspectedAt, closedAt } = incident
      const sql = `insert into lifeboat.incident (id, move, provider, suspected_at, is_open, body) values ($1, $2, $3, $4, $5, $6)
        on conflict (id) do update set is_open = excluded.is_open, body = excluded.body`
      await pool.query(sql, [id, move, provider, suspectedAt, closedAt === null, incident])
    },
    openIncidents: async (): Promise<readonly Incident[]> => {
      const { rows } = await pool.query<{ body: unknown }>('select body from lifeboat.incident where is_open')
      return rows.map(({ body }) => incidentRecordSchema.parse(body))
    },
    /** The newest first. */
    incidents: async ({ provider, id, limit }: IncidentQuery): Promise<readonly Incident[]> => {
      const sql = `select body from lifeboat.incident where ($1::text is null or provider = $1) and ($2::text is null or id = $2) order by suspected_at desc limit $3`
      const { rows } = await pool.query<{ body: unknown }>(sql, [provider ?? null, id ?? null, limit])
      return rows.map(({ body }) => incidentRecordSchema.parse(body))
    },
    ...approvals(pool),
  }
}

type ApprovalRow = { id: string; digest: string; who: string; given_at: Date; used_by: string | null; used_at: Date | null }

function approvals(pool: Pool) {
  return {
    approveFailover: async (move: string, digest: string, who: string): Promise<void> => {
      await pool.query('insert into lifeboat.failover_approval (move, digest, who) values ($1, $2, $3)', [move, digest, who])
    },
    /** The last that was given; null: none ever was. */
    failoverApproval: async (move: string): Promise<GivenApproval | null> => {
      const { rows } = await pool.query<ApprovalRow>('select * from lifeboat.failover_approval where move = $1 order by id desc limit 1', [move])
      const [row] = rows
      if (row === undefined) return null
      const used = row.used_by === null || row.used_at === null ? null : { by: row.used_by, at: row.used_at.getTime() }
      return { id: Number(row.id), digest: row.digest, who: row.who, givenAt: row.given_at.getTime(), used }
    },
    /** Marks it used, once. False: somebody did before. */
    useApproval: async (id: number, failover: string): Promise<boolean> => {
      const sql = 'update lifeboat.failover_approval set used_by = $2, used_at = clock_timestamp() where id = $1 and used_by is null'
      return (await pool.query(sql, [id, failover])).rowCount === 1
    },
    /** Takes that back for a fail-over that did nothing. */
    returnApproval: async (failover: string): Promise<void> => {
      await pool.query('update lifeboat.failover_approval set used_by = null, used_at = null where used_by = $1', [failover])
    },
  }
}
