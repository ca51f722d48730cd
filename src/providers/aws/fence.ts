// Cutting an instance off: a group that lets nothing in or out takes the place of its own on every network card, and the
// instance stops. The group alone would not do: EC2 lets connections that it tracks go on under a new one.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
import {
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  ModifyNetworkInterfaceAttributeCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  type EC2Client,
  type Instance,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import type { Fence } from '../../core/fence.ts'
import { LifeboatError } from '../../core/errors.ts'
import { waitUntil } from '../../io/wait.ts'
import { callFailure } from './failures.ts'
import { tagKeys } from './tags.ts'

const groupName = 'lifeboat-fence'
const stoppedWithinMs = 300_000
/** What a tag may hold. */
const longestTag = 255

/** The fence of one account and region. `everyMs`: between two looks whether an instance has stopped. */
export function awsFence(client: EC2Client, everyMs = 2000): Fence {
  const guarded = async <T>(what: string, signal: AbortSignal, run: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    try {
      return await run({ abortSignal: signal })
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof LifeboatError) throw error
      throw callFailure(what, error)
    }
  }
  const read = async (id: string, signal: AbortSignal): Promise<Instance> =>
    await guarded(`about ${id}`, signal, async (options) => {
      const { Reservations = [] } = await client.send(new DescribeInstancesCommand({ InstanceIds: [id] }), options)
      const [instance] = Reservations.flatMap(({ Instances = [] }) => Instances)
      if (instance === undefined) throw new LifeboatError('target-refused', `AWS knows no instance ${id}.`)
      return instance
    })
  const isFenced = async (id: string, signal: AbortSignal): Promise<boolean> => {
    const instance = await read(id, signal)
    if (isGone(instance)) return true
    const group = await groupOf(client, instance, signal, guarded)
    return isOff(instance) && group !== null && isShut(group) && cardsOf(instance).every(({ groups }) => groups.join() === group.GroupId)
  }
  return {
    isFenced,
    fence: async (id, signal) => {
      const instance = await read(id, signal)
      if (isGone(instance)) return `${id} is terminated.`
      await guarded(`to isolate ${id}`, signal, async (options) => {
        const group = (await groupOf(client, instance, signal, guarded)) ?? (await makeGroup(client, instance, options))
        await shut(client, group, options)
        await noteGroups(client, instance, group, options)
        for (const { id: card } of cardsOf(instance)) {
          await client.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: card, Groups: [group.GroupId ?? ''] }), options)
        }
        if (!isOff(instance)) await client.send(new StopInstancesCommand({ InstanceIds: [id], Force: true }), options)
      })
      const stopped = async () => (isOff(await read(id, signal)) ? true : null)
      await waitUntil(stopped, { what: `The stop of ${id}`, deadlineMs: stoppedWithinMs, everyMs, signal })
      if (!(await isFenced(id, signal))) throw new LifeboatError('target-refused', `AWS took the order to isolate ${id}, but that does not show.`)
      return `${id} has stopped, and its network cards are in ${groupName}, which lets nothing in or out.`
    },
    unfence: async (id, signal) => {
      const instance = await read(id, signal)
      const noted = notedGroups(instance)
      await guarded(`to bring ${id} back`, signal, async (options) => {
        for (const { id: card, groups } of noted) {
          await client.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: card, Groups: [...groups] }), options)
        }
        await client.send(new StartInstancesCommand({ InstanceIds: [id] }), options)
        await client.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: tagKeys.fencedGroups }] }), options)
      })
    },
    close: async () => {
      client.destroy()
      await Promise.resolve()
    },
  }
}

type Options = { readonly abortSignal: AbortSignal }
type Card = { readonly id: string; readonly groups: readonly string[] }

function cardsOf({ NetworkInterfaces = [] }: Instance): Card[] {
  return NetworkInterfaces.map(({ NetworkInterfaceId = '', Groups = [] }) => ({ id: NetworkInterfaceId, groups: Groups.map(({ GroupId = '' }) => GroupId) }))
}

function isOff({ State }: Instance): boolean {
  return State?.Name === 'stopped' || State?.Name === 'terminated'
}

function isGone({ State }: Instance): boolean {
  return State?.Name === 'terminated'
}

function isShut({ IpPermissions = [], IpPermissionsEgress = [] }: SecurityGroup): boolean {
  return IpPermissions.length === 0 && IpPermissionsEgress.length === 0
}

async function groupOf(
  client: EC2Client,
  { VpcId = '' }: Instance,
  signal: AbortSignal,
  guarded: <T>(what: string, signal: AbortSignal, run: (options: Options) => Promise<T>) => Promise<T>,
): Promise<SecurityGroup | null> {
  const Filters = [
    { Name: 'group-name', Values: [groupName] },
    { Name: 'vpc-id', Values: [VpcId] },
  ]
  const { SecurityGroups = [] } = await guarded(
    `about ${groupName}`,
    signal,
    async (options) => await client.send(new DescribeSecurityGroupsCommand({ Filters }), options),
  )
  return SecurityGroups[0] ?? null
}

/** Shared by all fenced nodes of a network, so two may make it at once: the second finds it. */
async function makeGroup(client: EC2Client, { VpcId }: Instance, options: Options): Promise<SecurityGroup> {
  const { GroupId = '' } = await client.send(
    new CreateSecurityGroupCommand({ GroupName: groupName, Description: 'Lifeboat: nothing in, nothing out', VpcId }),
    options,
  )
  const { SecurityGroups = [] } = await client.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }), options)
  const [group] = SecurityGroups
  if (group === undefined) throw new LifeboatError('target-refused', `AWS made the group ${GroupId}, but does not show it.`)
  return group
}

/** A new group lets everything out; one that somebody opened is shut again. */
async function shut(client: EC2Client, { GroupId, IpPermissions = [], IpPermissionsEgress = [] }: SecurityGroup, options: Options): Promise<void> {
  if (IpPermissions.length > 0) await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }), options)
  if (IpPermissionsEgress.length > 0) await client.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: IpPermissionsEgress }), options)
}

/** On the instance itself, before the first card is changed; a repeat keeps what was noted first. */
async function noteGroups(client: EC2Client, instance: Instance, group: SecurityGroup, options: Options): Promise<void> {
  if (notedGroups(instance).length > 0) return
  const Value = cardsOf(instance)
    .filter(({ groups }) => groups.join() !== group.GroupId)
    .map(({ id, groups }) => `${id}=${groups.join('+')}`)
    .join(' ')
  // The fence matters more than the note: without it a person puts the groups back.
  if (Value === '' || Value.length > longestTag) return
  await client.send(new CreateTagsCommand({ Resources: [instance.InstanceId ?? ''], Tags: [{ Key: tagKeys.fencedGroups, Value }] }), options)
}

function notedGroups({ Tags = [] }: Instance): Card[] {
  const noted = Tags.find(({ Key }) => Key === tagKeys.fencedGroups)?.Value ?? ''
  return noted.split(' ').flatMap((part) => {
    const [id = '', groups = ''] = part.split('=')
    return groups === '' ? [] : [{ id, groups: groups.split('+') }]
  })
}
