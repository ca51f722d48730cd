// Databases as tests and benchmarks set them up on a node, and write to them.
import { openMariadb, openRedis } from './database-writer.ts'
import type { Journey } from './database-journey.ts'

const redisPassword = 'shop-canary-4714'
const redisCli = `REDISCLI_AUTH=${redisPassword} redis-cli --no-auth-warning`

export const redisJourney: Journey = {
  spec: {
    data: { kind: 'redis', name: 'cache', password: 'file:secrets/redis' },
    secrets: { redis: redisPassword },
    prepare: `sed -i 's/^bind .*/bind 0.0.0.0/' /etc/redis/redis.conf && printf '%s\n' 'requirepass ${redisPassword}' 'appendonly yes' 'repl-diskless-sync-delay 0' >>/etc/redis/redis.conf`,
    start: `systemctl enable --now redis-server; until [ "$(${redisCli} ping)" = PONG ]; do sleep 0.1; done; seq -f 'set before:%g %g' 1 2000 | ${redisCli} >/dev/null`,
    move: { ports: [80, 6379], checks: [{ http: 'http://{address}/health' }, { sql: 'get before:7', data: 'cache' }] },
  },
  open: async (address, signal) => await openRedis(address, redisPassword, signal),
  isWritable: async (node) => (await node.attempt(`${redisCli} info replication | grep -q '^role:master'`)).exitCode === 0,
  written: async (node) => (await node.run(`${redisCli} --raw keys 'key:*' | cut -d: -f2`)).trim().split('\n').map(Number),
  contents: async (node) => await node.run(`${redisCli} --raw keys '*' | sort | sha256sum; ${redisCli} dbsize`),
  secret: redisPassword,
  left: "grep -E '^(replicaof|masterauth)' /etc/redis/redis.conf; true",
}

const mariadbPassword = 'shop-canary-4716'
const mariadbSettings = String.raw`[mariadbd]\nlog_bin\nbind_address=0.0.0.0\nevent_scheduler=ON\n`
const mariadbSchema = `create database shop; use shop; create table shop.orders (id bigint primary key); create table shop.before_it select seq from seq_1_to_5000;
alter table shop.before_it add primary key (seq); create table shop.ticks (at timestamp(6) primary key);
create event shop.tick on schedule every 1 second do insert ignore into shop.ticks values (now(6));
create user shop@'%' identified by '${mariadbPassword}'; grant all on shop.* to shop@'%'`

export const mariadbJourney: Journey = {
  spec: {
    data: { kind: 'mysql', name: 'shop-db' },
    prepare: `printf '${mariadbSettings}' >/etc/mysql/mariadb.conf.d/zz-own.cnf`,
    start: `systemctl enable -q --now mariadb; mariadb <<'END'\n${mariadbSchema}\nEND`,
    move: { ports: [80, 3306], checks: [{ http: 'http://{address}/health' }, { sql: 'select count(*) from shop.before_it', data: 'shop-db' }] },
  },
  open: async (address, signal) => await openMariadb(address, 'shop', mariadbPassword, signal),
  isWritable: async (node) => (await node.attempt(`mariadb -N -e 'select @@read_only' | grep -qx 0`)).exitCode === 0,
  written: async (node) => (await node.run("mariadb -N -e 'select id from shop.orders'")).trim().split('\n').map(Number),
  contents: async (node) =>
    await node.run('mariadb-dump --skip-dump-date --skip-comments --order-by-primary --databases shop --ignore-table=shop.ticks | sha256sum'),
  secret: mariadbPassword,
  left: 'ls /etc/mysql/mariadb.conf.d | grep lifeboat; mariadb -N -e "select user from mysql.user where user like \'lifeboat%\'"; true',
}
