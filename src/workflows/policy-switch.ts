// The big red switch of the policy, with whoever moved it, newest last: pressed, Lifeboat fails nothing over by itself.
import type { Pool } from 'pg'

export const policySwitchTable =
  'create table if not exists lifeboat.policy_switch (id bigserial primary key, off boolean not null, by text not null, reason text not null, at timestamptz not null default clock_timestamp());'

export type PolicySwitch = { readonly off: boolean; readonly by: string; readonly reason: string; readonly at: string }

export function policySwitch(pool: Pool) {
  return {
    /** Null: nobody has ever moved it, so the policy is on. */
    policySwitch: async (): Promise<PolicySwitch | null> => {
      const sql = 'select off, by, reason, at from lifeboat.policy_switch order by id desc limit 1'
      const [row] = (await pool.query<Omit<PolicySwitch, 'at'> & { at: Date }>(sql)).rows
      return row === undefined ? null : { ...row, at: row.at.toISOString() }
    },
    setPolicySwitch: async ({ off, by, reason }: Omit<PolicySwitch, 'at'>): Promise<void> => {
      await pool.query('insert into lifeboat.policy_switch (off, by, reason) values ($1, $2, $3)', [off, by, reason])
    },
  }
}
