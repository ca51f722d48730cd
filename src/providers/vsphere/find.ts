// What an interrupted create left behind, and the mark of a machine that holds data.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { childOf, escapeXml, textAt } from '../../io/xml.ts'
import type { Outputs, Pending } from '../provider.ts'
import { errorOf } from './faults.ts'
import { machineOf } from './power.ts'
import { elementsAt } from './properties.ts'
import { retrieveOne } from './retrieve.ts'
import { referenceOf, referenceXml, type CallOptions, type Reference, type Session } from './soap.ts'
import { runTask } from './tasks.ts'

/**
 * Target.find for vSphere. Names are unique in a folder and on a datastore, and a vCenter is consistent: one look is
 * enough. A machine that exists already fails with provision-failed: the plugin cannot take over one whose devices it has
 * not numbered itself, and to make a second one would be worse.
 */
export async function findPending(session: Session, datacenter: string, pending: Pending, signal: AbortSignal): Promise<string | null> {
  const options: CallOptions = { act: `say whether ${pending.name} exists`, signal, repeatable: true }
  switch (pending.type) {
    case 'vsphere:index/folder:Folder': {
      const { path } = z.object({ path: z.string() }).parse(pending.inputs)
      return (await atPath(session, `${datacenter}/vm/${path}`, options))?.id ?? null
    }
    case 'vsphere:index/virtualDisk:VirtualDisk': {
      const { datastore, vmdkPath } = z.object({ datastore: z.string(), vmdkPath: z.string() }).parse(pending.inputs)
      return (await diskExists(session, datacenter, `[${datastore}] ${vmdkPath}`, options)) ? vmdkPath : null
    }
    case 'vsphere:index/virtualMachine:VirtualMachine': {
      const { folder, name } = z.object({ folder: z.string(), name: z.string() }).parse(pending.inputs)
      const machine = await atPath(session, `${datacenter}/vm/${folder}/${name}`, options)
      if (machine === null) return null
      throw new LifeboatError(
        'provision-failed',
        `The machine ${name} (${machine.id}) exists in ${folder}, and its create was never confirmed. Take it out of the vCenter's inventory (not: delete it, its data disk would go too), then run this again.`,
      )
    }
    default:
      throw new LifeboatError('provision-failed', `Whether ${pending.name} exists cannot be found out: ${pending.type} is not known here.`)
  }
}

async function atPath(session: Session, path: string, options: CallOptions): Promise<Reference | null> {
  const index = session.manager('searchIndex')
  if (index === null) throw new LifeboatError('answer-malformed', `${session.service} has no search index.`)
  return referenceOf(childOf(await session.ask('FindByInventoryPath', index, `<inventoryPath>${escapeXml(path)}</inventoryPath>`, options), 'returnval'))
}

async function diskExists(session: Session, datacenter: string, path: string, options: CallOptions): Promise<boolean> {
  const [manager, place] = [session.manager('virtualDiskManager'), await atPath(session, datacenter, options)]
  if (manager === null || place === null) throw new LifeboatError('provision-failed', `${session.service} has no datacenter ${datacenter} with disks.`)
  const inside = `<name>${escapeXml(path)}</name>${referenceXml('datacenter', place)}`
  const { fault } = await session.call('QueryVirtualDiskUuid', manager, inside, options)
  // One that a running machine holds is locked.
  if (fault === null || fault.type === 'FileLocked') return true
  if (fault.type === 'FileNotFound') return false
  throw errorOf(fault, session.service, options.act)
}

/** Keys of our own in the configuration of a machine; the engine's plugin looks at those that it set alone. */
const holdsDataKey = 'lifeboat.holdsData'
const outputsSchema = z.object({ instanceId: z.string().nullish() })

/** Target.markHoldsData for vSphere. */
export async function markHoldsData(session: Session, outputs: Outputs, signal: AbortSignal): Promise<void> {
  const { instanceId } = outputsSchema.parse(outputs)
  if (instanceId === null || instanceId === undefined) throw new LifeboatError('provision-failed', 'There is no machine to mark as holding data.')
  const options: CallOptions = { act: `mark ${instanceId} as holding data`, signal }
  const value = `<value xsi:type="xsd:string">yes</value>`
  const spec = `<spec><extraConfig xsi:type="OptionValue"><key>${holdsDataKey}</key>${value}</extraConfig></spec>`
  const fault = await runTask(session, 'ReconfigVM_Task', machineOf(instanceId), spec, options)
  if (fault !== null) throw errorOf(fault, session.service, options.act)
  if (!(await holdsData(session, outputs, signal))) {
    throw new LifeboatError('target-refused', `The mark that ${instanceId} holds data was accepted, but is not there.`)
  }
}

/** Target.holdsData for vSphere. */
export async function holdsData(session: Session, outputs: Outputs, signal: AbortSignal): Promise<boolean> {
  const { instanceId } = outputsSchema.parse(outputs)
  if (instanceId === null || instanceId === undefined) return false
  const options: CallOptions = { act: `say whether ${instanceId} holds data`, signal }
  const machine = await retrieveOne(session, machineOf(instanceId), ['config.extraConfig'], options).catch((error: unknown) => {
    if (isGone(error)) return null
    throw error
  })
  return (
    machine !== null && elementsAt(machine, 'config.extraConfig').some((option) => textAt(option, 'key') === holdsDataKey && textAt(option, 'value') === 'yes')
  )
}

function isGone(error: unknown): boolean {
  return error instanceof LifeboatError && error.details.fault === 'ManagedObjectNotFound'
}
