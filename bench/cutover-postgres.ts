// How long clients of a database wait while it changes its machine: through pgbouncer and replication, and by what is done
// by hand otherwise: stop it, copy what differs of its folder, start it over there.
import path from 'node:path'
import { worldFolder } from '../lab/place.ts'
import { setClusters, setPoolers, sqlOn, startWriters } from '../test/support/postgres.ts'
import { setScene, type Scene } from '../test/support/scenario.ts'
import { giveKey } from './by-hand.ts'
import { atMost, better, type Benchmark } from './benchmark.ts'

const byHand = 'stop, rsync, start'
const folder = '/var/lib/postgresql/15/main'
const unit = 'postgresql@15-main'
/** 600 MB that nothing writes to, and 400 orders a second. */
const ballast =
  'create table ballast as select i, (select string_agg(md5((i * 31 + k)::text), null) from generate_series(1, 30) k) from generate_series(1, 600000) i'
const load = { clients: 8, everyMs: 18 }
let worlds = 0

async function open(): Promise<Scene> {
  const data = [{ kind: 'postgres', name: 'shop-db', cluster: '15/main', pgbouncer: 6432 }]
  const move = { data, services: [], singletons: null, ports: [5432, 6432], checks: [{ tcp: 6432 }] }
  const scene = await setScene({ folder: path.join(worldFolder, `cutover-${worlds++}`), names: false, files: 10, config: { moves: { 'web-1': move } } })
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await setClusters(source, target)
  await setPoolers(source, target)
  await sqlOn(source, ballast, { deadlineMs: 300_000 })
  return scene
}

/** The longest time that a client waited for its acknowledgement, in ms. A failed attempt or a lost order is no figure. */
async function bySwitch(scene: Scene): Promise<number> {
  const waiting = await scene.begin('migrate', 'web-1', '--json')
  if (waiting.exitCode !== 4) throw new Error(waiting.stdout.slice(-1500) + waiting.stderr)
  const writers = startWriters(scene.source('web-1').address, { port: 6432, ...load })
  const { exitCode, stdout, stderr } = await scene.begin('approve', 'web-1', '--yes', '--json')
  const { lost, failed, longestMs, written } = await writers.stop(scene.target('web-1'))
  if (exitCode !== 0) throw new Error(stdout.slice(-1500) + stderr)
  if (lost.length > 0 || failed > 0) throw new Error(`Of ${written} orders ${lost.length} were lost, ${failed} attempts failed.`)
  return longestMs
}

/** From the stop to the start over there, in ms; clients are thought to be held all the time, and nothing is compared. */
async function byCopy(scene: Scene): Promise<number> {
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await giveKey(scene, source)
  await target.run(`systemctl stop ${unit}`)
  const push = async () =>
    await source.run(
      `rsync -a --modify-window=-1 --delete --inplace --no-whole-file -e 'ssh -o StrictHostKeyChecking=no -o LogLevel=ERROR' ${folder}/ root@${target.address}:${folder}/ || [ $? = 24 ]`,
      { deadlineMs: 300_000 },
    )
  const writers = startWriters(source.address, { ...load })
  try {
    await push()
    await push()
    const began = performance.now()
    await source.run(`systemctl stop ${unit}`, { deadlineMs: 120_000 })
    await push()
    await target.run(`systemctl start ${unit}; until runuser -u postgres -- psql -qc 'select 1' >/dev/null 2>&1; do sleep 0.02; done`, { deadlineMs: 120_000 })
    return performance.now() - began
  } finally {
    await writers.end()
  }
}

/** Each measures in a world of its own: a cluster is moved once. */
async function inWorld(act: (scene: Scene) => Promise<number>): Promise<number> {
  const scene = await open()
  try {
    return await act(scene)
  } finally {
    await scene.stop()
  }
}

export const cutoverPostgres: Benchmark = {
  name: 'cutover-postgres',
  says: 'How long clients wait for PostgreSQL while it goes to another machine: 0.6 GB, 400 orders a second.',
  cases: [
    {
      name: 'through pgbouncer',
      unit: 'ms',
      rounds: 3,
      quick: true,
      goals: [atMost(500), better(10, byHand)],
      notes:
        'The longest that a client waited for an acknowledgement; a failed attempt or a lost order is an error. By hand: from the stop to the start, copied twice before, times compared to the nanosecond (by whole seconds, as rsync does by itself, the copy was seen to lack the last log). Both nodes, their clients and all else share the cores of one machine.',
      prepare: async () =>
        await Promise.resolve({
          contestants: { ours: async () => await inWorld(bySwitch), [byHand]: async () => await inWorld(byCopy) },
          close: async () => await Promise.resolve(),
        }),
    },
  ],
}
