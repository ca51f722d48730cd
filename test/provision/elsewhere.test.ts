// Credentials or a configuration that lead to another place than the one where everything was made, in a simulated AWS.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { DescribeKeyPairsCommand } from '@aws-sdk/client-ec2'
import { KeyPair } from '@pulumi/aws/ec2/keyPair.js'
import { parse, stringify } from 'yaml'
import { provisioning } from '../../src/app/provisioning.ts'
import { Secret } from '../../src/core/secret.ts'
import { listInstances } from '../../src/providers/aws/list.ts'
import { awsSchema } from '../../src/providers/aws/schema.ts'
import { createAwsTarget } from '../../src/providers/aws/target.ts'
import { authorizedKeys, canaries, engineOn, makeStateFolder, missing, plannedMove, removeStateFolder, startAws, targetAt } from './world.ts'

const quiet = () => {}

test('another account or region than the one where a move was made is refused before anything is declared or removed there', { skip: missing }, async (t) => {
  const signal = AbortSignal.timeout(170_000)
  const [aws, stateFolder] = [await startAws(), await makeStateFolder()]
  t.after(async () => {
    await aws.stop()
    await removeStateFolder(stateFolder)
  })
  const engine = engineOn(stateFolder)
  const plan = plannedMove('web-1')
  const stacksOf = (target: ReturnType<typeof targetAt>) =>
    provisioning({ engine, target, plan, identity: 'run-1', authorizedKeys: async () => await Promise.resolve(authorizedKeys) })
  const { id } = await stacksOf(targetAt(aws.url)).provision(quiet, signal)
  const own = { accessKey: new Secret(canaries.accessKey), secretKey: new Secret(canaries.secretKey) }
  const at = (region: string, keys: typeof own) => createAwsTarget('new', awsSchema.parse({ kind: 'aws', region, endpoint: aws.url, ...keys }))
  const other = await assumeRole(aws.url, '222222222222')

  for (const [target, words] of [
    [
      at('us-east-1', other),
      /^net-new was made in account 123456789012 in us-east-1, and .* lead to account 222222222222 in us-east-1 now; nothing was changed\.$/,
    ],
    [at('eu-central-1', own), /made in account 123456789012 in us-east-1, and .* lead to account 123456789012 in eu-central-1 now/],
  ] as const) {
    await assert.rejects(stacksOf(target).provision(quiet, signal), { code: 'target-refused', message: words })
    await assert.rejects(stacksOf(target).deprovision(signal), { code: 'target-refused', message: words })
  }
  const living = async () => await listInstances(aws.client, [{ Name: 'tag:lifeboat:move', Values: ['web-1'] }], { abortSignal: signal })
  assert.deepEqual(await living(), [id])
  await stacksOf(targetAt(aws.url)).deprovision(signal)
  assert.deepEqual(await living(), [])
})

/** Keys of a role in another account: by the key the simulated AWS knows whose call it is. */
async function assumeRole(url: string, account: string): Promise<{ accessKey: Secret; secretKey: Secret }> {
  const credential = 'Credential=test/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0'
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 ${credential}` },
    body: new URLSearchParams({ Action: 'AssumeRole', Version: '2011-06-15', RoleArn: `arn:aws:iam::${account}:role/ops`, RoleSessionName: 'ops' }),
  })
  const text = await answer.text()
  const [accessKey = '', secretKey = ''] = ['AccessKeyId', 'SecretAccessKey'].map((name) => new RegExp(`<${name}>([^<]+)`).exec(text)?.[1])
  assert.notEqual(accessKey, '', text)
  return { accessKey: new Secret(accessKey), secretKey: new Secret(secretKey) }
}

test('what names no provider is refused, run by Lifeboat or by hand: it would go to whatever account the environment offers', { skip: missing }, async (t) => {
  const stateFolder = await makeStateFolder()
  t.after(async () => await removeStateFolder(stateFolder))
  const { config } = parse(await readFile(new URL('../../Pulumi.yaml', import.meta.url), 'utf8')) as { config: unknown }
  const byHand = join(stateFolder, 'pulumi/by-hand')
  await mkdir(byHand, { recursive: true })
  await writeFile(join(byHand, 'Pulumi.yaml'), stringify({ name: 'lifeboat', runtime: 'nodejs', config }))
  await writeFile(join(byHand, 'Pulumi.by-hand.yaml'), stringify({ config: { 'lifeboat:project': 'shop', 'lifeboat:provider': 'new' } }))
  const program = async () => await Promise.resolve({ id: new KeyPair('ops', { publicKey: authorizedKeys[0] ?? '' }).id })
  const engine = engineOn(stateFolder, { project: 'lifeboat' })
  for (const stack of ['keys', 'by-hand']) {
    const request = { stack, program, ...targetAt('http://127.0.0.1:9').engine }
    await assert.rejects(engine.up(request, quiet, AbortSignal.timeout(60_000)), { message: /[Dd]efault provider/ }, stack)
  }
})

test('what breaks a rule is refused in its own words, is not made, and ends no process', { skip: missing }, async (t) => {
  const [aws, stateFolder] = [await startAws(), await makeStateFolder()]
  t.after(async () => {
    await aws.stop()
    await removeStateFolder(stateFolder)
  })
  // The engine's SDK lets what a program fails with be heard by the process, too: a test's would not bear that.
  const child = spawn(process.execPath, [join(import.meta.dirname, 'breach-in-child.ts'), stateFolder, aws.url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const said = (await child.stdout.toArray()).join('')
  assert.match(said, /^target-refused: KeyPair ops has no tag .*: the rule `tagged` forbids that\.\nwell\n$/)
  assert.deepEqual(await gone, [0, null])
  const { KeyPairs } = await aws.client.send(new DescribeKeyPairsCommand({}))
  assert.deepEqual(KeyPairs, [])
})
