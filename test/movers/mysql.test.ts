// The mover of MariaDB on two real nodes: their servers and the way between their helpers.
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { mysql } = await import('../../src/movers/mysql/index.ts')
const { moverConformance } = await import('../conformance/mover.ts')
const { databasePair } = await import('../support/databases.ts')

const schema = `create database shop; create database \`odd-ü\`; use shop;
create table orders (id bigint primary key, at timestamp default current_timestamp, note varchar(100));
insert into orders (id, note) select seq, repeat('x', 50) from seq_1_to_2000;
create table kinds (a int auto_increment primary key, b longblob, c json, d decimal(20, 5), e datetime(6));
insert into kinds (b, c, d, e) values (x'00ff0a', '{"a": [1, "ü"]}', 1.5, now(6));
create view recent as select * from orders where id > 1990;
create procedure touch_one() update orders set note = 'touched' where id = 1;
create trigger on_kind before insert on kinds for each row set new.d = coalesce(new.d, 0);
create event sometimes on schedule every 1 day do select 1;
create user app@'%' identified by 'canary-4715'; grant all on shop.* to app@'%'; create role readers; grant select on shop.* to readers; grant readers to app@'%'`

moverConformance('mysql', async (t) => {
  const { source, target, pair } = await databasePair(t, {
    data: { kind: 'mysql', name: 'shop-db' },
    prepare: `printf '[mariadbd]\\nlog_bin\\n' >/etc/mysql/mariadb.conf.d/zz-own.cnf`,
    start: `systemctl enable -q --now mariadb; mariadb --default-character-set=utf8mb4 <<'END'\n${schema}\nEND`,
  })
  const on = (side: 'source' | 'target') => (side === 'source' ? source : target)
  const sql = async (side: 'source' | 'target', text: string) => await on(side).run(`mariadb --default-character-set=utf8mb4 -N shop <<'END'\n${text}\nEND`)
  const mover = await mysql.connect({ kind: 'mysql', name: 'shop-db', port: 3306, user: 'root', unit: 'mariadb.service', folder: '/var/lib/mysql' })
  // As a server that nobody has ever made follow.
  await target.run(
    `systemctl stop mariadb; rm -r /etc/mysql/mariadb.conf.d/zz-lifeboat-* /var/lib/mysql; mariadb-install-db --user=mysql --skip-test-db >/dev/null; systemctl start mariadb`,
  )
  const odd = (title: string, text: string) => ({ title, act: async () => void (await sql('source', text)) })
  let changes = 10_000
  return {
    mover,
    pair,
    reopen: async () => void (await source.run(`rm -f /etc/mysql/mariadb.conf.d/zz-lifeboat-shop-db-closed.cnf; mariadb -e 'set global read_only=0'`)),
    change: async () => void (await sql('source', `insert into orders (id) values (${++changes})`)),
    oddChanges: [
      odd(
        'another table and another user',
        `create table more (a int primary key); insert into more values (1); create user late@'%' identified by 'x'; grant select on shop.more to late@'%'`,
      ),
      odd('a table of another form', `alter table orders add column weight int default 3, add index (note); update orders set weight = id`),
      odd(
        'a transaction over two databases',
        'create table `odd-ü`.t (a int primary key) engine=innodb; begin; insert into `odd-ü`.t values (1); delete from orders where id < 100; commit',
      ),
      odd('bytes that are no text, and a row of 8 MiB', `insert into kinds (b) values (x'fffe00'), (repeat('x', 8388608))`),
      odd('the loss of a table', 'drop table more; truncate kinds'),
    ],
    contents: async (side) =>
      await on(side)
        .run(`mariadb-dump --skip-dump-date --skip-comments --routines --events --triggers --hex-blob --order-by-primary --databases shop 'odd-ü' | sha256sum
        mariadb -N -e "select user, host, plugin, authentication_string, is_role from mysql.user where user not like 'lifeboat%' order by 1, 2; show grants for app@'%'"`),
    damages: [
      {
        title: 'a target that was written to',
        names: 'shop-db',
        mendedBy: 'repeat',
        act: async () => void (await sql('target', 'set global read_only=0; insert into orders (id) values (77777777)')),
      },
      {
        title: 'a target that follows no more',
        names: 'shop-db',
        mendedBy: 'repeat',
        act: async () => void (await sql('target', 'stop slave; reset slave all')),
      },
    ],
  }
})
