// A node with MariaDB: the switch there and back under a writer, and what becomes of it when nobody leads a switch to its end.
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { databaseJourney } = await import('../support/database-journey.ts')
const { openMariadb } = await import('../support/database-writer.ts')

const password = 'shop-canary-4716'
const settings = String.raw`[mariadbd]\nlog_bin\nbind_address=0.0.0.0\nevent_scheduler=ON\n`
const schema = `create database shop; use shop; create table shop.orders (id bigint primary key); create table shop.before_it select seq from seq_1_to_5000;
alter table shop.before_it add primary key (seq); create table shop.ticks (at timestamp(6) primary key);
create event shop.tick on schedule every 1 second do insert ignore into shop.ticks values (now(6));
create user shop@'%' identified by '${password}'; grant all on shop.* to shop@'%'`

databaseJourney('MariaDB', {
  spec: {
    data: { kind: 'mysql', name: 'shop-db' },
    prepare: `systemctl disable -q --now mariadb.socket 2>/dev/null; printf '${settings}' >/etc/mysql/mariadb.conf.d/zz-own.cnf`,
    start: `systemctl enable -q --now mariadb; mariadb <<'END'\n${schema}\nEND`,
    move: { ports: [80, 3306], checks: [{ http: 'http://{address}/health' }, { sql: 'select count(*) from shop.before_it', data: 'shop-db' }] },
  },
  open: async (address, signal) => await openMariadb(address, 'shop', password, signal),
  isWritable: async (node) => (await node.attempt(`mariadb -N -e 'select @@read_only' | grep -qx 0`)).exitCode === 0,
  written: async (node) => (await node.run("mariadb -N -e 'select id from shop.orders'")).trim().split('\n').map(Number),
  contents: async (node) =>
    await node.run('mariadb-dump --skip-dump-date --skip-comments --order-by-primary --databases shop --ignore-table=shop.ticks | sha256sum'),
  secret: password,
  left: 'ls /etc/mysql/mariadb.conf.d | grep lifeboat; mariadb -N -e "select user from mysql.user where user like \'lifeboat%\'"; true',
})
