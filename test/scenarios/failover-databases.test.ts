// MariaDB and Redis: the node is gone, somebody says so, and they are taken
// over without it. What was lost lies on the source still, which takes no write when it is back, whoever starts it.
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import type { LabNode } from '../../lab/node.ts'
import { enterLab } from '../../lab/enter.ts'
import { worldFolder } from '../../lab/place.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { draw, seedOfRun } from '../support/draw.ts'

await enterLab()
const { at } = await import('../support/scenario.ts')
const { databaseScene } = await import('../support/databases.ts')
const { mariadbJourney, redisJourney } = await import('../support/database-kinds.ts')
const { startWriter } = await import('../support/database-writer.ts')
const { leftNothing } = await import('../support/ending.ts')
const { untilHeard } = await import('../support/sides.ts')

const kinds = [
  { name: 'mariadb', unit: 'mariadb.service', place: 'gtid', journey: mariadbJourney },
  { name: 'redis', unit: 'redis-server.service', place: 'offset', journey: redisJourney },
] as const

for (const { name, unit, place, journey } of process.env['LIFEBOAT_SCENARIOS'] === 'all' ? kinds : [draw(kinds, 0, seedOfRun())])
  test(`${name} is taken over without its source`, async (t) => {
    const { spec, open, isWritable, written, secret, left } = journey
    const scene = await databaseScene({ ...spec, folder: path.join(worldFolder, name) })
    t.after(async () => await scene.stop())
    const [source, target] = [scene.source('web-1'), scene.target('web-1')]
    const writer = startWriter(async (signal) => await open(source.address, signal))
    const told = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await scene.begin(...args, '--json')
      assert.ok(!(stdout + stderr).includes(secret))
      return { exitCode, stdout: stdout.slice(-3000) + stderr }
    }
    const refusesWrites = async (node: LabNode) => {
      await node.run(`systemctl start ${unit}`)
      await waitUntil(async () => ((await node.attempt(`systemctl is-active ${unit}`)).stdout.trim() === 'active' ? true : null), {
        what: `${unit} of ${node.name}`,
        deadlineMs: 30_000,
        everyMs: 200,
        signal: t.signal,
      })
      return !(await isWritable(node))
    }
    let acknowledged: readonly number[] = []

    await t.test('on the word of who knows that the source is off, the target takes all that has arrived, and serves', async () => {
      assert.equal((await told('migrate')).exitCode, 4)
      await source.linkDown()
      ;({ acknowledged } = await writer.stop())
      const silent = await told('failover', 'web-1', '--yes')
      assert.equal(silent.exitCode, 4, silent.stdout)
      assert.equal(await isWritable(target), false)
      const over = await told('failover', 'web-1', '--source-is-off', '--yes')
      assert.equal(over.exitCode, 0, over.stdout)
      assert.equal(await isWritable(target), true)
      const { databases } = (await scene.record(at('measure-loss', 'done'))).details as { databases: Record<string, unknown>[] }
      assert.notEqual(databases[0]?.[place] ?? '', '', JSON.stringify(databases))
    })

    await t.test('back, and off its network until it was started anew, the source takes no write; what the target lacks is there', async () => {
      await source.powerOff()
      await source.linkUp()
      await source.powerOn()
      await untilHeard(scene, target)
      assert.equal(await refusesWrites(source), true)
      await source.run(`systemctl stop ${unit}`)
      assert.equal(await refusesWrites(source), true, 'after a restart')
      const [here, there] = await Promise.all([target, source].map(async (node) => new Set(await written(node))))
      const lost = acknowledged.filter((id) => here?.has(id) !== true)
      t.diagnostic(`${lost.length} of ${acknowledged.length} acknowledged writes lost`)
      assert.ok(acknowledged.length > 50)
      assert.deepEqual(
        lost.filter((id) => there?.has(id) !== true),
        [],
      )
    })

    await t.test('finished, nothing of ours is left in the one that serves', async () => {
      const { exitCode, stdout } = await told('finish', 'web-1', '--yes')
      assert.equal(exitCode, 0, stdout)
      await leftNothing(scene)
      assert.equal(await isWritable(target), true)
      assert.equal(await target.run(left), '')
    })
  })
