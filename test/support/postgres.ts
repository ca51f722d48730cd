// A cluster of PostgreSQL on both nodes of a move, and clients that write to it all the time and keep what was
// acknowledged.
import { Socket } from 'node:net'
import { Client } from 'pg'
import { clients as addresses } from '../../lab/network.ts'
import type { LabNode } from '../../lab/node.ts'
import { sleep } from '../../src/io/wait.ts'

const password = 'shop'

/** Runs a query on the node as the superuser; answers fields by tabs. */
export async function sqlOn(node: LabNode, sql: string, options: { readonly deadlineMs?: number } = {}): Promise<string> {
  return (await node.run(`runuser -u postgres -- psql -XAtq -F '\t' -v ON_ERROR_STOP=1 -d postgres <<'EOF'\n${sql}\nEOF`, options)).trim()
}

/** Both clusters run, start at boot and let clients of the network in; the first has a table and its writer. */
export async function setClusters(source: LabNode, target: LabNode, { becomes = '15', settings = '' } = {}): Promise<void> {
  for (const [node, version] of [
    [source, '15'],
    [target, becomes],
  ] as const) {
    await node.run(`printf "listen_addresses = '*'\nwal_log_hints = on\n${settings}" > /etc/postgresql/${version}/main/conf.d/network.conf
      echo 'host all all all scram-sha-256' >> /etc/postgresql/${version}/main/pg_hba.conf
      systemctl enable -q postgresql.service; systemctl start postgresql@${version}-main`)
  }
  await sqlOn(
    source,
    `create role shop login password '${password}'; create table orders (id bigint primary key, at timestamptz default now()); grant all on orders to shop`,
  )
}

export type Writers = {
  /** Ends them without a look. */
  readonly end: () => Promise<void>
  /** Ends them; what was acknowledged, what of it is not in this node's table, and how long the longest waited. */
  readonly stop: (
    serving: LabNode,
  ) => Promise<{ readonly written: number; readonly lost: readonly number[]; readonly failed: number; readonly longestMs: number }>
}

/** Inserts one order after the other through this address, each until it is acknowledged, from so many clients. */
export function startWriters(address: string, { port = 5432, clients = 4, database = 'postgres', everyMs = 20, options = '', firstId = 1 } = {}): Writers {
  const over = new AbortController()
  const acknowledged: number[] = []
  let [last, failed, longestMs] = [firstId - 1, 0, 0]
  const write = async () => {
    let client: Client | null = null
    while (!over.signal.aborted) {
      const id = ++last
      const began = performance.now()
      for (let done = false; !done;) {
        try {
          client ??= await connected(address, port, database, options)
          await client.query('insert into orders (id) values ($1) on conflict do nothing', [id])
          acknowledged.push(id)
          done = true
        } catch {
          failed++
          void client?.end().catch(() => undefined)
          client = null
          if (over.signal.aborted) break
          await sleep(20, over.signal).catch(() => undefined)
        }
      }
      longestMs = Math.max(longestMs, performance.now() - began)
      await sleep(everyMs, over.signal).catch(() => undefined)
    }
    await client?.end().catch(() => undefined)
  }
  const all = Array.from({ length: clients }, async () => await write())
  const end = async () => {
    over.abort()
    await Promise.all(all)
  }
  return {
    end,
    stop: async (serving) => {
      await end()
      const there = new Set((await sqlOn(serving, 'select id from orders')).split('\n').map(Number))
      return { written: acknowledged.length, lost: acknowledged.filter((id) => !there.has(id)), failed, longestMs: Math.round(longestMs) }
    },
  }
}

async function connected(host: string, port: number, database: string, options: string): Promise<Client> {
  const client = new Client({ host, port, user: 'shop', password, database, options, connectionTimeoutMillis: 30_000, stream: asCustomer })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** From an address of customers: that of whoever leads the move may reach a closed side, for its checks. */
function asCustomer(): Socket {
  const socket = new Socket()
  const connect = socket.connect.bind(socket)
  return Object.assign(socket, { connect: (port: number, host: string) => connect({ port, host, localAddress: addresses[0] }) })
}

/** pgbouncer in front of the cluster of both nodes, at port 6432. */
export async function setPoolers(...nodes: readonly LabNode[]): Promise<void> {
  const settings = `[databases]
* = host=127.0.0.1 port=5432
[pgbouncer]
listen_addr = *
listen_port = 6432
unix_socket_dir = /var/run/postgresql
pidfile = /var/run/postgresql/pgbouncer.pid
logfile = /var/log/postgresql/pgbouncer.log
auth_type = trust
auth_file = /etc/pgbouncer/userlist.txt
pool_mode = transaction
`
  for (const node of nodes) {
    await node.run('cat > /etc/pgbouncer/pgbouncer.ini', { input: settings })
    await node.run(`echo '"shop" "${password}"' > /etc/pgbouncer/userlist.txt; systemctl enable -q pgbouncer; systemctl restart pgbouncer`)
  }
}
