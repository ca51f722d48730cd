// What EC2 tells before anything is made: whose account this is, whether it may make what a move makes (DryRun: AWS checks
// the right and makes nothing), whether images and sizes exist in the region, and how many addresses are left.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html (DryRun)
import {
  AllocateAddressCommand,
  CreateSecurityGroupCommand,
  CreateVolumeCommand,
  DescribeAccountAttributesCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeInstanceTypeOfferingsCommand,
  RunInstancesCommand,
  type _InstanceType,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import { error, ok, warning, type Found } from '../../core/doctor/finding.ts'
import { hintOf, LifeboatError } from '../../core/errors.ts'
import type { PlannedMove } from '../../core/plan.ts'
import { counted } from '../../core/units.ts'
import { placeOf } from './account.ts'
import { awsCatalog } from './catalog.ts'
import { callFailure } from './failures.ts'
import { imageOf } from './images.ts'
import type { AwsConfig } from './schema.ts'
import { tagKeys } from './tags.ts'

type Asking = { readonly client: EC2Client; readonly config: AwsConfig; readonly moves: readonly PlannedMove[]; readonly signal: AbortSignal }

/** Target.examine for AWS. Fails as the first call does; later ones that fail are findings. */
export async function examineAws(asking: Asking): Promise<readonly Found[]> {
  const first = await account(asking)
  const choices = imageChoices(asking)
  const looks: readonly (() => Promise<readonly Found[]>)[] = [
    async () => await rights(asking, (await choices).find(({ id }) => id !== null) ?? null),
    async () => (await choices).map((choice) => judgeImage(choice, asking.config.region)),
    async () => await sizes(asking),
    async () => await addresses(asking),
  ]
  const rest = looks.map(async (look) => {
    try {
      return await look()
    } catch (thrown) {
      asking.signal.throwIfAborted()
      const { code, message } = thrown instanceof LifeboatError ? thrown : callFailure('what a move needs', thrown)
      return [error(code, message, hintOf(code))]
    }
  })
  return [first, ...(await Promise.all(rest)).flat()]
}

async function account({ client, config, signal }: Asking): Promise<Found> {
  const { account: owner, region } = await placeOf(client, config.region, signal)
  return ok('account', `It lets us in: ${owner === null ? 'an account that it does not name' : `account ${owner}`}, region ${region}.`)
}

type Try = (asking: Asking, image: Choice | null) => Promise<unknown>

/** What a move makes, as dry runs. Not that of a network: not every simulator knows it for a dry run. */
const tries: readonly (readonly [right: string, attempt: Try])[] = [
  [
    'ec2:RunInstances',
    async ({ client, signal }, image) =>
      await client.send(
        new RunInstancesCommand({ ImageId: image?.id ?? 'ami-00000000', InstanceType: image?.size as _InstanceType, MinCount: 1, MaxCount: 1, DryRun: true }),
        { abortSignal: signal },
      ),
  ],
  [
    'ec2:AllocateAddress',
    async ({ client, signal }) => await client.send(new AllocateAddressCommand({ Domain: 'vpc', DryRun: true }), { abortSignal: signal }),
  ],
  [
    'ec2:CreateVolume',
    async ({ client, config, signal }) =>
      await client.send(new CreateVolumeCommand({ AvailabilityZone: config.network.zone ?? `${config.region}a`, Size: 1, DryRun: true }), {
        abortSignal: signal,
      }),
  ],
  [
    'ec2:CreateSecurityGroup',
    async ({ client, signal }) =>
      await client.send(new CreateSecurityGroupCommand({ GroupName: 'lifeboat-doctor', Description: 'made by nobody', DryRun: true }), { abortSignal: signal }),
  ],
]

async function rights(asking: Asking, image: Choice | null): Promise<readonly Found[]> {
  const found = await Promise.all(tries.map(async ([right, attempt]) => await mayDo(right, attempt, asking, image)))
  const granted = tries.filter((_, at) => found[at] === null).map(([right]) => right)
  return [...found.filter((each) => each !== null), ...(granted.length === 0 ? [] : [ok('rights', `The account may ${granted.join(', ')}.`)])]
}

/** Null: granted. A dry run that would have worked "fails" with DryRunOperation; other refusals (no default network) say nothing about the right. */
async function mayDo(right: string, attempt: Try, asking: Asking, image: Choice | null): Promise<Found | null> {
  const thrown: unknown = await attempt(asking, image).then(
    () => null,
    (reason: unknown) => reason,
  )
  asking.signal.throwIfAborted()
  const name = thrown instanceof Error ? thrown.name : 'no reason'
  if (thrown === null)
    return warning('dry-run-ignored', `${right} was carried out, although a dry run was asked for.`, 'Look what was made there; AWS itself does not do this.')
  if (name === 'DryRunOperation') return null
  if (name === 'UnauthorizedOperation') return error('rights', `The account may not ${right}.`, 'Add the right to the policy of this user or role.')
  return ok('rights-unknown', `Whether the account may ${right} is not told (${name}).`)
}

/** What an image name of a move means in this region. `id`: null: nothing. */
type Choice = { readonly image: string; readonly size: string; readonly id: string | null; readonly name: string }

async function imageChoices({ client, config, moves, signal }: Asking): Promise<readonly Choice[]> {
  const architectures = new Map(awsCatalog(config).sizes.map(({ name, architecture }) => [name, architecture]))
  const wanted = new Map(moves.map(({ to: { image, size } }) => [`${image} ${architectures.get(size)}`, { image, size }]))
  return await Promise.all(
    [...wanted.values()].map(async ({ image, size }) => {
      const query = imageOf(image, architectures.get(size) ?? 'x86_64', config.images)
      const asked =
        typeof query === 'string'
          ? { Filters: [{ Name: 'image-id', Values: [query] }] }
          : { Owners: [query.owner], Filters: [{ Name: 'name', Values: [query.name] }] }
      const { Images = [] } = await client.send(new DescribeImagesCommand(asked), { abortSignal: signal })
      const newest = Images.toSorted((one, other) => (one.CreationDate ?? '').localeCompare(other.CreationDate ?? '')).at(-1)
      return { image, size, id: newest?.ImageId ?? null, name: newest?.Name ?? '?' }
    }),
  )
}

function judgeImage({ image, id, name }: Choice, region: string): Found {
  if (id !== null) return ok('image', `The image ${image} is ${id} (${name}).`)
  return error('image-missing', `No image in ${region} is what ${image} means.`, 'Name another one, or list it under images: of this provider.')
}

async function sizes({ client, config, moves, signal }: Asking): Promise<readonly Found[]> {
  const wanted = [...new Set(moves.map(({ to }) => to.size))]
  if (wanted.length === 0) return []
  const Filters = [{ Name: 'instance-type', Values: wanted }]
  const { InstanceTypeOfferings = [] } = await client.send(new DescribeInstanceTypeOfferingsCommand({ Filters }), { abortSignal: signal })
  const offered = new Set(InstanceTypeOfferings.map(({ InstanceType }): string | undefined => InstanceType))
  return wanted.map((size) =>
    offered.has(size)
      ? ok('size', `${config.region} offers ${size}.`)
      : error('size-missing', `${config.region} does not offer ${size}.`, 'Name another size in to.size.'),
  )
}

/** The quota of addresses is the one that the EC2 API itself tells; those of vCPUs stand in another service. */
async function addresses({ client, moves, signal }: Asking): Promise<readonly Found[]> {
  const name = 'vpc-max-elastic-ips'
  const { AccountAttributes = [] } = await client.send(new DescribeAccountAttributesCommand({}), { abortSignal: signal })
  const limit = Number(AccountAttributes.find(({ AttributeName }) => AttributeName === name)?.AttributeValues?.[0]?.AttributeValue)
  if (!Number.isInteger(limit)) return []
  const { Addresses = [] } = await client.send(new DescribeAddressesCommand({}), { abortSignal: signal })
  const made = new Set(Addresses.flatMap(({ Tags = [] }) => Tags.filter(({ Key }) => Key === tagKeys.move).map(({ Value }) => Value)))
  const needed = moves.filter((move) => !made.has(move.name)).length
  const left = limit - Addresses.length
  const text = `${Addresses.length} of ${limit} public addresses are in use; ${counted(needed, 'move')} still ${needed === 1 ? 'needs' : 'need'} one.`
  return [left >= needed ? ok('quota', text) : error('quota', text, 'Have the quota of elastic addresses raised, or release some.')]
}
