// The engine on the real CLI and plugin, with an object of AWS that is made in no time, and its state in a folder, in a
// bucket or in PostgreSQL.
import { after } from 'node:test'
import { DeleteKeyPairCommand } from '@aws-sdk/client-ec2'
import { KeyPair } from '@pulumi/aws/ec2/keyPair.js'
import { Provider } from '@pulumi/aws/provider.js'
import { engineConformance } from '../conformance/engine.ts'
import { openSharedDatabase } from '../support/shared-database.ts'
import { authorizedKeys, bucketOn, engineOn, makeStateFolder, missing, removeStateFolder, startAws, targetAt, type SimulatedAws } from './world.ts'

const ends: (() => Promise<void>)[] = []
after(async () => {
  for (const end of ends) await end()
})

type Backend = (aws: SimulatedAws) => Promise<{ readonly backendUrl?: string }>

const backends: Readonly<Record<string, Backend>> = {
  Pulumi: async () => await Promise.resolve({}),
  'Pulumi with its state in a bucket': async (aws) => ({ backendUrl: (await bucketOn(aws)).backendUrl }),
  'Pulumi with its state in PostgreSQL': async () => {
    const database = await openSharedDatabase({ after: (end) => void ends.unshift(end) })
    // Its driver takes a socket only where the URL names no host.
    return { backendUrl: `${database.url.replace('lifeboat@localhost', '')}&user=lifeboat&table=pulumi_state` }
  },
}

for (const [name, backendOn] of Object.entries(backends)) engineConformance(name, async () => await underTest(backendOn), { skip: missing })

async function underTest(backendOn: Backend) {
  const aws = await startAws()
  const stateFolder = await makeStateFolder()
  ends.push(aws.stop, () => removeStateFolder(stateFolder))
  const program = async () => {
    const provider = new Provider('lab', {
      region: 'us-east-1',
      endpoints: [{ ec2: aws.url, sts: aws.url }],
      skipCredentialsValidation: true,
      skipRequestingAccountId: true,
      skipMetadataApiCheck: true,
    })
    const key = new KeyPair('ops', { keyName: 'ops', publicKey: authorizedKeys[0] ?? '' }, { provider })
    return { keyName: key.keyName }
  }
  return {
    engine: engineOn(stateFolder, await backendOn(aws)),
    layer: { stack: 'keys', program, ...targetAt(aws.url).engine },
    disturb: async () => void (await aws.client.send(new DeleteKeyPairCommand({ KeyName: 'ops' }))),
  }
}
