// The whole way at a vCenter: our programs, the real engine, the real provider code, a simulated vCenter that makes machines.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import type { StackRequest } from '../../src/provision/engine.ts'
import { textOf } from '../../src/providers/vsphere/properties.ts'
import { retrieveOne } from '../../src/providers/vsphere/retrieve.ts'
import { runTask } from '../../src/providers/vsphere/tasks.ts'
import type { Outputs, Target } from '../../src/providers/provider.ts'
import { dataLayer } from '../../stacks/data.ts'
import { netLayer, type Layer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { forget } from './stored.ts'
import { makesMachines, startMaker, vspherePlugin, type Maker } from '../support/vsphere-maker.ts'
import { authorizedKeys, canaries, engineOn, filesWith, makeStateFolder, missingOf, plannedMove, removeStateFolder } from './world.ts'

const nothing = { create: 0, update: 0, replace: 0, delete: 0, same: 0 }
const quiet = () => {}

describe('nodes at a vCenter', { skip: makesMachines || missingOf(vspherePlugin) }, () => {
  const signal = AbortSignal.timeout(480_000)
  let vcenter: Maker
  let target: Target
  let stateFolder: string
  let engine: ReturnType<typeof engineOn>
  let net: Layer
  let shared: Outputs
  const ends: (() => Promise<void>)[] = []

  before(async () => {
    vcenter = await startMaker({ after: (end) => void ends.push(end) }, canaries.password)
    target = vcenter.target
    stateFolder = await makeStateFolder()
    engine = engineOn(stateFolder)
    net = netLayer('new', target, { project: 'shop', run: 'run-1', authorizedKeys }) ?? assert.fail()
    shared = (await engine.up(net, quiet, signal)).outputs
  })
  after(async () => {
    try {
      assert.deepEqual(await filesWith(stateFolder, Object.values(canaries)), [])
    } finally {
      await removeStateFolder(stateFolder)
      for (const end of ends.toReversed()) await end()
    }
  })

  const moveOf = (name: string, volumeGiB: number, size = '2x2048') => {
    const move = plannedMove(name, { volumeGiB, size, image: 'debian-12' })
    return { ...move, to: { ...move.to, kind: 'vsphere' } }
  }
  const dataOf = (move: ReturnType<typeof moveOf>) => dataLayer(move, target, shared, { run: 'run-1', authorizedKeys }) ?? assert.fail()
  /** Of this stack, what the cloud has otherwise than was declared. */
  const driftOf = async (layer: StackRequest) =>
    (await engine.drift([layer], ['cloud'], signal)).flatMap(({ differences }) => differences.map(({ resource }) => resource))
  const nodeOf = (move: ReturnType<typeof moveOf>, data: Outputs = {}, run = 'run-1') => nodeLayer(move, target, { shared, data }, { run, authorizedKeys })

  it('makes a node with its data disk, keeps it, changes its memory, repairs it, makes it again around its disk, and removes it', async (t) => {
    const move = moveOf('web-1', 3)
    const data = (await engine.up(dataOf(move), quiet, signal)).outputs
    const { outputs } = await engine.up(nodeOf(move, data), quiet, signal)
    const id = String(outputs.instanceId)

    await t.test('it is a clone of the template with the address that its Tools tell, its name, its keys, and the data disk second', async () => {
      const machine = await machineOf('web-1')
      assert.equal(machine.id, id)
      assert.equal(machine.state, 'poweredOn')
      assert.equal(target.address(outputs).public, machine.address)
      assert.deepEqual(
        machine.disks.map(({ unit, sizeMiB }) => [unit, sizeMiB]),
        [
          [0, 4096],
          [1, 3072],
        ],
      )
      const userData = parse(Buffer.from(machine.userData ?? '', 'base64').toString('utf8'))
      assert.equal(userData.hostname, 'web-1')
      assert.deepEqual(userData.ssh_authorized_keys, authorizedKeys)
      assert.equal(userData.mounts[0][1], '/srv')
    })
    await t.test('a later run finds nothing to do, and the run that made it stays written on it', async () => {
      assert.deepEqual({ ...(await engine.up(nodeOf(move, data, 'run-2'), quiet, signal)).changes, same: 0 }, nothing)
      assert.deepEqual({ ...(await engine.up(dataOf(move), quiet, signal)).changes, same: 0 }, nothing)
      assert.match(await notesOn(id), /^project: shop\nstack: node-web-1\nmove: web-1\nrun: run-1$/m)
    })
    await t.test('the mark that it holds data is neither drift nor removed by up', async () => {
      assert.equal(await target.holdsData(outputs, signal), false)
      await target.markHoldsData(outputs, signal)
      assert.deepEqual(await driftOf(nodeOf(move, data)), [])
      await engine.up(nodeOf(move, data), quiet, signal)
      assert.equal(await target.holdsData(outputs, signal), true)
    })
    await t.test('another size changes the machine and keeps it', async () => {
      const { changes } = await engine.up(nodeOf(moveOf('web-1', 3, '2x3072'), data), quiet, signal)
      assert.deepEqual({ ...changes, same: 0 }, { ...nothing, update: 1 })
      const node = await nodeWith(id)
      assert.deepEqual([node.memoryMiB, node.cpus, node.power], [3072, 2, 'on'])
    })
    await t.test('memory that somebody else has changed is drift, and up repairs it', async () => {
      const layer = nodeOf(moveOf('web-1', 3, '2x3072'), data)
      await reconfigure(id, '<memoryMB>1024</memoryMB>')
      assert.deepEqual(await driftOf(layer), ['VirtualMachine web-1'])
      await engine.up(layer, quiet, signal)
      assert.equal((await nodeWith(id)).memoryMiB, 3072)
      assert.deepEqual(await driftOf(layer), [])
    })
    await t.test('whether it runs is read; of a machine that is gone nobody can say it', async () => {
      assert.equal(await target.isOff?.(id, signal), false)
      await vcenter.order('/power', { vm: 'web-1', state: 'off' })
      assert.equal(await target.isOff?.(id, signal), true)
    })
    await t.test('taken out of the inventory it is drift, and up makes it again with the same disk', async () => {
      await task('UnregisterVM', id, '')
      assert.equal(await target.holdsData(outputs, signal), false)
      await assert.rejects(target.isOff?.(id, signal) ?? assert.fail(), { code: 'target-refused' })
      assert.deepEqual(await driftOf(nodeOf(move, data)), ['VirtualMachine web-1'])
      const again = await engine.up(nodeOf(move, data), quiet, signal)
      assert.notEqual(again.outputs.instanceId, id)
      assert.equal((await machineOf('web-1')).disks[1]?.file, `[LocalDS_0] ${String(data.diskPath)}`)
    })
    await t.test('destroy removes the machine, and leaves its disk to the stack of its own', async () => {
      assert.equal((await engine.destroy(nodeOf(move, data), quiet, signal)).delete, 3)
      assert.deepEqual(await living(), [])
      assert.deepEqual(await driftOf(dataOf(move)), [])
      await assert.rejects(engine.destroy({ ...dataOf(move) }, quiet, signal), { code: 'provision-failed' })
      await engine.release(dataOf(move), signal)
      await engine.destroy(dataOf(move), quiet, signal)
    })
  })

  it('adopts a folder and a disk whose creates were never confirmed, and never makes a second machine', async () => {
    const move = moveOf('web-2', 1)
    const data = (await engine.up(dataOf(move), quiet, signal)).outputs
    const node = nodeOf(move, data)
    await engine.up(node, quiet, signal)
    for (const [layer, unconfirmed] of [
      [net, 'Folder new'],
      [dataOf(move), 'VirtualDisk web-2'],
    ] as const) {
      await forget(stateFolder, layer.stack, [unconfirmed])
      await assert.rejects(engine.up(layer, quiet, signal), { code: 'provision-failed', message: /unresolved create/ })
      const report = await engine.recover(layer, target.find, signal)
      assert.ok(
        report.some((line) => line.startsWith(`Adopted ${unconfirmed} (`)),
        report.join('\n'),
      )
      assert.deepEqual({ ...(await engine.up(layer, quiet, signal)).changes, same: 0 }, nothing)
    }
    await forget(stateFolder, 'node-web-2', ['VirtualMachine web-2'])
    await assert.rejects(engine.recover(node, target.find, signal), {
      code: 'provision-failed',
      message: /web-2 \(vm-\d+\) exists in lifeboat-shop.*inventory/,
    })
    await assert.rejects(engine.up(node, quiet, signal), { code: 'provision-failed', message: /unresolved create/ })
    assert.equal((await living()).length, 1)

    await vcenter.order('/power', { vm: 'web-2', state: 'off' })
    await task('UnregisterVM', (await machineOf('web-2')).id, '')
    assert.deepEqual(await engine.recover(node, target.find, signal), ['VirtualMachine web-2 was never created.'])
    await engine.up(node, quiet, signal)
    assert.equal((await machineOf('web-2')).disks[1]?.file, `[LocalDS_0] ${String(data.diskPath)}`)
  })

  it("says the vCenter's own words when it has no room, and goes on when it has", async () => {
    const layer = nodeOf(moveOf('db-1', 0))
    await vcenter.order('/fault', { method: 'CloneVM_Task', type: 'InsufficientResourcesFault', count: 1, message: 'Insufficient resources: memory' })
    await assert.rejects(engine.up(layer, quiet, signal), { code: 'target-refused', message: /VirtualMachine db-1: .*nsufficient resources/ })
    await engine.up(layer, quiet, signal)
    assert.equal((await machineOf('db-1')).state, 'poweredOn')
  })

  const living = async () => (await vcenter.machines()).filter(({ userData }) => userData !== undefined)
  const machineOf = async (name: string) => (await living()).find(({ vm }) => vm === name) ?? assert.fail(`no machine ${name}`)
  const nodeWith = async (id: string) => (await vcenter.source.nodes(signal)).nodes.find((node) => node.id === id) ?? assert.fail(`no node ${id}`)
  const task = async (method: string, id: string, inside: string) =>
    await vcenter.session(async (session) => {
      const options = { act: method, signal }
      if (!method.endsWith('_Task')) return void (await session.ask(method, { type: 'VirtualMachine', id }, inside, options))
      assert.equal(await runTask(session, method, { type: 'VirtualMachine', id }, inside, options), null)
    }, signal)
  const reconfigure = async (id: string, spec: string) => await task('ReconfigVM_Task', id, `<spec>${spec}</spec>`)
  const notesOn = async (id: string) =>
    await vcenter.session(
      async (session) =>
        textOf(await retrieveOne(session, { type: 'VirtualMachine', id }, ['config.annotation'], { act: 'look', signal }), 'config.annotation') ?? '',
      signal,
    )
})
