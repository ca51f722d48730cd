// What keeps a switch by logical replication from losing or doubling rows, each seen at work on two real nodes.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { waitUntil } = await import('../../src/io/wait.ts')
const { quote } = await import('../../src/io/ssh.ts')
const { postgres } = await import('../../src/movers/postgres/index.ts')
const { promote } = await import('../../src/movers/postgres/logical/scripts.ts')
const { databasePair } = await import('../support/databases.ts')
const { sqlOn } = await import('../support/postgres.ts')

const unit = 'postgresql@15-main'
const conf = '/etc/postgresql/15/main/conf.d/zz-case.conf'

test('a switch by rows waits for what was written, compares it, and opens nothing that does not keep what it writes', async (t) => {
  const data = { kind: 'postgres', name: 'shop-db', cluster: '15/main', target: '15/main' } as const
  const { source, target, pair } = await databasePair(t, {
    data,
    prepare: `printf 'wal_level = logical\\n' > ${conf}`,
    start: `systemctl start ${unit}; runuser -u postgres -- psql -qc 'create table orders (id int primary key, what text)'`,
  })
  const mover = await postgres.connect({ ...data, port: 5432, keepWal: 4096, database: 'postgres' })
  const { signal } = t
  const rows = async (node: typeof source) => await sqlOn(node, "select string_agg(id || what, ',' order by id) from orders")
  const onTarget = async (text: string) => await sqlOn(target, `begin read write; ${text}; commit`)
  // As before any copy: what made the nodes ready has begun one.
  await target.run(`systemctl stop ${unit}; rm -f /var/lib/postgresql/15/main.lifeboat-copy`)
  await sqlOn(source, 'select pg_drop_replication_slot(slot_name) from pg_replication_slots')
  await mover.prepare(pair, signal)
  await mover.sync(pair, 'first', signal, () => undefined)
  const subscription = await sqlOn(target, 'select subname from pg_subscription')
  await sqlOn(source, "insert into orders values (1, 'a'), (2, 'b')")
  await mover.sync(pair, 'repeat', signal, () => undefined)

  await t.test('a row that is another one on the other side is named, though both have as many', async () => {
    assert.deepEqual(await mover.verify(pair, signal, () => undefined), [])
    await onTarget("update orders set what = 'x' where id = 2")
    const differences = await mover.verify(pair, signal, () => undefined)
    assert.deepEqual(
      differences.map(({ path }) => path),
      ['postgres: public.orders'],
    )
    await onTarget("update orders set what = 'b' where id = 2")
    assert.deepEqual(await mover.verify(pair, signal, () => undefined), [])
  })

  await t.test('the last pass ends when the other side has the last row, not before', async () => {
    await onTarget(`alter subscription ${subscription} disable`)
    await sqlOn(source, "insert into orders values (3, 'c')")
    const last = mover.sync(pair, 'final', signal, () => undefined)
    const waits = async () => ((await sqlOn(source, "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")) === '0' ? null : true)
    await Promise.race([last, waitUntil(waits, { what: 'A wait for the other side', deadlineMs: 15_000, everyMs: 50, signal })])
    await onTarget(`alter subscription ${subscription} enable`)
    assert.equal((await last).remainingBytes, 0)
    assert.equal(await rows(target), await rows(source))
    await assert.rejects(sqlOn(source, 'set role shop; insert into orders values (4)'))
  })

  await t.test('a side that cannot keep what it writes for the way back stays shut', async () => {
    const cluster = { version: '15', name: 'main', port: 5432, folder: '/var/lib/postgresql/15/main', keepWalMiB: 4096 }
    const opening = promote({ source: cluster, target: cluster }, pair.to).map(quote).join(' ')
    const most = Number(await sqlOn(target, 'show max_replication_slots'))
    for (let number = 1; number <= most; number++) await sqlOn(target, `select pg_create_physical_replication_slot('full_${number}')`).catch(() => undefined)
    await assert.rejects(target.run(opening), /all replication slots are in use/)
    assert.equal(await sqlOn(target, 'show default_transaction_read_only'), 'on')
    await sqlOn(target, "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name ~ '^full_'")
    await target.run(opening)
    assert.equal(await sqlOn(target, 'show default_transaction_read_only'), 'off')
  })
})
