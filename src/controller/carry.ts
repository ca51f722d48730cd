// Carries all that one database knows of moves to another one, table by table, as text that neither side interprets.
import type { Client, PoolClient } from 'pg'

type Talk = Pick<Client | PoolClient, 'query'>
/** A table as it is written in a statement, with its columns. */
type Table = { readonly name: string; readonly columns: readonly string[] }

/** Which processes are at work belongs to a database; the version of its tables, too. */
const staysBehind = ['lifeboat.executor', 'lifeboat.controller', 'lifeboat.version', 'dbos.dbos_migrations']
const rowsAtOnce = 200

export type Carried = { readonly tables: number; readonly rows: number }

/**
 * Replaces what the tables of `to` hold by what those of `from` hold; both sides are in a transaction of the caller, and
 * have the same tables. Fails when a table is not the same on both sides afterwards.
 */
export async function carryAll(from: Talk, to: Talk): Promise<Carried> {
  const tables = await tablesOf(from)
  // The text of a time depends on the zone of the session.
  for (const side of [from, to]) await side.query(`set local timezone = 'UTC'`)
  await to.query(`truncate ${tables.map(({ name }) => name).join(', ')} cascade`)
  let rows = 0
  for (const table of tables) rows += await carry(from, to, table)
  for (const { name } of tables) {
    const [here, there] = [await sumOf(from, name), await sumOf(to, name)]
    if (here !== there) throw new Error(`${name} did not arrive as it was: ${here}, ${there}.`)
  }
  return { tables: tables.length, rows }
}

/** All tables of ours and of the engine, those first to which others refer. */
async function tablesOf(talk: Talk): Promise<readonly Table[]> {
  const { rows } = await talk.query<{ name: string; columns: string[]; needs: string[] }>(`
    select format('%I.%I', n.nspname, c.relname) as name,
      (select array_agg(quote_ident(attname) order by attnum) from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns,
      array(select distinct confrelid::regclass::text from pg_constraint where conrelid = c.oid and contype = 'f' and confrelid <> c.oid) as needs
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('dbos', 'lifeboat') order by 1`)
  const left = rows.filter(({ name }) => !staysBehind.includes(name))
  const ordered: Table[] = []
  while (left.length > 0) {
    const index = left.findIndex(({ needs }) => !left.some((other) => needs.includes(other.name)))
    ordered.push(...left.splice(Math.max(0, index), 1))
  }
  return ordered
}

async function carry(from: Talk, to: Talk, { name, columns }: Table): Promise<number> {
  const list = columns.join(', ')
  const insert = `insert into ${name} (${list}) overriding system value select ${list} from jsonb_populate_recordset(null::${name}, $1::jsonb)`
  let count = 0
  await from.query(`declare carried no scroll cursor for select to_jsonb(t)::text as row from ${name} as t`)
  for (;;) {
    const { rows } = await from.query<{ row: string }>(`fetch ${rowsAtOnce} from carried`)
    if (rows.length === 0) break
    await to.query(insert, [`[${rows.map(({ row }) => row).join(',')}]`])
    count += rows.length
  }
  await from.query('close carried')
  await carrySequences(from, to, name, columns)
  return count
}

/** The next number of a journal must not be one that was given out. */
async function carrySequences(from: Talk, to: Talk, name: string, columns: readonly string[]): Promise<void> {
  for (const column of columns) {
    const { rows } = await from.query<{ sequence: string | null }>('select pg_get_serial_sequence($1, $2) as sequence', [name, column.replaceAll('"', '')])
    const sequence = rows[0]?.sequence ?? null
    if (sequence === null) continue
    const { rows: at } = await from.query<{ last: string; called: boolean }>(`select last_value as last, is_called as called from ${sequence}`)
    await to.query('select setval($1::regclass, $2, $3)', [sequence, at[0]?.last ?? 1, at[0]?.called ?? false])
  }
}

/** The same for the same rows, in whatever order. */
async function sumOf(talk: Talk, name: string): Promise<string> {
  const sql = `select count(*) || ' rows, ' || coalesce(sum(('x' || left(md5(to_jsonb(t)::text), 15))::bit(60)::bigint), 0) as sum from ${name} as t`
  return (await talk.query<{ sum: string }>(sql)).rows[0]?.sum ?? ''
}
