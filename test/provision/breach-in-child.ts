// A process of its own that brings up what breaks a rule, as a controller would: `breach-in-child.ts STATE_FOLDER AWS_URL`
// prints the failure, and then whether it is still there.
import { KeyPair } from '@pulumi/aws/ec2/keyPair.js'
import { codeOf, messageOf } from '../../src/core/errors.ts'
import { sleep } from '../../src/io/wait.ts'
import { explicitProvider } from '../../src/providers/aws/account.ts'
import { held } from '../../src/providers/aws/gate.ts'
import { awsSchema } from '../../src/providers/aws/schema.ts'
import { authorizedKeys, engineOn, targetAt } from './world.ts'

const [stateFolder = '', url = ''] = process.argv.slice(2)
const signal = AbortSignal.timeout(120_000)

const program = async () =>
  await held({ openPorts: [] }, async () => {
    const provider = explicitProvider('new', awsSchema.parse({ kind: 'aws', region: 'us-east-1', endpoint: url }))
    return await Promise.resolve({ id: new KeyPair('ops', { keyName: 'ops', publicKey: authorizedKeys[0] ?? '' }, { provider }).id })
  })

try {
  await engineOn(stateFolder).up({ stack: 'keys', program, ...targetAt(url).engine }, () => undefined, signal)
} catch (error) {
  console.log(`${codeOf(error)}: ${messageOf(error)}`)
}
// What is unheard shows on a later turn.
await sleep(500, signal)
console.log('well')
