// A shop on two nodes: web-1 takes an order when both its own log and the PostgreSQL of web-2 have it, so that each write
// spans them; and it has not stopped before that PostgreSQL knows.
import { shopNodes } from '../../lab/shop/nodes.ts'
import { setClusters, sqlOn } from './postgres.ts'
import type { Scene } from './scenario.ts'

/** Keys of lifeboat.yaml for it. */
export const spanningConfig = {
  freezes: { shop: ['web-2', 'web-1'] },
  moves: {
    'web-1': { after: ['web-2'] },
    'web-2': {
      data: [{ kind: 'postgres', name: 'orders', cluster: '15/main' }],
      services: [],
      singletons: null,
      ports: [5432],
      checks: [{ sql: 'select 1', data: 'orders' }],
    },
  },
} as const

/** What serve.py takes its orders with. What it asks is safe to ask twice: a connection that has died is replaced, once. */
const program = `import queue
import sys
import threading

import psycopg2
from __main__ import OrderLog


class OrderDatabases(OrderLog):
    def __init__(self):
        super().__init__(sys.argv[2])
        self.idle = queue.LifoQueue()
        self.turns = threading.Semaphore(8)

    def connect(self):
        connection = psycopg2.connect(host='${shopNodes['web-2'].address}', dbname='postgres', user='shop', password='shop', connect_timeout=30)
        connection.autocommit = True
        return connection

    def ask(self, *words):
        with self.turns:
            try:
                return self.ask_over(self.idle.get_nowait(), *words)
            except (queue.Empty, psycopg2.Error):
                return self.ask_over(self.connect(), *words)

    def ask_over(self, connection, *words):
        with connection.cursor() as cursor:
            cursor.execute(*words)
        self.idle.put(connection)

    def add(self, order, body):
        self.ask('insert into spans (id) values (%s) on conflict do nothing', (order,))
        return super().add(order, body)

    def works(self):
        try:
            self.ask('select 1')
            return True
        except psycopg2.Error:
            return False
`

/** What the app does last when it is stopped: it would wait for ever on a database that is held. */
const drain = `import socket

import psycopg2

connection = psycopg2.connect(host='${shopNodes['web-2'].address}', dbname='postgres', user='shop', password='shop', connect_timeout=30)
connection.autocommit = True
connection.cursor().execute('insert into drains (host) values (%s)', (socket.gethostname(),))
`

const unit = `[Service]
ExecStopPost=-/usr/bin/python3 /opt/spans/drain.py
ExecStart=
ExecStart=/usr/bin/python3 /opt/shop/serve.py databases /srv/shop
Environment=PYTHONPATH=/opt/spans
`

/** Makes the shop of this scene one. */
export async function spanOrders(scene: Scene): Promise<void> {
  await setClusters(scene.source('web-2'), scene.target('web-2'))
  await sqlOn(scene.source('web-2'), 'create table spans (id text primary key); create table drains (host text); grant all on spans, drains to shop')
  for (const node of [scene.source('web-1'), scene.target('web-1')]) {
    await node.run('mkdir -p /opt/spans /etc/systemd/system/shop.service.d; cat > /opt/spans/databases.py', { input: program })
    await node.run('cat > /opt/spans/drain.py', { input: drain })
    await node.run('cat > /etc/systemd/system/shop.service.d/spans.conf; systemctl daemon-reload', { input: unit })
  }
  await scene.source('web-1').run('systemctl restart shop.service')
}

/** Those of these orders that the database of the side that serves does not have. */
export async function notInDatabase(scene: Scene, side: 'source' | 'target', ids: readonly string[]): Promise<readonly string[]> {
  const there = new Set((await sqlOn(scene[side]('web-2'), 'select id from spans')).split('\n'))
  return ids.filter((id) => !there.has(id))
}

/** How often the app of this side told its database that it stops. */
export async function drainsOf(scene: Scene, app: 'source' | 'target', database: 'source' | 'target'): Promise<number> {
  const host = (await scene[app]('web-1').run('hostname')).trim()
  return Number(await sqlOn(scene[database]('web-2'), `select count(*) from drains where host = '${host}'`))
}
