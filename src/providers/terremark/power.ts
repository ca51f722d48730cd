// Switching a vApp. Everything is read first, done only when needed, and read back.
import { codeOf, LifeboatError } from '../../core/errors.ts'
import type { XmlElement } from '../../io/xml.ts'
import { readBack, shows } from '../read-back.ts'
import { isUndeployed, powerOf, type Listed } from './derive.ts'
import { dataCentresOf, statusOf } from './inventory.ts'
import type { Call, Session } from './session.ts'
import { runOrder } from './tasks.ts'

/** How long a guest has to shut down, and a finished order to show. */
export type Patience = { readonly guestMs: number; readonly readBackMs: number }

const usual: Patience = { guestMs: 120_000, readBackMs: 60_000 }

/** Brings a vApp's power to what is wanted. Off asks the guest first, and cuts the power when it does not obey. Fails with source-refused. */
export async function setPower(session: Session, id: string, wanted: 'on' | 'off', signal: AbortSignal, patience = usual): Promise<void> {
  const call: Call = { act: `${wanted === 'on' ? 'start' : 'stop'} ${id}`, signal }
  const { path } = await findVApp(session, id, call)
  const vapp = await session.read(path, call)
  if (powerOf(vapp) === wanted) return
  if (wanted === 'on') await start(session, path, vapp, call)
  else await stop(session, path, vapp, call, patience.guestMs)
  await readBack({ service: session.service, ...call }, isThere(session, path, wanted, call), patience.readBackMs)
}

/** An id is looked up, never made into an address: only what the account lists is touched. */
async function findVApp(session: Session, id: string, call: Call): Promise<Listed> {
  const gaps: string[] = []
  const centres = await dataCentresOf(session, call, ({ text }) => void gaps.push(text))
  const found = centres.flatMap(({ vapps }) => vapps).find((vapp) => vapp.id === id)
  if (found !== undefined) return found
  throw new LifeboatError('source-refused', `${session.service} lists no vApp ${id} for this account.${gaps.map((gap) => ` ${gap}`).join('')}`)
}

async function start(session: Session, path: string, vapp: XmlElement, call: Call): Promise<void> {
  if (isUndeployed(vapp)) await order(session, `${path}/action/deploy`, call)
  await order(session, `${path}/power/action/powerOn`, call)
}

async function stop(session: Session, path: string, vapp: XmlElement, call: Call, guestMs: number): Promise<void> {
  if (powerOf(vapp) === 'suspended') {
    const sentence = `${session.service} would lose the memory of ${path} with a power-off, because it is suspended. Resume it or power it off there.`
    throw new LifeboatError('source-refused', sentence)
  }
  if ((await asked(session, path, call)) && (await shows(isThere(session, path, 'off', call), guestMs, call.signal))) return
  await firstOffered(
    cuts.map((cut) => `${path}/${cut}`),
    session,
    call,
  )
}

/** How power is cut: fog wrote `powerOff`, libcloud `poweroff`, and services without either undeploy. (Not all have that.) */
const cuts = ['power/action/powerOff', 'power/action/poweroff', 'action/undeploy'] as const

/** Gives the first order that the service knows. Fails with its word on the first one when it knows none. */
async function firstOffered(paths: readonly string[], session: Session, call: Call): Promise<void> {
  let refusal: unknown = null
  for (const path of paths) {
    try {
      return await order(session, path, call)
    } catch (error) {
      if (!isNotOffered(error)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

/** Asks the guest to shut down. Without tools in it nobody hears that, and the service may say so. */
async function asked(session: Session, path: string, call: Call): Promise<boolean> {
  try {
    await order(session, `${path}/power/action/shutdown`, call)
    return true
  } catch (error) {
    if (codeOf(error) !== 'source-refused' || statusOf(error) === 403) throw error
    return false
  }
}

/** Somebody else may be bringing it there already (409): the read-back decides. */
async function order(session: Session, path: string, call: Call): Promise<void> {
  try {
    await runOrder(session, path, call)
  } catch (error) {
    if (statusOf(error) !== 409) throw error
  }
}

function isNotOffered(error: unknown): boolean {
  return [404, 405, 501].includes(statusOf(error) ?? 0)
}

function isThere(session: Session, path: string, wanted: 'on' | 'off', call: Call): () => Promise<boolean> {
  return async () => powerOf(await session.read(path, call)) === wanted
}
