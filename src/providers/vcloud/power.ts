// Switching a machine on and off. Everything is read first, done only when needed, and read back.
import { codeOf, LifeboatError } from '../../core/errors.ts'
import { childrenOf, type XmlElement } from '../../io/xml.ts'
import { readBack, shows } from '../read-back.ts'
import { attribute, boolean } from './answer.ts'
import { powerOf } from './machine.ts'
import type { Asking, Session } from './session.ts'
import { readTask, runTask, startTask, type Task } from './tasks.ts'

const shutdownMs = 120_000

/** The address of a machine, below which its actions stand. */
export function placeOf(id: string): string {
  return `/api/vApp/${encodeURIComponent(id)}`
}

/** Reads one machine. Fails with source-refused when it is gone. */
export async function readMachine(session: Session, id: string, asking: Asking): Promise<XmlElement> {
  const { root } = await session.ask(placeOf(id), { act: asking.act, signal: asking.signal })
  if (root.name !== 'Vm') throw new LifeboatError('source-refused', `${session.service} says that ${id} is a ${root.name}, not a machine.`)
  return root
}

/**
 * Brings a machine's power to what is wanted. Off asks the guest first, as long as `guestMs`, and then undeploys it: a
 * plain power-off would leave it deployed, to come back with its vApp.
 */
export async function setPower(session: Session, id: string, wanted: 'on' | 'off', signal: AbortSignal, guestMs = shutdownMs): Promise<void> {
  const asking: Asking = { act: `${wanted === 'on' ? 'start' : 'stop'} ${id}`, signal }
  const machine = await readMachine(session, id, asking)
  const power = powerOf(machine)
  if (wanted === 'on') {
    if (power === 'on') return
    await runTask(session, `${placeOf(id)}/power/action/powerOn`, asking)
  } else {
    if (power === 'off' && !isDeployed(machine)) return
    await stop(session, id, machine, asking, guestMs)
  }
  await readBack({ service: session.service, ...asking }, async () => powerOf(await readMachine(session, id, asking)) === wanted)
}

async function stop(session: Session, id: string, machine: XmlElement, asking: Asking, guestMs: number): Promise<void> {
  if (powerOf(machine) === 'suspended') {
    const sentence = `${session.service} would lose the memory of ${id} with a power-off, because it is suspended. Resume it or power it off there.`
    throw new LifeboatError('source-refused', sentence)
  }
  if (powerOf(machine) === 'on' && offers(machine, 'power:shutdown')) await askGuest(session, id, asking, guestMs)
  await runTask(session, `${placeOf(id)}/action/undeploy`, { ...asking, body: undeploy })
}

/** https://developer.broadcom.com/xapis/vmware-cloud-director-api: UndeployVAppParams; "powerOff" ends a guest that still runs. */
const undeploy = {
  type: 'application/vnd.vmware.vcloud.undeployVAppParams+xml',
  xml: '<UndeployVAppParams xmlns="http://www.vmware.com/vcloud/v1.5"><UndeployPowerAction>powerOff</UndeployPowerAction></UndeployVAppParams>',
}

/** Asks the guest to end and gives it its time. Without Tools nobody hears, and the power-off that follows does not ask. */
async function askGuest(session: Session, id: string, asking: Asking, guestMs: number): Promise<void> {
  let task: Task | null = null
  try {
    task = await startTask(session, `${placeOf(id)}/power/action/shutdown`, asking)
    let last = task
    const isOver = async (): Promise<boolean> => {
      if (powerOf(await readMachine(session, id, asking)) === 'off') return true
      if (last.state === 'running') last = await readTask(session, last, asking)
      return last.state === 'failed'
    }
    if (await shows(isOver, guestMs, asking.signal)) return
  } catch (error) {
    if (codeOf(error) !== 'source-refused') throw error
  }
  // A request that still waits for the guest would keep the machine busy.
  if (task?.href) await session.ask(`${task.href}/action/cancel`, { ...asking, method: 'POST' }).catch(() => undefined)
}

/** What a machine can do now is said by its links; what it does not offer it refuses. */
function offers(machine: XmlElement, rel: string): boolean {
  return childrenOf(machine, 'Link').some((link) => attribute(link, 'rel') === rel)
}

function isDeployed(machine: XmlElement): boolean {
  return boolean(attribute(machine, 'deployed')) === true
}
