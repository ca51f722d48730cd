// The whole inventory of one vCenter: first where things are, then the machines, one by one as they come.
import { messageOf } from '../../core/errors.ts'
import type { Node, Notice } from '../../core/node.ts'
import type { SourceAnswer } from '../provider.ts'
import { isOfOne } from '../said.ts'
import { nodeOf } from './derive.ts'
import { displayName, placesOf } from './places.ts'
import { machineProperties, placeProperties, textOf, type VimObject } from './properties.ts'
import { detached, retrieveAll, retrieveOne, type Cut } from './retrieve.ts'
import type { Reference, Session } from './soap.ts'
import { withTags } from './tags.ts'

/** All nodes that the account may see. Fails with source-session-lost when the session ends on the way. */
export async function readInventory(session: Session, signal: AbortSignal): Promise<SourceAnswer> {
  const placeObjects: VimObject[] = []
  const gaps = new Map<string, Gap>()
  const listed = await retrieveAll(session, placeProperties, signal, (place) => {
    placeObjects.push(place)
  })
  const places = placesOf(placeObjects, session.rootFolder.id)
  // An inventory moves while it is read, and a machine can come twice: the later answer counts.
  const nodes = new Map<string, Node>()
  const retrieved = await retrieveAll(session, [machineProperties(session.apiVersion)], signal, (machine) => {
    const node = detached(nodeOf(machine, places))
    nodes.set(node.id, node)
    noteGaps(node.id, machine, gaps)
  })
  const dropped = [...listed.unknown, ...retrieved.unknown]
  for (const path of dropped) gaps.delete(`InvalidProperty ${path}`)
  const cuts: Notice[] = []
  for (const { cut } of [listed, retrieved]) if (cut !== null) cuts.push(await cutShort(session, cut, signal))
  const warnings = [...cuts, ...dropped.map((path) => notKnown(path)), ...[...gaps.values()].map(warningOf)]
  const tagged = await withTags(session.tags, [...nodes.values()].toSorted(byId), signal)
  // Machines are complete without their tags.
  return { nodes: tagged.nodes, complete: warnings.length === 0, warnings: [...warnings, ...tagged.warnings] }
}

/** What did not come, the first of it with its name, where the server gives at least that. */
async function cutShort(session: Session, { error, left }: Cut, signal: AbortSignal): Promise<Notice> {
  const names = await Promise.all(left.slice(0, 5).map((each) => titleOf(session, each, signal)))
  const more = left.length > names.length ? ` and ${left.length - names.length} more` : ''
  const why = messageOf(error)
  if (left.length === 0) return { code: 'list-cut', severity: 'warning', text: `The end of the list cannot be read, and something may be left out: ${why}` }
  return { code: 'list-cut', severity: 'warning', text: `${names.join(', ')}${more} ${left.length === 1 ? 'is' : 'are'} left out: ${why}` }
}

async function titleOf(session: Session, object: Reference, signal: AbortSignal): Promise<string> {
  try {
    const name = textOf(await retrieveOne(session, object, ['name'], { act: `name ${object.id}`, signal }), 'name')
    return name === null ? object.id : `${displayName(name)} (${object.id})`
  } catch (error) {
    if (isOfOne(error)) return object.id
    throw error
  }
}

type Gap = { readonly fault: string; readonly paths: Set<string>; readonly machines: Set<string> }

function noteGaps(id: string, machine: VimObject, gaps: Map<string, Gap>): void {
  for (const [path, fault] of machine.missing) {
    // A path that this server does not know is one fact, however many machines there are.
    const key = fault === 'InvalidProperty' ? `${fault} ${path}` : fault
    const gap = gaps.get(key) ?? { fault, paths: new Set(), machines: new Set() }
    gap.paths.add(path)
    gap.machines.add(id)
    gaps.set(key, gap)
  }
}

function warningOf({ fault, paths, machines }: Gap): Notice {
  if (fault === 'InvalidProperty') return notKnown([...paths].join(', '))
  const shown = [...machines].slice(0, 5)
  const more = machines.size > shown.length ? ` and ${machines.size - shown.length} more` : ''
  const text = `${paths.size} kinds of values of ${shown.join(', ')}${more} were not given (${fault}): ${[...paths].join(', ')}.`
  return { code: 'values-withheld', severity: 'warning', text }
}

function notKnown(path: string): Notice {
  return { code: 'property-unknown', severity: 'warning', text: `This server does not know the property ${path}; what depends on it is unknown.` }
}

const order = new Intl.Collator('en', { numeric: true })

function byId(one: Node, other: Node): number {
  return order.compare(one.id, other.id)
}
