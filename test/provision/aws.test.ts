// The whole way: our programs, the real engine, the real provider code, a simulated AWS. The layers of different moves
// are independent, so their tests run at the same time.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DeleteTagsCommand, DescribeSecurityGroupsCommand, RevokeSecurityGroupIngressCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { provisioning } from '../../src/app/provisioning.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { listVolumes } from '../../src/providers/aws/list.ts'
import type { Outputs } from '../../src/providers/provider.ts'
import type { EngineEvent, StackRequest } from '../../src/provision/engine.ts'
import { dataLayer } from '../../stacks/data.ts'
import { netLayer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { forget, storedState, type StoredResource } from './stored.ts'
import {
  authorizedKeys,
  canaries,
  engineOn,
  filesWith,
  makeStateFolder,
  missing,
  plannedMove,
  processesOn,
  removeStateFolder,
  startAws,
  targetAt,
  untilPending,
  type SimulatedAws,
} from './world.ts'

const nothing = { create: 0, update: 0, replace: 0, delete: 0 }
const quiet = () => {}

describe('nodes at AWS', { skip: missing, concurrency: true }, () => {
  const signal = AbortSignal.timeout(280_000)
  let aws: SimulatedAws
  let stateFolder: string
  let shared: Outputs
  let engine: ReturnType<typeof engineOn>
  let target: ReturnType<typeof targetAt>
  let net: StackRequest
  let netState: readonly StoredResource[]

  type Move = ReturnType<typeof plannedMove>
  const nodeOf = (move: Move, data: Outputs = {}, run = 'run-1') => nodeLayer(move, target, { shared, data }, { run, authorizedKeys })
  const dataOf = (move: Move) => dataLayer(move, target, shared, { run: 'run-1', authorizedKeys }) ?? assert.fail()
  const driftOf = async (layer: StackRequest) => (await engine.drift([layer], ['cloud', 'code'], signal)).flatMap(({ differences }) => differences)
  const livingOf = async (move: string) => (await aws.instances()).filter(({ state, tags }) => tags['lifeboat:move'] === move && state !== 'terminated')

  before(async () => {
    aws = await startAws()
    stateFolder = await makeStateFolder()
    engine = engineOn(stateFolder)
    target = targetAt(aws.url)
    const layer = netLayer('new', target, { project: 'shop', run: 'run-1', authorizedKeys })
    assert.ok(layer)
    net = layer
    shared = (await engine.up(net, quiet, signal)).outputs
    netState = await storedState(stateFolder, 'net-new')
  })

  after(async () => {
    await aws.stop()
    try {
      // After everything above, failures and recoveries too: no secret is in any file of the state, in no form.
      assert.deepEqual(await filesWith(stateFolder, Object.values(canaries)), [])
      assert.ok((await filesWith(stateFolder, ['encryptionsalt'])).length > 0)
    } finally {
      await removeStateFolder(stateFolder)
    }
  })

  it('makes a node with volume and address, keeps it, repairs it, makes it again around its volume, and removes both', async (t) => {
    const move = plannedMove('web-1', { volumeGiB: 10, ports: [80] })
    let commandLines = ''
    const made = await engine.up(dataOf(move), quiet, signal)
    const node = nodeOf(move, made.outputs)
    const { outputs } = await engine.up(
      node,
      () => void processesOn(stateFolder).then((all) => (commandLines += all.map((one) => one.commandLine).join('\n'))),
      signal,
    )
    const { volumeId, instanceId } = outputs

    await t.test('its address is the one that AWS gave it, and its volume is attached', async () => {
      const [instance, ...others] = await livingOf('web-1')
      assert.ok(instance && others.length === 0)
      assert.equal(target.address(outputs).public, instance.elasticAddress)
      assert.ok(instance.volumes.some(({ id, root }) => id === volumeId && !root))
    })
    await t.test('a later run finds nothing to do, and the run that made it stays written on it', async () => {
      const { changes } = await engine.up(nodeOf(move, made.outputs, 'run-2'), quiet, signal)
      assert.deepEqual({ ...changes, same: 0 }, { ...nothing, same: 0 })
      assert.equal((await livingOf('web-1'))[0]?.tags['lifeboat:run'], 'run-1')
    })
    await t.test('the mark that it holds data is neither drift nor removed by up', async () => {
      assert.equal(await target.holdsData(outputs, signal), false)
      await target.markHoldsData(outputs, signal)
      assert.equal(await target.holdsData(outputs, signal), true)
      assert.deepEqual(await driftOf(dataOf(move)), [])
    })
    await t.test('every object is found again under the id that the engine has, and none under another stack', async () => {
      const resources = [...netState, ...(await storedState(stateFolder, 'data-web-1')), ...(await storedState(stateFolder, 'node-web-1'))].filter(({ type }) =>
        type.startsWith('aws:'),
      )
      assert.ok(resources.length >= 12)
      for (const { urn, type, id, inputs } of resources) {
        const pending = { urn, type, name: urn.split('::')[3] ?? '', inputs: inputs ?? {} }
        const found = await target.find(pending, signal)
        // The engine forms the id of an attachment from its parts, ours says the parts.
        assert.equal(found, type.endsWith('VolumeAttachment') ? `/dev/sdf:${String(volumeId)}:${String(instanceId)}` : id, type)
        if (!/Association$|Attachment$/.test(type)) {
          assert.equal(await target.find({ ...pending, urn: urn.replace('urn:pulumi:', 'urn:pulumi:other-') }, signal), null, type)
        }
      }
    })
    await t.test('a rule removed and an instance terminated by somebody else are drift', async () => {
      const { SecurityGroups = [] } = await aws.client.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'tag:lifeboat:move', Values: ['web-1'] }] }))
      await aws.client.send(new RevokeSecurityGroupIngressCommand({ GroupId: SecurityGroups[0]?.GroupId, IpPermissions: SecurityGroups[0]?.IpPermissions }))
      await aws.client.send(new TerminateInstancesCommand({ InstanceIds: [String(instanceId)] }))
      const resources = await provisioning({ engine, target, plan: move, identity: 'run-1', authorizedKeys: () => Promise.resolve([]) }).drift(signal)
      assert.ok(resources.includes('SecurityGroup web-1') && resources.includes('Instance web-1'), resources.join())
    })
    await t.test('up makes the node again with the same volume and address', async () => {
      const again = await engine.up(node, quiet, signal)
      assert.notEqual(again.outputs.instanceId, instanceId)
      assert.equal(again.outputs.volumeId, volumeId)
      assert.equal(again.outputs.publicAddress, outputs.publicAddress)
      assert.equal(await target.holdsData(again.outputs, signal), true)
      assert.equal((await livingOf('web-1')).length, 1)
      assert.deepEqual(await driftOf(node), [])
    })
    await t.test('the node goes, and its volume stays: neither destroy nor a declaration without it removes it', async () => {
      const { delete: deleted } = await engine.destroy(node, quiet, signal)
      assert.ok(deleted >= 5)
      assert.equal((await livingOf('web-1')).length, 0)
      await assert.rejects(engine.destroy(dataOf(move), quiet, signal), { code: 'provision-failed', message: /Volume web-1 failed: .*cannot be deleted/ })
      const empty = { ...dataOf(move), program: async () => await Promise.resolve({}) }
      await assert.rejects(engine.up(empty, quiet, signal), { code: 'provision-failed', message: /Volume web-1 failed: .*cannot be deleted/ })
      assert.equal(await target.holdsData(outputs, signal), true)
    })
    await t.test('what the provider says holds data is not removed; what holds none is, the protected volume too', async () => {
      const { deprovision } = provisioning({ engine, target, plan: move, identity: 'run-1', authorizedKeys: () => Promise.resolve([]) })
      await assert.rejects(deprovision(signal), { code: 'not-now', message: /holds data; it stays/ })
      await aws.client.send(new DeleteTagsCommand({ Resources: [String(volumeId)], Tags: [{ Key: 'lifeboat:holds-data' }] }))
      await deprovision(signal)
      assert.deepEqual(await listVolumes(aws.client, [{ Name: 'tag:lifeboat:move', Values: ['web-1'] }], { abortSignal: signal }), [])
    })
    await t.test('no secret was on a command line', () => {
      assert.ok(commandLines.includes('node-web-1'))
      for (const canary of Object.values(canaries)) assert.ok(!commandLines.includes(canary))
    })
  })

  it('adopts creates that were never confirmed, and makes nothing twice, with another key neither', async () => {
    const move = plannedMove('web-7', { volumeGiB: 10 })
    const node = nodeOf(move, (await engine.up(dataOf(move), quiet, signal)).outputs)
    await engine.up(node, quiet, signal)
    for (const [layer, unconfirmed] of [
      [dataOf(move), ['Volume web-7']],
      [node, ['VolumeAttachment web-7', 'EipAssociation web-7']],
      [net, ['RouteTableAssociation new', 'KeyPair new', 'SecurityGroup new']],
    ] as const) {
      await forget(stateFolder, layer.stack, unconfirmed)
      await assert.rejects(engine.up(layer, quiet, signal), { code: 'provision-failed', message: /unresolved create/ })
      const report = await engine.recover(layer, target.find, signal)
      assert.deepEqual(
        unconfirmed.filter((name) => !report.some((line) => line.startsWith(`Adopted ${name} (`))),
        [],
      )
      const { changes } = await engine.up(layer, quiet, signal)
      assert.deepEqual({ ...changes, same: 0, update: 0 }, { ...nothing, same: 0 })
    }
    const later = netLayer('new', target, { project: 'shop', run: 'run-2', authorizedKeys: [`${authorizedKeys[0]?.replace('m8m9u0m', 'm8m9u0n')}`] })
    assert.ok(later)
    assert.deepEqual({ ...(await engine.up(later, quiet, signal)).changes, same: 0 }, { ...nothing, same: 0 })
  })

  it("says the provider's own words when a quota refuses, and goes on when it is raised", async () => {
    // A size of its own, so that no other test meets the refusal.
    const move = plannedMove('db-1', { size: 'r5.large' })
    await aws.refuse({
      code: 'InstanceLimitExceeded',
      count: 1,
      instanceType: 'r5.large',
      message: 'You have requested more instances (9) than your limit of 8.',
    })
    const events: EngineEvent[] = []
    await assert.rejects(
      engine.up(nodeOf(move), (event) => events.push(event), signal),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'target-refused')
        assert.match(error.message, /Instance db-1: .*InstanceLimitExceeded: You have requested more instances \(9\) than your limit of 8\.$/)
        return true
      },
    )
    assert.ok(events.some(({ state, resource }) => state === 'failed' && resource === 'Instance db-1'))
    await engine.up(nodeOf(move), quiet, signal)
    assert.equal((await livingOf('db-1')).length, 1)
  })

  it('has exactly one instance after its controller was killed in the middle of up', async () => {
    const layer = nodeOf(plannedMove('web-2'))
    await killController('web-2', async () => {
      const who = /process \d+/
      await assert.rejects(engine.recover(layer, target.find, signal), { code: 'provision-busy', message: who })
      await assert.rejects(engine.up(layer, quiet, signal), { code: 'provision-busy', message: /in use by \S+@\S+ \(process \d+\) since 20\d\d-/ })
    })
    // The engine outlives its controller and writes down what it made; until then it holds the lock.
    const report = await engine.recover(layer, target.find, signal)
    assert.match(report[0] ?? '', /had left running/)
    await endsWithOne('web-2', layer)
  })

  it('has exactly one instance after controller, engine and plugin were killed at once', async () => {
    const layer = nodeOf(plannedMove('web-3'))
    await killController('web-3', async () => {
      await waitUntil(async () => ((await livingOf('web-3')).length > 0 ? true : null), { what: 'the instance', deadlineMs: 30_000, everyMs: 50, signal })
      for (const { pid } of await processesOn(`${stateFolder}/pulumi/node-web-3`)) process.kill(pid, 'SIGKILL')
    })
    await assert.rejects(engine.up(layer, quiet, signal), { code: 'provision-failed', message: /1 unresolved create: Instance web-3/ })
    await assert.rejects(engine.destroy(layer, quiet, signal), { code: 'provision-failed', message: /unresolved create/ })
    const report = await engine.recover(layer, target.find, signal)
    assert.ok(
      report.some((line) => /Removed the lock of process \d+/.test(line)) && report.some((line) => /Adopted Instance web-3 \(i-/.test(line)),
      report.join('\n'),
    )
    await endsWithOne('web-3', layer)
  })

  it('ends in order when its call is aborted, and goes on later', async () => {
    const layer = nodeOf(plannedMove('web-5'))
    const { child, gone } = startController('web-5', 'abort')
    const lines = await child.stdout.toArray()
    assert.deepEqual(await gone, [0, null])
    assert.match(lines.join(''), /"failed":"detached"/)
    assert.deepEqual(await processesOn(`${stateFolder}/pulumi/node-web-5`), [])
    await engine.recover(layer, target.find, signal)
    await endsWithOne('web-5', layer)
  })

  it('fails with a sentence and leaves nothing running when the engine is killed, and goes on later', async () => {
    const layer = nodeOf(plannedMove('web-6'))
    const { child, gone } = startController('web-6')
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (!/"Instance web-6","state":"running"/.test(line)) continue
      for (const { pid, name } of await processesOn(`${stateFolder}/pulumi/node-web-6`)) if (name === 'pulumi') process.kill(pid, 'SIGKILL')
    }
    assert.deepEqual(await gone, [0, null])
    assert.match(lines.at(-1) ?? '', /"code":"provision-failed"/)
    assert.deepEqual(await processesOn(`${stateFolder}/pulumi/node-web-6`), [])
    await engine.recover(layer, target.find, signal)
    await endsWithOne('web-6', layer)
  })

  it('makes an instance whose create was interrupted before AWS had done it', async () => {
    // AWS answers with errors of its own, which the plugin tries again, until it is killed.
    await aws.refuse({ code: 'InternalError', count: 100, instanceType: 'c5.large' })
    const layer = nodeOf(plannedMove('web-4', { size: 'c5.large' }))
    await killController('web-4', async () => {
      await untilPending(stateFolder, 'node-web-4', signal)
      for (const { pid } of await processesOn(`${stateFolder}/pulumi/node-web-4`)) process.kill(pid, 'SIGKILL')
    })
    await fetch(`${aws.url}/lab/refuse`, { method: 'DELETE' })
    assert.match((await engine.recover(layer, target.find, signal)).join('\n'), /Instance web-4 was never created/)
    await endsWithOne('web-4', layer)
  })

  /** Brings up a node in a process of its own, which is killed once the engine works on the instance. */
  async function killController(move: string, also: () => Promise<void>): Promise<void> {
    const { child, gone } = startController(move)
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes(`"Instance ${move}","state":"running"`)) break
    }
    await also()
    child.kill('SIGKILL')
    await gone
  }

  function startController(move: string, mode = '') {
    const script = fileURLToPath(new URL('up-in-child.ts', import.meta.url))
    const size = move === 'web-4' ? 'c5.large' : 't3.small'
    const child = spawn(process.execPath, [script, stateFolder, aws.url, move, size, JSON.stringify(shared), mode], { stdio: ['ignore', 'pipe', 'inherit'] })
    return { child, gone: once(child, 'exit') }
  }

  async function endsWithOne(move: string, layer: StackRequest): Promise<void> {
    await engine.up(layer, quiet, signal)
    assert.equal((await livingOf(move)).length, 1)
    assert.deepEqual({ ...(await engine.up(layer, quiet, signal)).changes, same: 0 }, { ...nothing, same: 0 })
  }
})
