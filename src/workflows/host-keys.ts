// Host keys of nodes as they were first seen by any process of this database: no other one accepts another key.
import type { Pool } from 'pg'
import type { HostKey } from '../io/known-hosts.ts'

export const hostKeyTable =
  'create table if not exists lifeboat.host_key (host text not null, kind text not null, key text not null, primary key (host, kind));'

export function hostKeys(pool: Pool) {
  return {
    /** Keeps the keys of hosts that nobody has seen before, and answers what is known of all hosts. */
    exchangeHostKeys: async (seen: readonly HostKey[]): Promise<readonly HostKey[]> => {
      const sql = `insert into lifeboat.host_key (host, kind, key)
        select host, kind, key from jsonb_to_recordset($1::jsonb) as seen (host text, kind text, key text)
          where not exists (select from lifeboat.host_key as known where known.host = seen.host) on conflict do nothing`
      if (seen.length > 0) await pool.query(sql, [JSON.stringify(seen)])
      return (await pool.query<HostKey>('select host, kind, key from lifeboat.host_key order by host, kind')).rows
    },
  }
}
