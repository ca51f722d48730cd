// What every database that moves by replication goes through: there and back under a writer, controllers killed and a
// node restarted in the switch, and an end. Nothing that was acknowledged is ever lost, and there is one writer at most.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { LabNode } from '../../lab/node.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { databaseScene, type DatabaseSpec } from './databases.ts'
import { startWriter, type Client } from './database-writer.ts'
import { finishClean } from './ending.ts'
import { openMoments } from './moment.ts'

export type Journey = {
  readonly spec: DatabaseSpec
  readonly open: (address: string, signal: AbortSignal) => Promise<Client>
  /** Whether the server of this node runs and takes writes. */
  readonly isWritable: (node: LabNode) => Promise<boolean>
  /** The numbers that the writer's data has there. */
  readonly written: (node: LabNode) => Promise<readonly number[]>
  /** What lies there, in a form that is equal when it is. */
  readonly contents: (node: LabNode) => Promise<string>
  /** What must stand nowhere. */
  readonly secret: string
  /** Prints what a move left in the server's configuration. */
  readonly left: string
}

export function databaseJourney(name: string, { spec, open, isWritable, written, contents, secret, left }: Journey): void {
  void test(`${name} goes there and back with its node`, async (t) => {
    const scene = await databaseScene(spec)
    t.after(async () => await scene.stop())
    const [source, target] = [scene.source('web-1'), scene.target('web-1')]
    const moments = await openMoments(scene)
    t.after(async () => await moments.close())
    // Always the old address: after the switch it leads to the other side.
    const writer = startWriter(async (signal) => await open(source.address, signal))
    const writers = async () => [await isWritable(source), await isWritable(target)]
    const serves = async (node: LabNode) =>
      await waitUntil(async () => ((await isWritable(node)) ? true : null), { what: `${node.name} opens`, deadlineMs: 25_000, everyMs: 100, signal: t.signal })
    const told = async (args: readonly string[], exitCode: number) => {
      const result = await scene.begin(...args)
      assert.equal(result.exitCode, exitCode, result.stdout.slice(-3000) + result.stderr)
      assert.ok(!(result.stdout + result.stderr).includes(secret))
      return result.stdout
    }

    await t.test('it switches, and the old side follows the new one', async () => {
      await told(['migrate', '--yes', '--json'], 0)
      assert.deepEqual(await writers(), [false, true])
    })
    await t.test('it goes back', async () => {
      await told(['rollback', 'web-1', '--yes', '--json'], 0)
      assert.deepEqual(await writers(), [true, false])
    })
    await t.test('a controller that is killed in the freeze leaves the source with its data', async () => {
      const running = scene.begin('migrate', '--yes', '--json')
      await moments.at('final-sync', 'done')
      assert.deepEqual(await writers(), [false, false])
      scene.killController()
      await moments.pass()
      await serves(source)
      await running
      assert.deepEqual(await writers(), [true, false])
    })
    await t.test('a promotion that is made void is taken back by the nodes alone, also when the source was restarted meanwhile', async () => {
      const running = scene.begin('migrate', '--yes', '--json')
      await moments.at('check-target', 'started')
      assert.deepEqual(await writers(), [false, true])
      scene.killController()
      await source.powerCut()
      await source.powerOn()
      await moments.pass()
      await serves(source)
      await running
      assert.deepEqual(await writers(), [true, false])
    })
    await t.test('it switches and ends: nothing of ours is left, nothing that was acknowledged is lost', async () => {
      await told(['migrate', '--yes', '--json'], 0)
      const { acknowledged, failed, longestMs } = await writer.stop()
      t.diagnostic(`${acknowledged.length} acknowledged, ${failed} failed, the longest wait ${Math.round(longestMs)} ms`)
      const there = new Set(await written(target))
      assert.deepEqual(
        acknowledged.filter((id) => !there.has(id)),
        [],
      )
      assert.ok(acknowledged.length > 100)
      await waitUntil(async () => ((await contents(source)) === (await contents(target)) ? true : null), {
        what: 'Both sides are equal',
        deadlineMs: 10_000,
        everyMs: 200,
        signal: t.signal,
      })
      await finishClean(scene, 'web-1')
      assert.equal(await isWritable(target), true)
      assert.equal(await target.run(left), '')
    })
  })
}
