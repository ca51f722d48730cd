// What providers were last seen to have, and how each look went. Nodes are rows of their own: thousands of them never
// stand in one message to the database.
import type { Pool } from 'pg'
import { insideSchema, type Inside } from '../core/inside/schema.ts'
import { inventorySchema, nodeSchema, type Inventory, type Node } from '../core/node.ts'

export const inventoryTables = `
create table if not exists lifeboat.inventory (provider text primary key, body jsonb not null);
create table if not exists lifeboat.inventory_node (
  provider text not null references lifeboat.inventory, place int not null, body jsonb not null, primary key (provider, place));
create table if not exists lifeboat.inventory_note (
  id bigserial primary key, provider text not null, at timestamptz not null default clock_timestamp(), ms int not null, nodes int, failure text);
create index if not exists inventory_node_id on lifeboat.inventory_node (provider, (body ->> 'id'));
-- Of a state that an earlier version wrote, with the nodes inside.
insert into lifeboat.inventory_node
  select provider, place, node from lifeboat.inventory, jsonb_array_elements(body -> 'nodes') with ordinality as each (node, place) where body ? 'nodes';
update lifeboat.inventory set body = body - 'nodes' where body ? 'nodes';
`

/** One reading of an inventory: how long it took, and how many nodes came or the code of its failure. */
export type InventoryNote = { readonly ms: number; readonly nodes: number | null; readonly failure: string | null }

/** As many of each provider are kept as a month of daily looks, and some more. */
const keptNotes = 100

/** Nodes that go to the database in one message. */
const nodesAtOnce = 500

export function inventories(pool: Pool) {
  return {
    /** Replaces what was stored of its provider, as a whole or not at all. */
    saveInventory: async ({ nodes, ...rest }: Inventory): Promise<void> => {
      const client = await pool.connect()
      try {
        await client.query('begin')
        // The row of the provider lets one of two that save at once wait for the other.
        const sql = 'insert into lifeboat.inventory (provider, body) values ($1, $2) on conflict (provider) do update set body = excluded.body'
        await client.query(sql, [rest.provider, rest])
        await client.query('delete from lifeboat.inventory_node where provider = $1', [rest.provider])
        for (let at = 0; at < nodes.length; at += nodesAtOnce) {
          const rows = `insert into lifeboat.inventory_node (provider, place, body)
            select $1, $2::int + place, node from jsonb_array_elements($3::jsonb) with ordinality as each (node, place)`
          await client.query(rows, [rest.provider, at, JSON.stringify(nodes.slice(at, at + nodesAtOnce))])
        }
        await client.query('commit')
        client.release()
      } catch (error) {
        // The connection goes with what it had begun.
        client.release(true)
        throw error
      }
    },
    inventory: async (provider: string): Promise<Inventory | null> => {
      const nodes = `select coalesce(jsonb_agg(node.body order by place), '[]') from lifeboat.inventory_node as node where node.provider = $1`
      const sql = `select body || jsonb_build_object('nodes', (${nodes})) as body from lifeboat.inventory where provider = $1`
      const { rows } = await pool.query<{ body: unknown }>(sql, [provider])
      return rows[0] === undefined ? null : inventorySchema.parse(rows[0].body)
    },
    /** One node of it; null: it was not there. */
    storedNode: async (provider: string, id: string): Promise<Node | null> => {
      const sql = `select body from lifeboat.inventory_node where provider = $1 and body ->> 'id' = $2 limit 1`
      const { rows } = await pool.query<{ body: unknown }>(sql, [provider, id])
      return rows[0] === undefined ? null : nodeSchema.parse(rows[0].body)
    },
    /** What nodes of a provider told of themselves when they were last looked into, by their ids. */
    lastLooks: async (provider: string): Promise<ReadonlyMap<string, Inside>> => {
      const sql = `select body ->> 'id' as id, body -> 'inside' as inside from lifeboat.inventory_node where provider = $1 and body ? 'inside'`
      const { rows } = await pool.query<{ id: string; inside: unknown }>(sql, [provider])
      return new Map(rows.map(({ id, inside }) => [id, insideSchema.parse(inside)]))
    },
    noteInventory: async (provider: string, { ms, nodes, failure }: InventoryNote): Promise<void> => {
      await pool.query('insert into lifeboat.inventory_note (provider, ms, nodes, failure) values ($1, $2, $3, $4)', [provider, ms, nodes, failure])
      const old = 'select id from lifeboat.inventory_note where provider = $1 order by id desc offset $2'
      await pool.query(`delete from lifeboat.inventory_note where id in (${old})`, [provider, keptNotes])
    },
    /** The newest first. */
    inventoryNotes: async (provider: string): Promise<readonly (InventoryNote & { readonly at: string })[]> => {
      const sql = 'select at, ms, nodes, failure from lifeboat.inventory_note where provider = $1 order by id desc'
      const { rows } = await pool.query<InventoryNote & { at: Date }>(sql, [provider])
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }))
    },
  }
}
