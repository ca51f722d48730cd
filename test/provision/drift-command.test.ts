// lifeboat standby drift as people run it: what it says of a standby that is not there, that stands, and that somebody stopped.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { StopInstancesCommand } from '@aws-sdk/client-ec2'
import { provisioning } from '../../src/app/provisioning.ts'
import { driftSchema } from '../../src/core/drift.ts'
import { planSchema } from '../../src/core/plan.ts'
import { openDesk } from '../support/cli.ts'
import { canaries, engineOn, labEnvironment, labImage, missing, startAws, targetAt } from './world.ts'

const secrets = { PASSPHRASE: canaries.passphrase, KEY: canaries.accessKey, SECRET: canaries.secretKey }

function configOf(url: string, size: string): string {
  return `project: shop
pulumi: { passphrase: env:PASSPHRASE }
providers:
  old: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 }, { name: web-2, address: 192.0.2.2 } ] }
  new: { kind: aws, region: us-east-1, endpoint: "${url}", accessKey: env:KEY, secretKey: env:SECRET }
moves:
  web-1: { from: { provider: old }, to: { provider: new, size: ${size}, image: ${labImage}, disk: 8 }, data: [ { kind: files, path: /srv/shop } ] }
  web-2: { from: { provider: old }, to: { provider: old, node: web-1 } }
`
}

test('standby drift ends with 4 when the cloud or the code is not what was brought up, and names both', { skip: missing }, async (t) => {
  const signal = AbortSignal.timeout(280_000)
  const aws = await startAws()
  t.after(aws.stop)
  const desk = await openDesk(t)
  await desk.write(configOf(aws.url, 't3.small'))
  const lifeboat = async (...words: string[]) => await desk.lifeboat(words, { ...labEnvironment, ...secrets })

  const before = await lifeboat('standby', 'drift', 'web-1')
  assert.deepEqual(
    [before.exitCode, before.stdout.trim().split('\n')],
    [0, ['net-new', 'data-web-1', 'node-web-1'].map((stack) => `${stack} was not brought up.`)],
  )
  const [elsewhere, nobody] = [await lifeboat('standby', 'drift', 'web-2'), await lifeboat('standby', 'drift', 'web-9', '--json')]
  assert.match(elsewhere.stdout, /^Nothing is declared/)
  assert.deepEqual([nobody.exitCode, JSON.parse(nobody.stdout).code], [2, 'move-unknown'])

  const plan = planSchema.parse(JSON.parse((await lifeboat('plan', 'web-1', '--json')).stdout)).moves[0] ?? assert.fail()
  const engine = engineOn(join(desk.folder, '.lifeboat'))
  const { provision } = provisioning({ engine, target: targetAt(aws.url), plan, identity: 'run-1', authorizedKeys: async () => await Promise.resolve([]) })
  const { id } = await provision(() => {}, signal)
  const after = await lifeboat('standby', 'drift')
  assert.deepEqual([after.exitCode, after.stdout], [0, 'As declared: 3 stacks.\n'])

  await aws.client.send(new StopInstancesCommand({ InstanceIds: [id] }))
  await desk.write(configOf(aws.url, 't3.large'))
  const { exitCode, stdout } = await lifeboat('standby', 'drift', '--json')
  const { drifted, stacks } = driftSchema.parse(JSON.parse(stdout))
  assert.deepEqual([exitCode, drifted], [4, true])
  assert.deepEqual(
    stacks.flatMap(({ stack, move, differences }) => differences.map((each) => [stack, move, each.kind, each.resource, each.properties])),
    [
      ['node-web-1', 'web-1', 'code', 'Instance web-1', [{ path: 'instanceType', declared: 't3.large', found: 't3.small' }]],
      ['node-web-1', 'web-1', 'cloud', `machine ${id}`, [{ path: 'power', declared: 'on', found: 'off' }]],
    ],
  )
  const shown = (await lifeboat('standby', 'drift')).stdout.split('\n').map((line) => line.split(/\s{2,}/))
  assert.deepEqual(shown[0], ['STACK', 'WHERE', 'RESOURCE', 'WHAT', 'PROPERTY', 'DECLARED', 'FOUND'])
  assert.deepEqual(shown[2], ['node-web-1', 'code', 'Instance web-1', 'changed', 'instanceType', 't3.large', 't3.small'])
})
