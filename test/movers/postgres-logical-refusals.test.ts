// What keeps rows from being replicated is told before anything is changed, on two real nodes.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { codeOf } = await import('../../src/core/errors.ts')
const { postgres } = await import('../../src/movers/postgres/index.ts')
const { databasePair } = await import('../support/databases.ts')
const { sqlOn } = await import('../support/postgres.ts')

const unit = 'postgresql@15-main'
const conf = '/etc/postgresql/15/main/conf.d/zz-case.conf'

test('databases whose rows could not all be replicated are not copied', async (t) => {
  const data = { kind: 'postgres', name: 'shop-db', cluster: '15/main', target: '15/main' } as const
  const { source, target, pair } = await databasePair(t, {
    data,
    start: `echo 'wal_level = logical' > ${conf.replace('zz-case', 'logical')}; systemctl start ${unit}`,
  })
  const mover = await postgres.connect({ ...data, port: 5432, keepWal: 4096, database: 'postgres' })
  const signal = AbortSignal.timeout(300_000)
  const prepare = async () => await mover.prepare(pair, signal)
  const sql = (text: string) => async () => void (await sqlOn(source, text))
  const restarted = (setting: string) => async () => void (await source.run(`cat > ${conf}; systemctl restart ${unit}`, { input: `${setting}\n` }))
  const mended = async () => void (await source.run(`rm ${conf}; systemctl restart ${unit}`))

  const cases = [
    ['a log without what rows need', restarted('wal_level = replica'), mended, /wal_level is replica on 198\.51\.100\.11; .*wal_level = logical/],
    ['too few slots', restarted('max_replication_slots = 1'), mended, /1 of max_replication_slots are free .*; 1 databases need 3/],
    ['rules of access elsewhere', restarted("hba_file = '/etc/postgresql/15/main/other.conf'"), mended, /hba_file is .*other\.conf on/],
    ['no workers for the way back', restarted('max_logical_replication_workers = 0'), mended, /the way back needs 1/],
    ['a table without a key', sql('create table t (a int)'), sql('drop table t'), /no primary key and no other replica identity.*: public\.t\./],
    [
      'a partitioned table without a key, and its part',
      sql('create table p (a int) partition by list (a); create table p1 partition of p default'),
      sql('drop table p'),
      /: public\.p, public\.p1\./,
    ],
    ['a large object', sql("select lo_from_bytea(4711, 'x')"), sql('select lo_unlink(4711)'), /postgres has 1 large objects/],
    ['an odd name', sql(`create database "it's"`), sql(`drop database "it's"`), /The name of the database "it's" has other signs/],
    [
      'an extension that the target lacks',
      sql('create extension citext'),
      sql('drop extension citext'),
      /203\.0\.113\.211 lacks extensions of the databases: citext/,
    ],
  ] as const
  // As before any copy: what made the nodes ready has begun one.
  await target.run(`systemctl stop ${unit}; rm -f /var/lib/postgresql/15/main.lifeboat-copy`)
  await sqlOn(source, 'select pg_drop_replication_slot(slot_name) from pg_replication_slots')
  await source.run('cp -p /etc/postgresql/15/main/pg_hba.conf /etc/postgresql/15/main/other.conf')
  await target.run('mv /usr/share/postgresql/15/extension/citext.control /root')
  for (const [title, spoil, mend, says] of cases) {
    await t.test(title, async () => {
      await spoil()
      await assert.rejects(prepare(), (error: unknown) => {
        assert.equal(codeOf(error), 'gate-closed')
        assert.match(String(error), says)
        return true
      })
      await mend()
      await prepare()
    })
  }

  await t.test('a key that is another unique index does, and what is not carried is told', async () => {
    await sqlOn(
      source,
      'create table k (a int not null unique); alter table k replica identity using index k_a_key; create table n (a int); alter table n replica identity full',
    )
    await sqlOn(source, 'create unlogged table fast (a int primary key); create materialized view seen as select 1')
    const { warnings } = await prepare()
    for (const says of [
      /unlogged tables of postgres is not carried over: public\.fast\./,
      /Materialized views of postgres .*: public\.seen\./,
      /A table that is cut off begins anew/,
    ])
      assert.ok(
        warnings.some((text) => says.test(text)),
        JSON.stringify(warnings),
      )
  })
})
