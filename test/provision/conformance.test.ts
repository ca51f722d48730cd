// The engine on the real CLI and plugin, with an object of AWS that is made in no time.
import { after } from 'node:test'
import { DeleteKeyPairCommand } from '@aws-sdk/client-ec2'
import { KeyPair } from '@pulumi/aws/ec2/keyPair.js'
import { Provider } from '@pulumi/aws/provider.js'
import { engineConformance } from '../conformance/engine.ts'
import { authorizedKeys, engineOn, makeStateFolder, missing, removeStateFolder, startAws, targetAt } from './world.ts'

const ends: (() => Promise<void>)[] = []
after(async () => {
  for (const end of ends) await end()
})

engineConformance(
  'Pulumi',
  async () => {
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
      engine: engineOn(stateFolder),
      layer: { stack: 'keys', program, ...targetAt(aws.url).engine },
      disturb: async () => void (await aws.client.send(new DeleteKeyPairCommand({ KeyName: 'ops' }))),
    }
  },
  { skip: missing },
)
