// Retrieving properties of many objects, page by page: real vCenter answers 100 objects at a time, whatever is asked.
import { LifeboatError } from '../../core/errors.ts'
import { childOf, childrenOf, escapeXml, textAt, type XmlElement } from '../../io/xml.ts'
import { answerOf, referenceOf, referenceXml, type CallOptions, type Reference, type Session } from './soap.ts'
import { errorOf, type Fault } from './faults.ts'
import { isOfOne } from '../said.ts'
import { elementsAt, objectOf, type PropertySet, type VimObject } from './properties.ts'

const pageSize = 100

export type Retrieved = {
  /** Paths that this server does not know; they are missing in every object. */
  readonly unknown: readonly string[]
  /** Why a page after the first could not be had, and what did not come; null: all of it came. */
  readonly cut: Cut | null
}
export type Cut = { readonly error: unknown; readonly left: readonly Reference[] }

/**
 * Reads all objects of these types below the root folder and hands them over page by page, so that only one page is
 * held at a time. Fails with source-session-lost when the session ends on the way: the pages so far are then worth nothing.
 */
export async function retrieveAll(
  session: Session,
  sets: readonly PropertySet[],
  signal: AbortSignal,
  onPage: (objects: readonly VimObject[]) => void,
): Promise<Retrieved> {
  const options: CallOptions = { act: 'list what it has', signal, repeatable: true }
  const types = sets.map(({ type }) => `<type>${type}</type>`).join('')
  const inside = `${referenceXml('container', session.rootFolder)}${types}<recursive>true</recursive>`
  const view = referenceOf(childOf(await session.ask('CreateContainerView', session.viewManager, inside, options), 'returnval'))
  if (view === null) throw new LifeboatError('answer-malformed', `${session.service} made a view without a name.`)
  const viewed =
    `<objectSet>${referenceXml('obj', view)}<skip>true</skip><selectSet xsi:type="TraversalSpec"><name>view</name>` +
    '<type>ContainerView</type><path>view</path><skip>false</skip></selectSet></objectSet>'
  const came = new Set<string>()
  const noted = (objects: readonly VimObject[]): void => {
    for (const { id } of objects) came.add(id)
    onPage(objects)
  }
  const { unknown, error } = await pages(session, sets, viewed, options, noted)
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
  const { error } = await pages(session, [{ type: object.type, paths }], selected, { ...options, repeatable: true }, (objects) => {
    found = objects[0] ?? found
  })
  if (error !== null) throw error
  if (found === undefined) throw new LifeboatError('source-refused', `${session.service} has no ${object.type} ${object.id}.`)
  return found
}

type Pages = { readonly unknown: readonly string[]; readonly error: Error | null }

/** A first page that fails is thrown; a later one that is refused or unreadable ends the list. */
async function pages(
  session: Session,
  sets: readonly PropertySet[],
  selected: string,
  options: CallOptions,
  onPage: (objects: readonly VimObject[]) => void,
): Promise<Pages> {
  const first = await firstPage(session, sets, selected, options)
  let page = childOf(first.answer, 'returnval')
  for (;;) {
    const objects = objectsOf(page, first.unknown)
    if (isLostSession(objects)) throw errorOf(notAuthenticated, session.service, options.act)
    onPage(objects)
    const token = textAt(page, 'token')
    if (token === null || token === '') return { unknown: first.unknown, error: null }
    const next = await nextPage(session, token, options).catch((error: unknown) => {
      if (error instanceof Error && isOfOne(error)) return error
      throw error
    })
    if (next instanceof Error) return { unknown: first.unknown, error: next }
    page = childOf(next, 'returnval')
  }
}

type FirstPage = { readonly answer: XmlElement; readonly unknown: readonly string[] }

/** One unknown path fails the whole call on a real server, and names it: ask again without it. */
async function firstPage(session: Session, sets: readonly PropertySet[], selected: string, options: CallOptions): Promise<FirstPage> {
  const unknown: string[] = []
  for (;;) {
    const inside = `<specSet>${sets.map((set) => setXml(set, unknown)).join('')}${selected}</specSet><options><maxObjects>${pageSize}</maxObjects></options>`
    const reply = await session.call('RetrievePropertiesEx', session.propertyCollector, inside, options)
    const named = reply.fault?.type === 'InvalidProperty' ? reply.fault.property : null
    const path = named === null ? undefined : sets.flatMap(({ paths }) => paths).find((each) => isNamed(each, named) && !unknown.includes(each))
    if (path === undefined) return { answer: answerOf(reply, session.service, options.act), unknown }
    unknown.push(path)
  }
}

/** Servers name the whole path, or only its last part. */
function isNamed(path: string, named: string): boolean {
  return path === named || path.endsWith(`.${named}`)
}

function setXml({ type, paths }: PropertySet, without: readonly string[]): string {
  const asked = paths.filter((path) => !without.includes(path)).map((path) => `<pathSet>${escapeXml(path)}</pathSet>`)
  return `<propSet><type>${escapeXml(type)}</type>${asked.join('')}</propSet>`
}

async function nextPage(session: Session, token: string, options: CallOptions): Promise<XmlElement> {
  // A token is good for one use, so this call must not be sent twice.
  const once = { ...options, repeatable: false }
  const reply = await session.call('ContinueRetrievePropertiesEx', session.propertyCollector, `<token>${escapeXml(token)}</token>`, once)
  if (reply.fault !== null && deadToken.has(reply.fault.type)) throw errorOf(notAuthenticated, session.service, options.act)
  return answerOf(reply, session.service, options.act)
}

/** How servers say that a token belongs to no session of now. */
const deadToken: ReadonlySet<string> = new Set(['InvalidProperty', 'InvalidArgument', 'ManagedObjectNotFound', 'InvalidCollectorVersion'])

const notAuthenticated: Fault = { type: 'NotAuthenticated', message: '', privilege: null, property: null }

/** Some servers answer a retrieval without a session with success: every value of every object is missing for that reason. */
function isLostSession(objects: readonly VimObject[]): boolean {
  return (
    objects.length > 0 &&
    objects.every(({ given, missing }) => given.size === 0 && missing.size > 0 && [...missing.values()].every((type) => type === 'NotAuthenticated'))
  )
}

function objectsOf(page: XmlElement | null, unknown: readonly string[]): readonly VimObject[] {
  return childrenOf(page, 'objects').flatMap((element) => {
    const object = objectOf(element)
    if (object === null) return []
    if (unknown.length === 0) return [object]
    return [{ ...object, missing: new Map([...object.missing, ...unknown.map((path) => [path, 'InvalidProperty'] as const)]) }]
  })
}
