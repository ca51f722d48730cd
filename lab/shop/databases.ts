// The shop whose orders are in databases: what it needs beside the layer of files of this name.
import type { LabNode } from '../node.ts'

/** Its entries under `data:`. */
export const databaseEntries = [
  { kind: 'postgres', name: 'orders', cluster: '15/main', database: 'shop' },
  { kind: 'redis', name: 'receipts' },
] as const

const psql = 'runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1'

/** Lays the empty database on a node that just started. The shop comes in as the user that it runs as. */
export async function openDatabases(node: LabNode): Promise<void> {
  const schema = `create role "www-data" login;
create database shop owner "www-data";
\\c shop
set role "www-data";
create table orders (id text primary key, at timestamptz not null default now(), host text not null);
`
  await node.run(`until pg_isready -q && redis-cli ping | grep -q PONG; do sleep 0.05; done; ${psql} -d postgres`, { input: schema, deadlineMs: 60_000 })
}

/** Orders that PostgreSQL has and whose receipt is in Redis, asked of the servers themselves: id, seconds since 1970, who took it. */
export async function linesInDatabases(node: LabNode): Promise<string[]> {
  const query = 'select id, extract(epoch from at), host from orders'
  const [orders, receipts] = await Promise.all([node.run(`${psql} -F '\t' -d shop -c '${query}'`), node.run('redis-cli --raw hkeys receipts')])
  const known = new Set(receipts.split('\n'))
  return orders.split('\n').filter((line) => line !== '' && known.has(line.split('\t')[0] ?? ''))
}
