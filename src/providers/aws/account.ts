// How the engine's plugin and our own client reach the account: the same credentials, region and endpoint.
import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { Provider } from '@pulumi/aws/provider.js'
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { AwsConfig } from './schema.ts'
import type { Place } from '../provider.ts'
import { callFailure } from './failures.ts'
import { tagKeys } from './tags.ts'

/** Both keys or none, and not beside a profile. Fails with config-invalid. */
export function checkCredentials(name: string, { accessKey, secretKey, profile }: AwsConfig): void {
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    throw new LifeboatError('config-invalid', `providers.${name}: accessKey and secretKey are given together or not at all.`)
  }
  if (accessKey !== undefined && profile !== undefined) {
    throw new LifeboatError('config-invalid', `providers.${name}: either profile, or accessKey and secretKey.`)
  }
}

/**
 * Credentials for the plugin go through its environment, so that they are in no state and no message. What the caller's
 * own environment offers is hidden by empty values, else it would win over a profile.
 */
export function pluginEnvironment({ accessKey, secretKey, profile }: AwsConfig): Record<string, string | Secret> {
  if (accessKey !== undefined && secretKey !== undefined) {
    return { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey, AWS_SESSION_TOKEN: '', AWS_PROFILE: '' }
  }
  if (profile !== undefined) {
    return { AWS_PROFILE: profile, AWS_SDK_LOAD_CONFIG: '1', AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' }
  }
  return {}
}

/** The explicit provider of a stack: without one, the account would be whatever the environment offers. */
export function explicitProvider(name: string, { region, endpoint }: AwsConfig): Provider {
  return new Provider(name, {
    region,
    // Amazon answers a lack of capacity as an error of the server, which the plugin would repeat for an hour.
    maxRetries: 8,
    ignoreTags: { keys: [tagKeys.holdsData] },
    ...(endpoint === undefined
      ? {}
      : {
          endpoints: [{ ec2: endpoint, sts: endpoint, iam: endpoint }],
          skipCredentialsValidation: true,
          skipRequestingAccountId: true,
          skipMetadataApiCheck: true,
        }),
  })
}

export function createClient({ region, endpoint, accessKey, secretKey, profile }: AwsConfig): EC2Client {
  return new EC2Client({
    region,
    maxAttempts: 5,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(accessKey === undefined || secretKey === undefined ? {} : { credentials: { accessKeyId: accessKey.reveal(), secretAccessKey: secretKey.reveal() } }),
  })
}

/** Target.place for AWS. Every network has a group named default, and shows it to its owner alone. */
export async function placeOf(client: EC2Client, region: string, signal: AbortSignal): Promise<Place> {
  try {
    const Filters = [{ Name: 'group-name', Values: ['default'] }]
    const { SecurityGroups = [] } = await client.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: 5 }), { abortSignal: signal })
    return { account: SecurityGroups[0]?.OwnerId ?? null, region }
  } catch (thrown) {
    signal.throwIfAborted()
    throw callFailure('who we are', thrown)
  }
}
