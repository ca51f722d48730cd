// Pulling and plugging the network cables of a machine: the fence that loses nothing. The section goes back as it came,
// to the letter, with nothing but the state of its cables changed.
import { LifeboatError } from '../../core/errors.ts'
import { childrenOf, textAt, type XmlElement } from '../../io/xml.ts'
import { readBack } from '../read-back.ts'
import { isOfOne } from '../said.ts'
import { boolean, integer, readAnswer } from './answer.ts'
import { readMark, writeMark } from './marks.ts'
import { placeOf } from './power.ts'
import type { Answer, Asking, Session } from './session.ts'
import { runTask } from './tasks.ts'

export type Cables = 'connected' | 'disconnected'

const type = 'application/vnd.vmware.vcloud.networkConnectionSection+xml'

/**
 * Connects or disconnects all cards in one change and reads it back. Which cards were connected before is noted in the
 * machine's metadata for as long as it is cut off; connecting brings back those, or all when there is no note.
 */
export async function setNetwork(session: Session, id: string, wanted: Cables, signal: AbortSignal): Promise<void> {
  const asking: Asking = { act: `${wanted === 'connected' ? 'connect' : 'disconnect'} the network of ${id}`, signal }
  const section = await readSection(session, id, asking)
  const cards = cablesIn(section.root)
  const noted = await readNote(session, id, asking)
  if (wanted === 'connected') {
    await change(session, id, section, broughtBack(cards, noted), asking)
    if (noted.length > 0) await writeNote(session, id, [], asking)
    return
  }
  const plugged = pluggedIn(cards)
  if (plugged.length === 0) return
  // Somebody may have plugged one in again since it was cut off: the others are not forgotten.
  await writeNote(session, id, [...noted, ...plugged], asking)
  await change(session, id, section, allOut(cards), asking)
}

async function change(session: Session, id: string, section: Answer, target: CableStates, asking: Asking): Promise<void> {
  if (agree(cablesIn(section.root), target)) return
  const xml = rewritten(section.text, target)
  if (!agree(cablesIn(readAnswer(xml, session.service)), target)) {
    throw new LifeboatError('source-refused', `${session.service} describes the cards of ${id} in a way that Lifeboat does not dare to change.`)
  }
  await runTask(session, placeOfCards(id), { ...asking, method: 'PUT', body: { type, xml } })
  await readBack({ service: session.service, ...asking }, async () => agree(cablesIn((await readSection(session, id, asking)).root), target))
}

/** Whether no card is connected. A machine without cards is cut off. */
export async function isCutOff(session: Session, id: string, signal: AbortSignal): Promise<boolean> {
  const section = await readSection(session, id, { act: `show the network of ${id}`, signal })
  return [...cablesIn(section.root).values()].every((connected) => connected === false)
}

function placeOfCards(id: string): string {
  return `${placeOf(id)}/networkConnectionSection/`
}

async function readSection(session: Session, id: string, { act, signal }: Asking): Promise<Answer> {
  const answer = await session.ask(placeOfCards(id), { act, signal })
  // Not shown is not the same as no cards: a fence that believed so would be none.
  if (answer.root.name !== 'NetworkConnectionSection') {
    throw new LifeboatError('source-refused', `${session.service} does not show the network of ${id}, so it cannot ${act}.`)
  }
  return answer
}

/** By the index of the card, whether it is connected; null when that is not said. */
type CableStates = ReadonlyMap<number, boolean | null>

function cablesIn(section: XmlElement): CableStates {
  const cards = childrenOf(section, 'NetworkConnection')
  return new Map(cards.map((card, place) => [integer(textAt(card, 'NetworkConnectionIndex')) ?? place, boolean(textAt(card, 'IsConnected'))]))
}

function agree(one: CableStates, other: CableStates): boolean {
  return one.size === other.size && [...one].every(([index, connected]) => connected === other.get(index))
}

function allOut(cards: CableStates): CableStates {
  return new Map([...cards.keys()].map((index) => [index, false]))
}

function broughtBack(cards: CableStates, noted: readonly number[]): CableStates {
  const known = [...cards.keys()].some((index) => noted.includes(index))
  return new Map([...cards.keys()].map((index) => [index, known ? noted.includes(index) : true]))
}

function pluggedIn(cards: CableStates): readonly number[] {
  return [...cards].flatMap(([index, connected]) => (connected === false ? [] : [index]))
}

/** Cards that were connected before the machine was cut off. */
async function readNote(session: Session, id: string, asking: Asking): Promise<readonly number[]> {
  const note = await readMark(session, id, 'lifeboat.network', asking).catch(nullIfRefused)
  return (note ?? '').split(' ').flatMap((part) => integer(part) ?? [])
}

/** The fence matters more than the note: an account that may not write metadata gets all its cards back. */
async function writeNote(session: Session, id: string, indexes: readonly number[], asking: Asking): Promise<void> {
  await writeMark(session, id, 'lifeboat.network', [...new Set(indexes)].join(' '), asking).catch(nullIfRefused)
}

function nullIfRefused(error: unknown): null {
  if (isOfOne(error)) return null
  throw error
}

/** Each card of the section, with whatever prefix, and in it the text of `IsConnected`. */
const card = /<((?:[\w.-]+:)?)NetworkConnection(?:\s[^>]*)?>[\s\S]*?<\/\1NetworkConnection\s*>/g
const indexText = /<(?:[\w.-]+:)?NetworkConnectionIndex(?:\s[^>]*)?>\s*(\d+)\s*</
const cable = /(<(?:[\w.-]+:)?IsConnected(?:\s[^>]*)?>)\s*\w*\s*(<\/)/

function rewritten(section: string, wanted: CableStates): string {
  let place = 0
  return section.replaceAll(card, (text) => {
    const index = integer(indexText.exec(text)?.[1]) ?? place
    place += 1
    return text.replace(cable, (_, before: string, after: string) => `${before}${wanted.get(index) === true}${after}`)
  })
}
