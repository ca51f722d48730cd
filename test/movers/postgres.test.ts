// The mover of PostgreSQL on two real nodes: their clusters, and the way between their helpers.
import assert from 'node:assert/strict'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { waitUntil } = await import('../../src/io/wait.ts')
const { quote } = await import('../../src/io/ssh.ts')
const { postgres } = await import('../../src/movers/postgres/index.ts')
const { reopen } = await import('../../src/movers/postgres/scripts.ts')
const { moverConformance } = await import('../conformance/mover.ts')
const { databasePair } = await import('../support/databases.ts')
const { sqlOn } = await import('../support/postgres.ts')

const unit = 'postgresql@15-main'
const cluster = { version: '15', name: 'main', port: 5432, folder: '/var/lib/postgresql/15/main', keepWalMiB: 4096 }
const settings = 'autovacuum = off\ncheckpoint_timeout = 1h'
/** All that pg_dumpall tells, but for what differs from run to run. One that rests is started for that as the replica that it would be. */
const dump = `rested=; systemctl -q is-active ${unit} || { rested=1; systemctl start ${unit}; until runuser -u postgres -- psql -c '' >/dev/null 2>&1; do sleep 0.1; done; }
  runuser -u postgres -- pg_dumpall --no-role-passwords | grep -vE '^(\\\\(un)?restrict|-- (Started|Completed))'
  [ -z "$rested" ] || systemctl stop ${unit}`

moverConformance('postgres', async (t) => {
  const { source, target, pair } = await databasePair(t, {
    data: { kind: 'postgres', name: 'shop-db', cluster: '15/main' },
    prepare: `printf '${settings.replace('\n', String.raw`\n`)}\n' > /etc/postgresql/15/main/conf.d/quiet.conf`,
    start: `systemctl start ${unit}; runuser -u postgres -- psql -qc "create table orders as select i id, md5(i::text) what from generate_series(1, 20000) i"`,
  })
  // As before any copy.
  await target.run(`systemctl stop ${unit}; rm -f /var/lib/postgresql/15/main.lifeboat-copy /var/lib/postgresql/15/main/standby.signal`)
  const mover = await postgres.connect({ kind: 'postgres', name: 'shop-db', cluster: '15/main', port: 5432, keepWal: 4096, database: 'postgres' })
  const odd = (title: string, sql: string) => ({ title, act: async () => void (await sqlOn(source, sql)) })
  let last = ''
  const reopenSource = async (): Promise<void> => void (await source.run(reopen(cluster, pair.from).map(quote).join(' ')))
  /** Scenario 37: the log that a target needs is kept within bounds, so that the disk of the source does not fill. */
  const outlived = async (): Promise<void> => {
    await target.run(`systemctl stop ${unit}`)
    await reopenSource()
    const bound = async (sql: string) => {
      await sqlOn(source, sql)
      await sqlOn(source, 'select pg_reload_conf()')
    }
    await bound("alter system set max_slot_wal_keep_size = '16MB'")
    await sqlOn(source, 'create table filler (a int)')
    for (let segment = 0; segment < 6; segment++) await sqlOn(source, 'insert into filler values (1); select pg_switch_wal()')
    await sqlOn(source, 'checkpoint')
    assert.equal(await sqlOn(source, 'select wal_status from pg_replication_slots'), 'lost')
    await bound('alter system reset max_slot_wal_keep_size')
  }
  return {
    mover,
    pair,
    /** The server notes by itself, up to 15 s after a change, who is at work. */
    quiet: async () => {
      const same = async () => {
        const before = last
        last = await sqlOn(source, 'select pg_current_wal_insert_lsn()')
        return last === before ? true : null
      }
      await waitUntil(same, { what: 'A quiet log', deadlineMs: 120_000, everyMs: 16_000, signal: t.signal })
    },
    reopen: reopenSource,
    change: async () => void (await sqlOn(source, "insert into orders select i, 'changed' from generate_series(1, 5000) i")),
    oddChanges: [
      odd('another database', 'create database "odd ""name"'),
      odd(
        'a table that is gone, and one that is empty',
        'create table gone (); drop table gone; create table empty (a int); insert into empty values (1); truncate empty',
      ),
      odd('a sequence and a large object', "create sequence s; select setval('s', 4711); select lo_from_bytea(0, '\\x00ff0a0d')"),
      odd('texts of 20 MiB and with line breaks', String.raw`create table texts as select repeat('x', 20971520) a, E'a\nb\t\\' b`),
      odd('a role, and what it owns', 'create role seller; create schema shop authorization seller'),
    ],
    contents: async (side) => await (side === 'source' ? source : target).run(dump, { deadlineMs: 60_000 }),
    damages: [
      {
        title: 'a target that was promoted and written to',
        names: unit,
        mendedBy: 'repeat',
        act: async () => void (await sqlOn(target, 'select pg_promote(); create table surplus ()')),
      },
      { title: 'a target that was stopped', names: unit, mendedBy: 'repeat', act: async () => void (await target.run(`systemctl stop ${unit}`)) },
      { title: 'a target that was away for longer than the log is kept for it', names: unit, mendedBy: 'repeat', act: outlived },
    ],
  }
})
