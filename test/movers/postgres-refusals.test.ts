// What keeps a cluster from being replicated is told before anything is copied, on two real nodes.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { codeOf } = await import('../../src/core/errors.ts')
const { postgres } = await import('../../src/movers/postgres/index.ts')
const { databasePair } = await import('../support/databases.ts')
const { sqlOn } = await import('../support/postgres.ts')

const unit = 'postgresql@15-main'

test('a cluster that could not be read over there is not copied', async (t) => {
  const { source, target, pair } = await databasePair(t, {
    data: { kind: 'postgres', name: 'shop-db', cluster: '15/main' },
    start: `systemctl start ${unit}; runuser -u postgres -- psql -qc 'create extension pg_trgm' -c "create database sorted template template0 locale 'C.UTF-8'"`,
  })
  const settings = { kind: 'postgres', name: 'shop-db', cluster: '15/main', port: 5432, keepWal: 4096, database: 'postgres' } as const
  const mover = await postgres.connect(settings)
  const signal = AbortSignal.timeout(300_000)
  const refused = async (act: () => Promise<unknown>, says: RegExp) =>
    await assert.rejects(act(), (error: unknown) => {
      assert.equal(codeOf(error), 'gate-closed')
      assert.match(String(error), says)
      return true
    })

  const cases = [
    {
      title: 'another version of glibc, by which texts are sorted otherwise',
      node: target,
      spoil: String.raw`printf '#!/bin/sh\necho glibc 2.28\n' > /usr/local/bin/getconf; chmod +x /usr/local/bin/getconf`,
      mend: 'rm /usr/local/bin/getconf',
      says: /needs the same collations on both sides: 198\.51\.100\.11 has glibc 2\.36.*203\.0\.113\.211 has glibc 2\.28/,
    },
    {
      title: 'an extension without its library',
      node: target,
      spoil: 'mv /usr/lib/postgresql/15/lib/pg_trgm.so /root',
      mend: 'mv /root/pg_trgm.so /usr/lib/postgresql/15/lib',
      says: /203\.0\.113\.211 lacks libraries .*: pg_trgm\./,
    },
    {
      title: 'more connections than the replica would allow',
      node: source,
      spoil: `echo 'max_connections = 150' > /etc/postgresql/15/main/conf.d/more.conf; systemctl restart ${unit}`,
      mend: `rm /etc/postgresql/15/main/conf.d/more.conf; systemctl restart ${unit}`,
      says: /max_connections is 100 on 203\.0\.113\.211 and 150 on 198\.51\.100\.11/,
      /** Its own replica would stop over it. */
      before: `systemctl stop ${unit}; rm -f /var/lib/postgresql/15/main/standby.signal /var/lib/postgresql/15/main.lifeboat-copy; systemctl start ${unit}`,
    },
    {
      title: 'a tablespace',
      node: source,
      spoil: `install -d -o postgres /srv/space; runuser -u postgres -- psql -qc "create tablespace elsewhere location '/srv/space'"`,
      mend: `runuser -u postgres -- psql -qc 'drop tablespace elsewhere'`,
      says: /has 1 tablespaces of its own/,
    },
  ] as const
  for (const { title, node, spoil, mend, says, ...more } of cases) {
    await t.test(title, async () => {
      if ('before' in more) await target.run(more.before)
      await node.run(spoil)
      await refused(async () => await mover.prepare(pair, signal), says)
      await node.run(mend)
      await mover.prepare(pair, signal)
    })
  }

  await t.test('a pg_hba.conf that lets no replica in, with the line that it needs', async () => {
    await sqlOn(source, 'drop extension pg_trgm')
    await source.run(
      `sed -i 's/^host.*replication.*127.*/host replication all 127.0.0.1\\/32 reject/' /etc/postgresql/15/main/pg_hba.conf; systemctl reload ${unit}`,
    )
    await refused(async () => await mover.sync(pair, 'first', signal, () => undefined), /needs: host replication lifeboat_web_1 127\.0\.0\.1\/32 scram-sha-256/)
  })
})
