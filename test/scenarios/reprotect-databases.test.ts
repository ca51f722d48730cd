// Scenario 58 with a database: a source that was given up had written what nobody else has. That is kept as a whole, in a form
// from which it can be read; then it follows, and going home loses nothing. A normal run draws one kind by a seed that it
// prints; LIFEBOAT_SCENARIOS=all plays all of them, LIFEBOAT_REPROTECT=redis only this one.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { LabNode } from '../../lab/node.ts'
import { draw, seedOfRun } from '../support/draw.ts'

const seed = seedOfRun()
await enterLab()
const { setCase } = await import('../support/scenario.ts')
const { mariadbJourney } = await import('../support/database-kinds.ts')
const { setClusters, sqlOn } = await import('../support/postgres.ts')

type Kind = {
  readonly data: Readonly<Record<string, unknown>>
  readonly set: (source: LabNode, target: LabNode) => Promise<void>
  readonly put: (node: LabNode, id: number) => Promise<unknown>
  readonly ids: (node: LabNode) => Promise<readonly number[]>
  /** Numbers in a server that is started over what was kept. */
  readonly kept: (node: LabNode, place: string) => Promise<readonly number[]>
}

const numbers = (text: string): number[] => text.split('\n').filter(Boolean).map(Number)
const bin = 'runuser -u postgres -- /usr/lib/postgresql/15/bin'
const redisCli = (socket: string): string => `redis-cli -s ${socket} --raw`

const kinds = {
  postgres: {
    data: { kind: 'postgres', name: 'db', cluster: '15/main' },
    set: setClusters,
    put: async (node, id) => await sqlOn(node, `insert into orders (id) values (${id})`),
    ids: async (node) => numbers(await sqlOn(node, 'select id from orders')),
    kept: async (node, place) => {
      const settings = `-c config_file=/etc/postgresql/15/main/postgresql.conf -c data_directory=${place} -c hba_file=/etc/postgresql/15/main/pg_hba.conf`
      const other = `-c port=5499 -c listen_addresses= -c unix_socket_directories=/tmp -c external_pid_file=`
      await node.run(`rm -f ${place}/standby.signal; ${bin}/pg_ctl -w -D ${place} -l /tmp/kept.log -o "${settings} ${other}" start >/dev/null`)
      const told = await node.run(`runuser -u postgres -- psql -XAtq -h /tmp -p 5499 -c 'select id from orders'; ${bin}/pg_ctl -w -D ${place} stop >/dev/null`)
      return numbers(told)
    },
  },
  mysql: {
    data: { kind: 'mysql', name: 'db' },
    set: async (source, target) => {
      for (const node of [source, target]) await node.run(mariadbJourney.spec.prepare ?? '')
      await source.run(mariadbJourney.spec.start)
    },
    put: async (node, id) => await node.run(`mariadb shop -e 'insert into orders values (${id})'`),
    ids: mariadbJourney.written,
    kept: async (node, place) => {
      const server = `mariadbd --no-defaults --user=mysql --datadir=${place} --socket=/tmp/kept.sock --skip-networking --pid-file=/tmp/kept.pid`
      await node.run(`setsid ${server} >/tmp/kept.log 2>&1 & until mariadb -S /tmp/kept.sock -e '' 2>/dev/null; do sleep 0.1; done`)
      return numbers(await node.run("mariadb -S /tmp/kept.sock -N -e 'select id from shop.orders'; mariadb-admin -S /tmp/kept.sock shutdown"))
    },
  },
  redis: {
    data: { kind: 'redis', name: 'db' },
    set: async (source, target) => {
      for (const node of [source, target]) await node.run("printf 'repl-diskless-sync-delay 0\n' >>/etc/redis/redis.conf")
      await source.run('systemctl enable --now redis-server; until [ "$(redis-cli ping)" = PONG ]; do sleep 0.1; done')
    },
    put: async (node, id) => await node.run(`redis-cli set key:${id} 1; redis-cli save`),
    ids: async (node) => numbers(await node.run("redis-cli --raw keys 'key:*' | cut -d: -f2")),
    kept: async (node, place) => {
      await node.run(`redis-server --port 0 --unixsocket /tmp/kept.sock --dir ${place} --daemonize yes >/dev/null
        until [ "$(${redisCli('/tmp/kept.sock')} ping)" = PONG ]; do sleep 0.1; done`)
      return numbers(await node.run(`${redisCli('/tmp/kept.sock')} keys 'key:*' | cut -d: -f2; ${redisCli('/tmp/kept.sock')} shutdown nosave`))
    },
  },
} as const satisfies Record<string, Kind>

const all = Object.keys(kinds) as (keyof typeof kinds)[]

function drawn(): readonly (keyof typeof kinds)[] {
  const wanted = process.env['LIFEBOAT_REPROTECT']?.split(',')
  if (wanted !== undefined) return all.filter((kind) => wanted.includes(kind))
  return process.env['LIFEBOAT_SCENARIOS'] === 'all' ? all : [draw(all, 0, seed)]
}

for (const name of drawn()) {
  test(`a ${name} that was given up is kept, follows, and is gone home to`, async (t) => {
    const { data, set, put, ids, kept }: Kind = kinds[name]
    const files = { kind: 'files', path: '/srv/shop' }
    const scene = await setCase(t, `reprotect-${name}`, { files: 20, names: false, config: { moves: { 'web-1': { data: [files, data] } } } })
    const [source, target] = [scene.source('web-1'), scene.target('web-1')]
    await set(source, target)
    const done = async (...words: string[]): Promise<void> => {
      const { exitCode, stdout, stderr } = await scene.begin(...words, '--yes', '--json')
      assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    }
    await put(source, 1)
    assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
    await source.linkDown()
    await scene.record(({ step, state, text }) => step === 'await-approval' && state === 'waiting' && text.includes('is not kept in step'))
    await put(source, 2)
    await source.powerCut()
    await done('failover', 'web-1', '--source-is-off')
    await put(target, 3)
    await source.linkUp()
    await source.powerOn()
    await done('reprotect', 'web-1')
    const salvaged = await scene.record((record) => record.step === 'salvage-source' && record.details['name'] === 'db')
    t.diagnostic(salvaged.text)
    const sorted = async (asked: Promise<readonly number[]>) => (await asked).toSorted((one, other) => one - other)
    assert.deepEqual(await sorted(kept(source, String(salvaged.details['place']))), [1, 2])
    await put(target, 4)
    await done('rollback', 'web-1')
    assert.deepEqual(await sorted(ids(source)), [1, 3, 4])
    await put(source, 5)
    await done('migrate', 'web-1')
    assert.deepEqual(await sorted(ids(target)), [1, 3, 4, 5])
  })
}
