// Whether an instance runs no more, in a simulated AWS.
import assert from 'node:assert/strict'
import test from 'node:test'
import { RunInstancesCommand, StartInstancesCommand, StopInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { startAws, targetAt } from './world.ts'

test('an instance is off once it is stopped or terminated, and not before; one that AWS does not know is nothing that can be told', async (t) => {
  const aws = await startAws()
  t.after(async () => await aws.stop())
  const isOff = async (id: string) => await targetAt(aws.url).isOff?.(id, AbortSignal.timeout(30_000))
  const { Instances = [] } = await aws.client.send(new RunInstancesCommand({ ImageId: 'ami-12c6146b', InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 }))
  const id = Instances[0]?.InstanceId ?? ''
  assert.equal(await isOff(id), false)
  await aws.client.send(new StopInstancesCommand({ InstanceIds: [id] }))
  assert.equal(await isOff(id), true)
  await aws.client.send(new StartInstancesCommand({ InstanceIds: [id] }))
  assert.equal(await isOff(id), false)
  await aws.client.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
  assert.equal(await isOff(id), true)
  await assert.rejects(isOff('i-0123456789abcdef0'), { code: /^target-/ })
})
