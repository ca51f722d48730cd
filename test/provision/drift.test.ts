// Drift on the real engine, plugin and a simulated AWS: what somebody changed there, what was declared anew, and that
// many stacks looked at as one say the same as each by itself.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import {
  AuthorizeSecurityGroupIngressCommand,
  DeleteTagsCommand,
  ModifyVolumeCommand,
  ReleaseAddressCommand,
  DescribeAddressesCommand,
  DisassociateAddressCommand,
} from '@aws-sdk/client-ec2'
import type { DriftKind } from '../../src/core/drift.ts'
import type { Outputs } from '../../src/providers/provider.ts'
import type { StackDrift, StackRequest } from '../../src/provision/engine.ts'
import { dataLayer } from '../../stacks/data.ts'
import { netLayer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { authorizedKeys, engineOn, makeStateFolder, missing, plannedMove, removeStateFolder, startAws, targetAt, type SimulatedAws } from './world.ts'

const quiet = () => {}
const both: readonly DriftKind[] = ['cloud', 'code']

describe('drift', { skip: missing }, () => {
  const signal = AbortSignal.timeout(280_000)
  let aws: SimulatedAws
  let stateFolder: string
  let engine: ReturnType<typeof engineOn>
  let net: StackRequest
  let shared: Outputs
  const made = new Map<string, Outputs>()

  const run = { run: 'run-1', authorizedKeys }
  const moveOf = (name: string, changes: Parameters<typeof plannedMove>[1] = {}) => plannedMove(name, { volumeGiB: 10, ports: [80], ...changes })
  const dataOf = (name: string) => {
    const layer = dataLayer(moveOf(name), targetAt(aws.url), shared, run)
    assert.ok(layer)
    return layer
  }
  const nodeOf = (name: string, changes: Parameters<typeof plannedMove>[1] = {}) =>
    nodeLayer(moveOf(name, changes), targetAt(aws.url), { shared, data: { volumeId: at(name, 'volumeId') } }, run)
  const names = ['web-1', 'web-2']
  const world = (changed: readonly StackRequest[] = []) =>
    [net, ...names.flatMap((name) => [dataOf(name), nodeOf(name)])].map((request) => changed.find(({ stack }) => stack === request.stack) ?? request)
  const at = (name: string, output: string) => String(made.get(name)?.[output])

  before(async () => {
    aws = await startAws()
    stateFolder = await makeStateFolder()
    engine = engineOn(stateFolder)
    const layer = netLayer('new', targetAt(aws.url), { project: 'shop', run: 'run-1', authorizedKeys })
    assert.ok(layer)
    net = layer
    shared = (await engine.up(net, quiet, signal)).outputs
    for (const name of names) {
      const data = (await engine.up(dataOf(name), quiet, signal)).outputs
      made.set(name, data)
      made.set(name, { ...data, ...(await engine.up(nodeOf(name), quiet, signal)).outputs })
    }
  })

  after(async () => {
    await aws.stop()
    await removeStateFolder(stateFolder)
  })

  it('is none where nobody changed anything, and looking leaves nothing behind', async () => {
    const found = await engine.drift([...world(), nodeOf('web-9')], both, signal)
    const stacks = ['net-new', ...names.flatMap((name) => [`data-${name}`, `node-${name}`]), 'node-web-9']
    assert.deepEqual(
      found,
      stacks.map((stack) => ({ stack, exists: stack !== 'node-web-9', differences: [] })),
    )
    assert.ok(!(await readdir(stateFolder)).includes('drift'))
  })

  it('is what somebody changed in the cloud and what is declared anew, by stack and property, the same for many as for one', async () => {
    await disturb()
    // Another size, and one port more.
    const changed = world([nodeOf('web-2', { size: 't3.large', ports: [80, 443] })])
    const together = await engine.drift(changed, both, signal)
    const seen = together.flatMap(({ stack, differences }) =>
      differences.flatMap(({ kind, resource, change, properties }) =>
        properties.map(({ path, declared, found }) => [stack, kind, resource, change, path, declared, found].map(String).join(' ')),
      ),
    )
    for (const wanted of [
      'data-web-1 cloud Volume web-1 changed size 10 20',
      /^node-web-1 cloud Instance web-1 changed tags\.lifeboat:move|^node-web-1 cloud Instance web-1 changed tags\["lifeboat:move"\] web-1 null/,
      /^net-new cloud SecurityGroup new changed ingress/,
      /^node-web-2 code Instance web-2 changed instanceType t3.large t3.small$/,
      /^node-web-2 code SecurityGroup web-2 changed ingress/,
    ])
      assert.ok(
        seen.some((line) => (typeof wanted === 'string' ? line === wanted : wanted.test(line))),
        `${String(wanted)} in\n${seen.join('\n')}`,
      )
    assert.deepEqual(
      together.flatMap(({ stack, differences }) => (differences.some(({ change }) => change === 'gone') ? [stack] : [])),
      ['node-web-2'],
    )
    const alone = await Promise.all(changed.map(async (request) => (await engine.drift([request], both, signal))[0]))
    assert.deepEqual(together.map(inOrder), alone.map(inOrder))
  })

  it('of the code is not looked for where the cloud alone is asked for', async () => {
    const found = await engine.drift(world([nodeOf('web-2', { size: 't3.large' })]), ['cloud'], signal)
    assert.deepEqual([...new Set(found.flatMap(({ differences }) => differences.map(({ kind }) => kind)))], ['cloud'])
  })

  /** A volume made larger, a tag removed, a group opened, an address given back. */
  async function disturb(): Promise<void> {
    const { client } = aws
    await client.send(new ModifyVolumeCommand({ VolumeId: at('web-1', 'volumeId'), Size: 20 }))
    await client.send(new DeleteTagsCommand({ Resources: [at('web-1', 'instanceId')], Tags: [{ Key: 'lifeboat:move' }] }))
    await client.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId: String(shared['groupId']), IpProtocol: 'tcp', FromPort: 3389, ToPort: 3389, CidrIp: '0.0.0.0/0' }),
    )
    const { Addresses = [] } = await client.send(new DescribeAddressesCommand({ PublicIps: [at('web-2', 'publicAddress')] }))
    await client.send(new DisassociateAddressCommand({ AssociationId: Addresses[0]?.AssociationId }))
    await client.send(new ReleaseAddressCommand({ AllocationId: Addresses[0]?.AllocationId }))
  }
})

/** The engine works on several resources at the same time. */
function inOrder(one: StackDrift | undefined) {
  return { ...one, differences: one?.differences.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) }
}
