// Pulling and plugging the network cables of a machine: the fence that loses nothing.
import { LifeboatError } from '../../core/errors.ts'
import { childOf, textAt, writeXml, type XmlElement } from '../../io/xml.ts'
import { readBack } from '../read-back.ts'
import { devicesOf, networkCards } from './devices.ts'
import { errorOf } from './faults.ts'
import { machineOf } from './power.ts'
import { booleanOf, textOf, type VimObject } from './properties.ts'
import { retrieveOne } from './retrieve.ts'
import type { CallOptions, Session } from './soap.ts'
import { runTask } from './tasks.ts'

export type Cables = 'connected' | 'disconnected'

/** Connects or disconnects all cards in one change, for now and for the next start, and reads it back. */
export async function setNetwork(session: Session, id: string, wanted: Cables, signal: AbortSignal): Promise<void> {
  const options: CallOptions = { act: `${wanted === 'connected' ? 'connect' : 'disconnect'} the network of ${id}`, signal }
  const machine = await readCards(session, id, options)
  const wrong = cardsOf(machine).filter((card) => !isAs(card, wanted, machine))
  if (wrong.length === 0) return
  const changes = wrong.map((card) => changeXml(card, wanted)).join('')
  const fault = await runTask(session, 'ReconfigVM_Task', machineOf(id), `<spec>${changes}</spec>`, options)
  if (fault !== null) throw errorOf(fault, session.service, options.act)
  await readBack({ service: session.service, ...options }, () => isNetwork(session, id, wanted, signal))
}

/** Whether all cards are as wanted. A machine without cards is both. */
export async function isNetwork(session: Session, id: string, wanted: Cables, signal: AbortSignal): Promise<boolean> {
  const machine = await readCards(session, id, { act: `show the network of ${id}`, signal })
  return cardsOf(machine).every((card) => isAs(card, wanted, machine))
}

async function readCards(session: Session, id: string, options: CallOptions): Promise<VimObject> {
  const machine = await retrieveOne(session, machineOf(id), ['config.hardware', 'runtime.powerState'], options)
  // Not shown is not the same as no cards: a fence that believed so would be none.
  if (!machine.given.has('config.hardware')) {
    throw new LifeboatError('source-refused', `${session.service} does not show the devices of ${id}, so it cannot ${options.act}.`)
  }
  return machine
}

function cardsOf(machine: VimObject): readonly XmlElement[] {
  return networkCards(devicesOf(machine))
}

function isAs(card: XmlElement, wanted: Cables, machine: VimObject): boolean {
  const atStart = booleanOf(textAt(card, 'connectable', 'startConnected'))
  const now = booleanOf(textAt(card, 'connectable', 'connected'))
  if (wanted === 'disconnected') return atStart === false && now === false
  // A machine that is off has no card connected; it will be at the start.
  return atStart === true && (now === true || textOf(machine, 'runtime.powerState') !== 'poweredOn')
}

/** The whole device is sent back: servers take what is left out of it as a wish to clear it. */
function changeXml(card: XmlElement, wanted: Cables): string {
  const is = wanted === 'connected'
  // A guest with the right to do so would plug its own cable in again.
  const cable = `<connectable><startConnected>${is}</startConnected><allowGuestControl>${is}</allowGuestControl><connected>${is}</connected></connectable>`
  const old = childOf(card, 'connectable')
  const [before, after] = split(card, old)
  const inside = `${before.map(writeXml).join('')}${cable}${after.map(writeXml).join('')}`
  const device = writeXml({ ...card, name: 'device', children: [], text: '' }).replace(/<\/device>$/, `${inside}</device>`)
  return `<deviceChange xsi:type="VirtualDeviceConfigSpec"><operation>edit</operation>${device}</deviceChange>`
}

/** The elements of a device have an order: those before `connectable` and those after it. */
function split(card: XmlElement, connectable: XmlElement | null): readonly [readonly XmlElement[], readonly XmlElement[]] {
  const first = ['key', 'deviceInfo', 'backing']
  const others = card.children.filter((child) => child !== connectable)
  return [others.filter(({ name }) => first.includes(name)), others.filter(({ name }) => !first.includes(name))]
}
