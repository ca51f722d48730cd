// The entry for plain `pulumi preview`: the same layers, from the stack's configuration.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import * as pulumi from '@pulumi/pulumi'
import { awsSchema } from '../../src/providers/aws/schema.ts'
import { createAwsTarget } from '../../src/providers/aws/target.ts'
import { dataLayer } from '../../stacks/data.ts'
import program from '../../stacks/index.ts'
import { netLayer } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { authorizedKeys, makeStateFolder, plannedMove, removeStateFolder } from '../provision/world.ts'
import { below, run } from './mocks.ts'

const base = {
  'lifeboat:project': 'shop',
  'lifeboat:provider': 'new',
  'lifeboat:providerConfig': JSON.stringify({ kind: 'aws', region: 'us-east-1' }),
}

test('without a move, the configuration names the layer of a provider', async () => {
  const { resources } = await run(() => {
    pulumi.runtime.setAllConfig(base)
    return program()
  })
  assert.ok(resources.some(({ type, inputs }) => type === 'aws:ec2/vpc:Vpc' && inputs.cidrBlock === '10.20.0.0/16'))
})

test('with a move, it is the data or the node of that move, on the outputs of the layers below', async (t) => {
  const folder = await makeStateFolder()
  t.after(() => removeStateFolder(folder))
  const plan = join(folder, 'plan.json')
  const totals = { monthlyCost: null, bothSidesMonthlyCost: null }
  await writeFile(
    plan,
    JSON.stringify({ schema: 'lifeboat.plan/1', fingerprint: 'f', moves: [plannedMove('web-1', { volumeGiB: 10 })], waves: [['web-1']], totals }),
  )
  const { resources } = await run(() => {
    pulumi.runtime.setAllConfig({ ...base, 'lifeboat:plan': plan, 'lifeboat:move': 'web-1' })
    return program()
  })
  assert.ok(resources.some(({ type, name }) => type === 'aws:ec2/instance:Instance' && name === 'web-1'))
  assert.ok(resources.some(({ type, name }) => type === 'pulumi:pulumi:StackReference' && name === 'organization/shop/net-new'))
  assert.ok(!resources.some(({ type }) => type === 'aws:ec2/vpc:Vpc' || type === 'aws:ebs/volume:Volume'))
  const data = await run(() => {
    pulumi.runtime.setAllConfig({ ...base, 'lifeboat:plan': plan, 'lifeboat:move': 'web-1', 'lifeboat:layer': 'data' })
    return program()
  })
  assert.ok(data.resources.some(({ type, protect }) => type === 'aws:ebs/volume:Volume' && protect))
  assert.ok(!data.resources.some(({ type }) => type === 'aws:ec2/instance:Instance'))
})

test('run by plain pulumi or by Lifeboat, each layer declares the same objects with the same options', async (t) => {
  const folder = await makeStateFolder()
  t.after(() => removeStateFolder(folder))
  const plan = join(folder, 'plan.json')
  const totals = { monthlyCost: null, bothSidesMonthlyCost: null }
  const move = plannedMove('web-1', { volumeGiB: 10, ports: [80] })
  await writeFile(plan, JSON.stringify({ schema: 'lifeboat.plan/1', fingerprint: 'f', moves: [move], waves: [['web-1']], totals }))
  const target = createAwsTarget('new', awsSchema.parse({ kind: 'aws', region: 'us-east-1' }))
  const own = { project: 'shop', run: 'run-7', authorizedKeys }
  const layers = {
    net: netLayer('new', target, own),
    data: dataLayer(move, target, below, own),
    node: nodeLayer(move, target, { shared: below, data: below }, own),
  }
  for (const [name, layer] of Object.entries(layers)) {
    const inline = await run(layer?.program ?? assert.fail())
    const plain = await run(() => {
      const more = { 'lifeboat:run': 'run-7', 'lifeboat:authorizedKeys': JSON.stringify(authorizedKeys), 'lifeboat:plan': plan, 'lifeboat:move': 'web-1' }
      pulumi.runtime.setAllConfig({ ...base, ...more, 'lifeboat:layer': name })
      return program()
    })
    assert.ok(inline.resources.length >= 2, name)
    assert.deepEqual(
      plain.resources.filter(({ type }) => type !== 'pulumi:pulumi:StackReference'),
      inline.resources,
      name,
    )
  }
})

test('a provider of which no target can be made, and a move that the plan does not have, are refused', async (t) => {
  const refused = (changes: Record<string, string>) => async () => {
    pulumi.runtime.setAllConfig({ ...base, ...changes })
    await program()
  }
  await assert.rejects(refused({ 'lifeboat:providerConfig': JSON.stringify({ kind: 'aws' }) }), { code: 'config-invalid', message: /providerConfig of new: / })
  await assert.rejects(refused({ 'lifeboat:providerConfig': JSON.stringify({ kind: 'moon' }) }), { code: 'config-invalid', message: /kind moon is no target/ })
  await assert.rejects(refused({ 'lifeboat:layer': 'nodes' }), { code: 'config-invalid', message: /lifeboat:layer is nodes; there are net, data and node/ })
  const folder = await makeStateFolder()
  t.after(() => removeStateFolder(folder))
  const plan = join(folder, 'plan.json')
  await writeFile(
    plan,
    JSON.stringify({ schema: 'lifeboat.plan/1', fingerprint: 'f', moves: [], waves: [], totals: { monthlyCost: null, bothSidesMonthlyCost: null } }),
  )
  await assert.rejects(refused({ 'lifeboat:plan': plan, 'lifeboat:move': 'web-9' }), { code: 'move-unknown', message: /has no move web-9/ })
})
