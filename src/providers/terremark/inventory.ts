// The whole inventory of an account: its organisations, their data centres, the vApps in them, and what leads customers
// to these. One thing that cannot be read is told and left out; the rest goes on.
import { LifeboatError, messageOf } from '../../core/errors.ts'
import type { Node, Notice } from '../../core/node.ts'
import { inTurns } from '../../io/in-turns.ts'
import { childOf, childrenOf, type XmlElement } from '../../io/xml.ts'
import type { SourceAnswer } from '../provider.ts'
import { isOfOne } from '../said.ts'
import { idIn, nodeOf, type Listed } from './derive.ts'
import { attribute, hrefOf, linksOf, type Link } from './elements.ts'
import { internetServicesOf, publicAddressesOf, serviceNodesOf, type Forwarding, type InternetService } from './services.ts'
import type { Call, Session } from './session.ts'

/** One virtual data centre. `links` are those of all pages of its answer. */
export type DataCentre = { readonly path: string; readonly links: readonly Link[]; readonly vapps: readonly Listed[] }
type Tell = (notice: Notice) => void

const atOnce = 4

/** All nodes that the account may see. Fails with source-session-lost when the token dies on the way. */
export async function readInventory(session: Session, signal: AbortSignal): Promise<SourceAnswer> {
  const warnings: Notice[] = []
  const tell: Tell = (notice) => void warnings.push(notice)
  const nodes: Node[] = []
  for (const centre of await dataCentresOf(session, { act: 'list what it has', signal }, tell)) {
    const forwardings = await forwardingsOf(session, centre, signal, tell)
    nodes.push(...(await inTurns(centre.vapps, atOnce, (vapp) => readNode(session, vapp, forwardings, signal, tell))))
  }
  const complete = warnings.every(({ severity }) => severity === 'info')
  return { nodes: nodes.toSorted(byId), complete, warnings: warnings.toSorted((one, other) => one.text.localeCompare(other.text)) }
}

async function readNode(session: Session, vapp: Listed, forwardings: readonly Forwarding[] | null, signal: AbortSignal, tell: Tell): Promise<Node> {
  const act = `show ${vapp.name ?? vapp.id}`
  const answer = await tolerant(session.read(vapp.path, { act, signal }), tell)
  const read = answer?.name === 'VApp' ? answer : null
  if (answer !== null && read === null) tell(missing(`${session.service} answered something else than a vApp when it was to ${act}.`))
  return nodeOf(vapp, read, forwardings)
}

/** The data centres with all vApps that they list. Fails with the first refusal when none can be read. */
export async function dataCentresOf(session: Session, call: Call, tell: Tell): Promise<readonly DataCentre[]> {
  let refusal: unknown = null
  const attempt = async <T>(work: Promise<T>): Promise<T | null> => {
    return tolerant(work, tell, (error) => (refusal ??= error))
  }
  /** An answer of something else is not an empty list. */
  const listed = async (name: string, reading: Promise<readonly XmlElement[]>): Promise<readonly XmlElement[]> => {
    const pages = await reading
    const other = pages.find((page) => page.name !== name)
    if (other === undefined) return pages
    throw new LifeboatError('answer-malformed', `${session.service} answered ${other.name} in place of ${name}: something else answers there.`)
  }
  const centres: DataCentre[] = []
  const seen = new Set<string>()
  for (const org of session.orgs) {
    const pages = (await attempt(listed('Org', session.pages(org.path, call, cutShort(org.path, tell))))) ?? []
    for (const link of pages.flatMap(linksOf).filter(isDataCentre)) {
      if (seen.has(link.path)) continue
      seen.add(link.path)
      const answers = await attempt(listed('Vdc', session.pages(link.path, call, cutShort(link.path, tell))))
      if (answers !== null) centres.push(dataCentreOf(link, answers, org.name))
    }
  }
  if (centres.length === 0 && refusal !== null) throw refusal
  return unambiguous(centres)
}

/** A vApp that two data centres list comes once. Where two share the last part of their addresses, all of it is the id. */
function unambiguous(centres: readonly DataCentre[]): readonly DataCentre[] {
  const vapps = new Map(centres.flatMap((centre) => centre.vapps.map((vapp) => [vapp.path, { centre, vapp }])))
  const all = [...vapps.values()]
  const ofId = Map.groupBy(all, ({ vapp }) => vapp.id)
  const isShared = (id: string): boolean => (ofId.get(id)?.length ?? 0) > 1
  return centres.map((centre) => ({
    ...centre,
    vapps: all.flatMap((each) => (each.centre === centre ? [isShared(each.vapp.id) ? { ...each.vapp, id: each.vapp.path } : each.vapp] : [])),
  }))
}

function isDataCentre({ type, path }: Link): boolean {
  return type === 'application/vnd.vmware.vcloud.vdc+xml' || (type === '' && /\/vdc\/[^/]+$/i.test(path))
}

/** A data centre out of the pages of its answer; `link` is what led to it, `org` the name of its organisation. */
export function dataCentreOf(link: Pick<Link, 'path' | 'name'>, pages: readonly XmlElement[], org: string): DataCentre {
  const name = link.name ?? attribute(pages[0] ?? null, 'name') ?? link.path
  const vapps = new Map<string, Listed>()
  for (const entity of pages.flatMap((page) => childrenOf(childOf(page, 'ResourceEntities'), 'ResourceEntity'))) {
    const path = hrefOf(entity)
    // Templates and media stand in the same list.
    if (path === null || !isVApp(attribute(entity, 'type'), path)) continue
    vapps.set(path, { id: idIn(path) ?? path, name: attribute(entity, 'name'), path, place: [org, name] })
  }
  return { path: link.path, links: pages.flatMap(linksOf), vapps: [...vapps.values()] }
}

function isVApp(type: string | null, path: string): boolean {
  return type === null ? /\/vapp\/[^/]+$/i.test(path) : type === 'application/vnd.vmware.vcloud.vApp+xml'
}

/** What leads from public addresses to machines of a data centre; null when that could not be read. */
async function forwardingsOf(session: Session, centre: DataCentre, signal: AbortSignal, tell: Tell): Promise<readonly Forwarding[] | null> {
  const path = centre.links.find((link) => /\/internetServices$/i.test(link.path))?.path
  if (path === undefined) return null
  const lists = await tolerant(session.pages(path, { act: 'list internet services', signal }, cutShort(path, tell)), tell)
  if (lists === null) return null
  const services = lists.flatMap(internetServicesOf)
  await tellUnused(session, centre, services, signal, tell)
  const nodes = await inTurns(services, atOnce, async (service) => nodesOfService(session, service, signal, tell))
  return nodes.includes(null) ? null : nodes.flatMap((forwardings) => forwardings ?? [])
}

/** The clients of its time asked at two addresses: `nodeServices` (jclouds) and `nodes` (fog). The first that is there counts. */
async function nodesOfService(session: Session, service: InternetService, signal: AbortSignal, tell: Tell): Promise<readonly Forwarding[] | null> {
  if (service.path === null) {
    tell(missing(`Internet service ${service.name ?? service.id ?? 'without a name'} has no address, so what is behind it is not known.`))
    return null
  }
  const call = { act: `list what is behind internet service ${service.name ?? service.path}`, signal }
  const { path } = service
  const cut = cutShort(path, tell)
  const first = session.pages(`${path}/nodeServices`, call, cut).catch(async (error: unknown) => {
    if (statusOf(error) === 404) return session.pages(`${path}/nodes`, call, cut)
    throw error
  })
  const lists = await tolerant(first, tell)
  return lists?.flatMap(serviceNodesOf).map((node) => ({ service, node })) ?? null
}

/** A public address that leads nowhere is no part of a move, and worth knowing: it is paid for. */
async function tellUnused(session: Session, centre: DataCentre, services: readonly InternetService[], signal: AbortSignal, tell: Tell): Promise<void> {
  const path = centre.links.find((link) => /\/publicIps$/i.test(link.path))?.path
  const lists = path === undefined ? null : await tolerant(session.pages(path, { act: 'list public addresses', signal }, cutShort(path, tell)), tell)
  for (const { address } of lists?.flatMap(publicAddressesOf) ?? []) {
    if (address === null || services.some(({ publicAddress }) => publicAddress === address)) continue
    tell({ code: 'public-address-unused', severity: 'info', text: `No internet service uses the public address ${address}.` })
  }
}

/** Refused, not there or not readable: told, and null. Everything else ends the reading. */
async function tolerant<T>(work: Promise<T>, tell: Tell, note: (error: unknown) => void = () => undefined): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (!isOfOne(error)) throw error
    note(error)
    tell(missing(messageOf(error)))
    return null
  }
}

/** The HTTP status with which a service refused, or null for any other failure. */
export function statusOf(error: unknown): number | null {
  const details: unknown = typeof error === 'object' && error !== null && 'details' in error ? error.details : null
  return typeof details === 'object' && details !== null && 'status' in details && typeof details.status === 'number' ? details.status : null
}

/** Pages after the first that cannot be had: how many there are is not said anywhere. */
function cutShort(path: string, tell: Tell): (error: unknown) => void {
  return (error) => tell({ code: 'list-cut', severity: 'warning', text: `The list ${path} ends early, the rest of it is left out: ${messageOf(error)}` })
}

function missing(text: string): Notice {
  return { code: 'answer-missing', severity: 'warning', text }
}

function byId(one: Node, other: Node): number {
  return one.id.localeCompare(other.id, 'en', { numeric: true })
}
