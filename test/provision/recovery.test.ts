// What becomes of a stack whose state was put back from a backup, or cannot be reached.
import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../lab/command.ts'
import { netLayer } from '../../stacks/net.ts'
import { authorizedKeys, engineOn, makeStateFolder, missing, removeStateFolder, startAws, targetAt } from './world.ts'
import { networkOn, oneNetwork } from './objects.ts'

const quiet = () => {}

test('a state that is put back as it was one write before knows all objects again', { skip: missing }, async (t) => {
  const signal = AbortSignal.timeout(200_000)
  const [aws, stateFolder] = [await startAws(), await makeStateFolder()]
  t.after(async () => await removeStateFolder(stateFolder))
  t.after(aws.stop)
  const [engine, target] = [engineOn(stateFolder), targetAt(aws.url)]
  const net = netLayer('new', target, { project: 'shop', run: 'run-1', authorizedKeys })
  assert.ok(net)
  await engine.up(net, quiet, signal)
  const file = join(stateFolder, 'pulumi', 'state', '.pulumi', 'stacks', 'shop', 'net-new.json')
  // Something is missing in it.
  assert.notEqual(await readFile(`${file}.bak`, 'utf8'), await readFile(file, 'utf8'))
  await copyFile(`${file}.bak`, file)
  await engine.recover(net, target.find, signal)
  const { changes } = await engine.up(net, quiet, signal)
  assert.deepEqual({ replace: changes.replace, delete: changes.delete }, { replace: 0, delete: 0 })
  assert.deepEqual(await networkOn(aws.client), oneNetwork)
  assert.deepEqual(await engine.drift([net], ['cloud', 'code'], signal), [{ stack: 'net-new', exists: true, differences: [] }])
})

test('where the disk of the state has little room nothing is begun: one that fills up in the middle cuts the state off', { skip: missing }, async (t) => {
  const stateFolder = await makeStateFolder()
  const disk = join(stateFolder, 'disk')
  await mkdir(disk)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=15m', 'tmpfs', disk])
  t.after(async () => {
    await run('umount', [disk])
    await removeStateFolder(stateFolder)
  })
  const engine = engineOn(stateFolder, { backendUrl: `file://${disk}` })
  let asked = 0
  const program = async () => await Promise.resolve({ asked: (asked += 1) })
  const layer = { stack: 'net-new', program, ...targetAt('http://127.0.0.1:1').engine }
  const signal = AbortSignal.timeout(60_000)
  await assert.rejects(engine.up(layer, quiet, signal), /has 1[45] MiB left; 16 are needed/)
  assert.deepEqual([asked, await engine.outputs(layer, signal)], [0, null])
  await run('mount', ['-o', 'remount,size=64m', disk])
  await engine.up(layer, quiet, signal)
  assert.ok(asked > 0)
})

test('a database that holds the states and does not answer is told without its password', { skip: missing }, async (t) => {
  const stateFolder = await makeStateFolder()
  t.after(async () => await removeStateFolder(stateFolder))
  const engine = engineOn(stateFolder, { backendUrl: 'postgresql://ops:canary%2Fdb-4b1e@127.0.0.1:1/states' })
  const layer = { stack: 'net-new', program: async () => await Promise.resolve({}), ...targetAt('http://127.0.0.1:1').engine }
  await assert.rejects(engine.up(layer, quiet, AbortSignal.timeout(60_000)), (error: Error) => {
    assert.match(error.message, /unable to open state database/)
    assert.ok(!error.message.includes('db-4b1e'), error.message)
    return true
  })
})
