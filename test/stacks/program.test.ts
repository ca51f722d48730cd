// The entry for plain `pulumi preview`: the same layers, from the stack's configuration.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import * as pulumi from '@pulumi/pulumi'
import program from '../../stacks/index.ts'
import { makeStateFolder, plannedMove, removeStateFolder } from '../provision/world.ts'
import { run } from './mocks.ts'

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
