// A node with Redis: the switch there and back under a writer, and what becomes of it when nobody leads a switch to its end.
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { databaseJourney } = await import('../support/database-journey.ts')
const { openRedis } = await import('../support/database-writer.ts')

const password = 'shop-canary-4714'
const cli = `REDISCLI_AUTH=${password} redis-cli --no-auth-warning`

databaseJourney('Redis', {
  spec: {
    data: { kind: 'redis', name: 'cache', password: 'file:secrets/redis' },
    secrets: { redis: password },
    prepare: `sed -i 's/^bind .*/bind 0.0.0.0/' /etc/redis/redis.conf && printf '%s\n' 'requirepass ${password}' 'appendonly yes' 'repl-diskless-sync-delay 0' >>/etc/redis/redis.conf`,
    start: `systemctl enable --now redis-server; until [ "$(${cli} ping)" = PONG ]; do sleep 0.1; done; seq -f 'set before:%g %g' 1 2000 | ${cli} >/dev/null`,
    move: { ports: [80, 6379], checks: [{ http: 'http://{address}/health' }, { sql: 'get before:7', data: 'cache' }] },
  },
  open: async (address, signal) => await openRedis(address, password, signal),
  isWritable: async (node) => (await node.attempt(`${cli} info replication | grep -q '^role:master'`)).exitCode === 0,
  written: async (node) => (await node.run(`${cli} --raw keys 'key:*' | cut -d: -f2`)).trim().split('\n').map(Number),
  contents: async (node) => await node.run(`${cli} --raw keys '*' | sort | sha256sum; ${cli} dbsize`),
  secret: password,
  left: "grep -E '^(replicaof|masterauth)' /etc/redis/redis.conf; true",
})
