// Whether an instance runs.
import { DescribeInstancesCommand, type EC2Client } from '@aws-sdk/client-ec2'
import { callFailure } from './failures.ts'

/** Target.isOff for AWS. One on its way to be stopped still runs; one that AWS does not know may run elsewhere: that fails. */
export async function isOff(client: EC2Client, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { Reservations = [] } = await client.send(new DescribeInstancesCommand({ InstanceIds: [id] }), { abortSignal: signal })
    const states = Reservations.flatMap(({ Instances = [] }) => Instances.map(({ State }): string | undefined => State?.Name))
    return states.length > 0 && states.every((state) => state === 'stopped' || state === 'terminated')
  } catch (error) {
    signal.throwIfAborted()
    throw callFailure(`whether ${id} runs`, error)
  }
}
