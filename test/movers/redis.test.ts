// The mover of Redis on two real nodes: their servers, which ask for a password, and the way between their helpers.
import assert from 'node:assert/strict'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { Secret } = await import('../../src/core/secret.ts')
const { redis } = await import('../../src/movers/redis/index.ts')
const { moverConformance } = await import('../conformance/mover.ts')
const { databasePair } = await import('../support/databases.ts')

const password = String.raw`ca"na\ry 4713`
const cli = `REDISCLI_AUTH='${password}' redis-cli --no-auth-warning`
/** The digest of all keys with their values and times; the stream of writes says nothing by itself, so that only changes move. */
const settings = String.raw`requirepass "ca\"na\\ry 4713"
enable-debug-command local
repl-ping-replica-period 3600
repl-diskless-sync-delay 0`

moverConformance('redis', async (t) => {
  const { source, target, pair } = await databasePair(t, {
    data: { kind: 'redis', name: 'cache', password: 'file:secrets/redis' },
    secrets: { redis: password },
    prepare: `cat >>/etc/redis/redis.conf <<'END'\n${settings}\nEND`,
    start: `systemctl enable --now redis-server; until [ "$(${cli} ping)" = PONG ]; do sleep 0.1; done; seq -f 'set key:%g value:%g' 1 5000 | ${cli} >/dev/null`,
  })
  await target.run(`printf 'replicaof no one\nflushall\n' | ${cli}`)
  const entry = { kind: 'redis', name: 'cache', port: 6379, password: new Secret(password), unit: 'redis-server.service', folder: '/var/lib/redis' } as const
  const elsewhere = await redis.connect({ ...entry, folder: '/srv/redis' })
  await assert.rejects(elsewhere.prepare(pair, t.signal), /data lies in \/var\/lib\/redis on the source, not in \/srv\/redis.* on the target/)
  const mover = await redis.connect(entry)
  const odd = (title: string, commands: string) => ({ title, act: async () => void (await source.run(`printf '%s\n' ${commands} | ${cli}`)) })
  let changes = 0
  return {
    mover,
    pair,
    reopen: async () => void (await source.run(`echo replicaof no one | ${cli}`)),
    change: async () => void (await source.run(`echo set change ${++changes} | ${cli}`)),
    oddChanges: [
      odd('a key whose name and value are no text', String.raw`'set "\x00\xff\r\n" "\xfe\x00"'`),
      odd('a key that ends by itself', `'set short 1 px 50' 'set long 1 ex 3600'`),
      odd('another database', `'select 3' 'lpush list a b c'`),
      odd(
        'a stream with a group, a set, a hash and a function',
        `'xadd s * a 1' 'xgroup create s g 0' 'zadd z 1 a 2 b' 'hset h f v' 'eval "return redis.call(\\"set\\", \\"by-script\\", 1)" 0'`,
      ),
      { title: 'a value of 20 MiB', act: async () => void (await source.run(`head -c 20971520 /dev/zero | tr '\\0' x | ${cli} -x set large`)) },
      odd('the loss of all of a database', `'select 3' 'flushdb'`),
    ],
    contents: async (side) => await (side === 'source' ? source : target).run(`${cli} debug digest`),
    damages: [
      {
        title: 'a target that was written to',
        names: 'cache',
        mendedBy: 'repeat',
        act: async () => void (await target.run(`printf 'replicaof no one\nset surplus 1\n' | ${cli}`)),
      },
      {
        title: 'a target that lost its data',
        names: 'cache',
        mendedBy: 'repeat',
        act: async () => void (await target.run(`printf 'replicaof no one\nflushall\n' | ${cli}`)),
      },
    ],
  }
})
