// What the tests of all targets ask of their layers beside the conformance suite.
import assert from 'node:assert/strict'
import type { PlannedMove } from '../../src/core/plan.ts'
import type { Outputs, Target } from '../../src/providers/provider.ts'
import { dataLayer } from '../../stacks/data.ts'
import { netLayer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { authorizedKeys, plannedMove } from '../provision/world.ts'
import { run, type Ran, type Registered } from './mocks.ts'

const given = { project: 'shop', run: 'run-7', authorizedKeys }

export type Layers = {
  readonly net: Ran
  readonly data: Ran
  readonly node: Ran
  /** Of the node. */
  readonly outputs: Outputs
  /** All objects but the providers themselves. */
  readonly all: readonly Registered[]
  readonly providers: readonly Registered[]
  /** The only one of this type in all layers. */
  readonly one: (type: string) => Registered
}

export function moveTo(kind: string, changes: Parameters<typeof plannedMove>[1]): PlannedMove {
  const move = plannedMove('web-1', changes)
  return { ...move, to: { ...move.to, kind } }
}

export async function runLayers(target: Target, move: PlannedMove): Promise<Layers> {
  const net = await run(netLayer('new', target, given)?.program ?? assert.fail())
  const data = await run(dataLayer(move, target, net.outputs, given)?.program ?? assert.fail())
  const node = await run(nodeLayer(move, target, { shared: net.outputs, data: data.outputs }, given).program)
  const resources = [net, data, node].flatMap((ran) => ran.resources)
  const isProvider = ({ type }: Registered) => type.startsWith('pulumi:providers:')
  const all = resources.filter((one) => !isProvider(one))
  return {
    net,
    data,
    node,
    outputs: node.outputs,
    all,
    providers: resources.filter(isProvider),
    one: (type) => {
      const found = all.filter((resource) => resource.type.endsWith(`:${type}`))
      assert.equal(found.length, 1, type)
      return found[0] ?? assert.fail()
    },
  }
}

/** Marks by which an object is found, as `project`, `stack`, `object`, `move`, `run`, from what it was declared with. */
type Labels = {
  readonly labelled: (inputs: Readonly<Record<string, unknown>>) => Readonly<Record<string, string>>
  /** Types of objects that have no room for marks. */
  readonly unlabelled: RegExp
}

/** Explicit providers without a secret, marks on every object that has room, a protected volume in a stack of its own, a node that nothing replaces lightly. */
export function owned({ net, data, node, all, providers }: Layers, { labelled, unlabelled }: Labels): void {
  assert.equal(providers.length, 3)
  assert.doesNotMatch(JSON.stringify(providers), /canary|token|password|secret/i)
  for (const { provider, type } of all) assert.match(provider, /pulumi:providers:\w+::new/, type)
  for (const [stack, ran] of Object.entries({ 'net-new': net, 'data-web-1': data, 'node-web-1': node })) {
    for (const { type, name, inputs, ignoreChanges } of ran.resources.filter((one) => all.includes(one) && !unlabelled.test(one.type))) {
      const marks = labelled(inputs)
      const object = stack === 'net-new' ? 'new' : 'web-1'
      assert.equal(name, object, type)
      const expected = { 'lifeboat-project': 'shop', 'lifeboat-stack': stack, 'lifeboat-object': object, 'lifeboat-run': 'run-7' }
      for (const [key, value] of Object.entries(expected)) assert.equal(marks[key], value, `${type} ${key}`)
      if (stack !== 'net-new') assert.equal(marks['lifeboat-move'], 'web-1', type)
      assert.notDeepEqual(ignoreChanges, [], type)
    }
  }
  const volumes = all.filter(({ type }) => type.endsWith(':Volume'))
  assert.deepEqual(
    volumes,
    data.resources.filter((one) => all.includes(one)),
    'the data layer is the volume',
  )
  assert.ok(volumes.length === 1 && volumes.every(({ protect, retainOnDelete }) => protect && retainOnDelete))
  const machine = node.resources.find(({ inputs }) => typeof inputs.userData === 'string') ?? assert.fail('nothing has user data')
  assert.ok(machine.deleteBeforeReplace && machine.ignoreChanges.includes('userData') && machine.ignoreChanges.some((key) => key.startsWith('image')))
  assert.doesNotMatch(String(machine.inputs.userData), /PRIVATE|password|canary/i)
}
