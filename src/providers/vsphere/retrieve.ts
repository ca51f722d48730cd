// Retrieving properties of many objects, page by page: real vCenter answers 100 objects at a time, whatever is asked.
import { LifeboatError } from '../../core/errors.ts'
import { childOf, escapeXml, type XmlElement } from '../../io/xml.ts'
import { answerOf, referenceOf, referenceXml, type CallOptions, type Reference, type Reply, type Session } from './soap.ts'
import { errorOf, type Fault } from './faults.ts'
import { isOfOne } from '../said.ts'
import { elementsAt, objectOf, type PropertySet, type VimObject } from './properties.ts'

const pageSize = 100

type TakeObject = (object: VimObject) => void

export type Retrieved = {
  /** Paths that this server does not know; they are missing in every object. */
  readonly unknown: readonly string[]
  /** Why a page after the first could not be had, and what did not come; null: all of it came. */
  readonly cut: Cut | null
}
export type Cut = { readonly error: unknown; readonly left: readonly Reference[] }

/**
 * Reads all objects of these types below the root folder and hands them over one by one, so that only the text of one
 * page and one object are held at a time. Fails with source-session-lost when the session ends on the way: the objects
 * so far are then worth nothing.
 */
export async function retrieveAll(session: Session, sets: readonly PropertySet[], signal: AbortSignal, onObject: TakeObject): Promise<Retrieved> {
  const options: CallOptions = { act: 'list what it has', signal, repeatable: true }
  const types = sets.map(({ type }) => `<type>${type}</type>`).join('')
  const inside = `${referenceXml('container', session.rootFolder)}${types}<recursive>true</recursive>`
  const view = referenceOf(childOf(await session.ask('CreateContainerView', session.viewManager, inside, options), 'returnval'))
  if (view === null) throw new LifeboatError('answer-malformed', `${session.service} made a view without a name.`)
  const viewed =
    `<objectSet>${referenceXml('obj', view)}<skip>true</skip><selectSet xsi:type="TraversalSpec"><name>view</name>` +
    '<type>ContainerView</type><path>view</path><skip>false</skip></selectSet></objectSet>'
  const came = new Set<string>()
  const { unknown, error } = await retrieve(session, sets, viewed, options, (object) => {
    came.add(detached(object.id))
    onObject(object)
  })
  const cut = error === null ? null : { error, left: (await membersOf(session, view, options)).filter(({ id }) => !came.has(id)) }
  // After a failure it is left: it ends with the session, and a server that just failed is not asked for more.
  await session.call('DestroyView', view, '', options)
  return { unknown, cut }
}

/** All that a view holds: ids alone, in one answer. */
async function membersOf(session: Session, view: Reference, options: CallOptions): Promise<readonly Reference[]> {
  return elementsAt(await retrieveOne(session, view, ['view'], options), 'view').flatMap((member) => referenceOf(member) ?? [])
}

/** Reads properties of one object. Fails with source-refused when the object is gone. */
export async function retrieveOne(session: Session, object: Reference, paths: readonly string[], options: CallOptions): Promise<VimObject> {
  let found: VimObject | undefined
  const selected = `<objectSet>${referenceXml('obj', object)}</objectSet>`
  const { error } = await retrieve(session, [{ type: object.type, paths }], selected, { ...options, repeatable: true }, (one) => {
    found ??= one
  })
  if (error !== null) throw error
  if (found === undefined) throw new LifeboatError('source-refused', `${session.service} has no ${object.type} ${object.id}.`)
  return found
}

/** A text that was cut out of a page holds the whole page in memory; a copy does not. */
export function detached<T>(value: T): T {
  return structuredClone(value)
}

type Pages = { readonly unknown: readonly string[]; readonly error: Error | null }

/** A first page that fails is thrown; a later one that is refused or unreadable ends the list. */
async function retrieve(session: Session, sets: readonly PropertySet[], selected: string, options: CallOptions, onObject: TakeObject): Promise<Pages> {
  const pages = pagesOf(session, options, onObject)
  try {
    for (;;) {
      const inside = `<specSet>${sets.map((set) => setXml(set, pages.unknown)).join('')}${selected}</specSet><options><maxObjects>${pageSize}</maxObjects></options>`
      const first = pages.ask('RetrievePropertiesEx', inside, options)
      const path = unknownPath(await first.reply, sets, pages.unknown)
      if (path === null) {
        return { unknown: pages.unknown, error: await pages.readOn(first) }
      }
      // One unknown path fails the whole call on a real server, and names it: ask again without it.
      pages.unknown.push(path)
    }
  } finally {
    pages.end()
  }
}

function unknownPath(reply: Reply, sets: readonly PropertySet[], unknown: readonly string[]): string | null {
  const named = reply.fault?.type === 'InvalidProperty' ? reply.fault.property : null
  return (named === null ? undefined : sets.flatMap(({ paths }) => paths).find((each) => isNamed(each, named) && !unknown.includes(each))) ?? null
}

type Page = { readonly reply: Promise<Reply>; next: Page | null; objects: number; unauthenticated: number }

/**
 * Pages of one retrieval. The next one is asked for as soon as the token of this one is read, which comes first in it:
 * so the server works on the one while we read the other.
 */
function pagesOf(session: Session, options: CallOptions, onObject: TakeObject) {
  const unknown: string[] = []
  let ended = false

  const ask = (method: string, inside: string, how: CallOptions): Page => {
    const take = (part: XmlElement): boolean => {
      if (part.name === 'objects') takeObject(part, page)
      // A token is good for one use, so this call must not be sent twice.
      else if (part.name === 'token' && part.text !== '' && !ended)
        page.next = ask('ContinueRetrievePropertiesEx', `<token>${escapeXml(part.text)}</token>`, { ...how, repeatable: false, after: reply })
      return true
    }
    const reply = session.call(method, session.propertyCollector, inside, { ...how, take })
    // Whoever failed at the page before does not wait for this one.
    reply.catch(() => undefined)
    const page: Page = { reply, next: null, objects: 0, unauthenticated: 0 }
    return page
  }

  const takeObject = (element: XmlElement, page: Page): void => {
    const object = objectOf(element)
    if (object === null) return
    page.objects += 1
    if (isUnauthenticated(object)) page.unauthenticated += 1
    onObject(unknown.length === 0 ? object : { ...object, missing: new Map([...object.missing, ...unknown.map((path) => [path, 'InvalidProperty'] as const)]) })
  }

  const read = async (page: Page, isFirst: boolean): Promise<void> => {
    const reply = await page.reply
    if (!isFirst && reply.fault !== null && deadToken.has(reply.fault.type)) throw errorOf(notAuthenticated, session.service, options.act)
    answerOf(reply, session.service, options.act)
    // Some servers answer a retrieval without a session with success: every value of every object is missing for that reason.
    if (page.objects > 0 && page.objects === page.unauthenticated) throw errorOf(notAuthenticated, session.service, options.act)
  }

  /** The error of a page after the first, when it says nothing about the pages before it. */
  const readOn = async (first: Page): Promise<Error | null> => {
    let page: Page | null = first
    while (page !== null) {
      try {
        await read(page, page === first)
      } catch (error) {
        if (page !== first && error instanceof Error && isOfOne(error)) return error
        throw error
      }
      // Unlinked, or the first page would hold the text of all others in memory.
      const { next }: Page = page
      page.next = null
      page = next
    }
    return null
  }

  return { unknown, ask, readOn, end: () => void (ended = true) }
}

/** Servers name the whole path, or only its last part. */
function isNamed(path: string, named: string): boolean {
  return path === named || path.endsWith(`.${named}`)
}

function setXml({ type, paths }: PropertySet, without: readonly string[]): string {
  const asked = paths.filter((path) => !without.includes(path)).map((path) => `<pathSet>${escapeXml(path)}</pathSet>`)
  return `<propSet><type>${escapeXml(type)}</type>${asked.join('')}</propSet>`
}

/** How servers say that a token belongs to no session of now. */
const deadToken: ReadonlySet<string> = new Set(['InvalidProperty', 'InvalidArgument', 'ManagedObjectNotFound', 'InvalidCollectorVersion'])

const notAuthenticated: Fault = { type: 'NotAuthenticated', message: '', privilege: null, property: null }

function isUnauthenticated({ given, missing }: VimObject): boolean {
  return given.size === 0 && missing.size > 0 && [...missing.values()].every((type) => type === 'NotAuthenticated')
}
