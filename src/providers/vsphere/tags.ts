// Tags of machines, which SOAP does not tell. vCenter tells them over REST since 6.0; a single ESXi host has none.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { Node, Notice } from '../../core/node.ts'
import type { HttpConnection } from '../../io/http.ts'
import { inTurns } from '../../io/in-turns.ts'
import { textAt, type XmlElement } from '../../io/xml.ts'
import { isAtLeast } from './properties.ts'
import { openRest, type Dialect, type Rest } from './rest.ts'
import type { Login } from './soap.ts'

/** By the id of a machine, the names of its tags by the names of their categories. */
export type Tags = ReadonlyMap<string, Readonly<Record<string, string>>>
/** Null: this kind of server has none. Fails as `openRest` does. */
export type ReadTags = (ids: readonly string[], signal: AbortSignal) => Promise<Tags | null>

/** How many machines one call asks for, and how many calls run at once. */
const batch = 500
const atOnce = 4

const places: Readonly<Record<Dialect, { readonly attached: string; readonly tag: string; readonly category: string }>> = {
  api: {
    attached: '/api/cis/tagging/tag-association?action=list-attached-tags-on-objects',
    tag: '/api/cis/tagging/tag/',
    category: '/api/cis/tagging/category/',
  },
  rest: {
    attached: '/rest/com/vmware/cis/tagging/tag-association?~action=list-attached-tags-on-objects',
    tag: '/rest/com/vmware/cis/tagging/tag/id:',
    category: '/rest/com/vmware/cis/tagging/category/id:',
  },
}

/** `about` is what the server says of itself. */
export function tagsReader(http: HttpConnection, login: Login, about: XmlElement | null): ReadTags {
  const dialects = dialectsOf(textAt(about, 'apiType'), textAt(about, 'apiVersion') ?? '')
  return async (ids, signal) => {
    if (dialects.length === 0) return null
    const rest = await openRest(http, login, dialects, signal)
    try {
      return await readTags(rest, ids, login.service)
    } finally {
      await rest.close().catch(() => undefined)
    }
  }
}

function dialectsOf(kind: string | null, version: string): readonly Dialect[] {
  if (kind === 'HostAgent' || !isAtLeast(version, '6.0')) return []
  return isAtLeast(version, '7.0') ? ['api', 'rest'] : ['rest']
}

/** The nodes with their tags as labels, beside custom attributes. When tags cannot be had, labels are unknown and a warning says why. */
export async function withTags(read: ReadTags, nodes: readonly Node[], signal: AbortSignal): Promise<{ nodes: readonly Node[]; warnings: readonly Notice[] }> {
  if (nodes.length === 0) return { nodes, warnings: [] }
  try {
    const ids = nodes.map(({ id }) => id)
    const tags = await read(ids, signal)
    return { nodes: nodes.map((node) => ({ ...node, labels: merged(node.labels, tags?.get(node.id) ?? {}) })), warnings: [] }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof LifeboatError)) throw error
    const unknown = nodes.map((node) => ({ ...node, unknown: [...new Set([...node.unknown, 'labels'])].toSorted() }))
    return { nodes: unknown, warnings: [{ code: 'tags-unknown', severity: 'warning', text: `The tags of machines are unknown: ${error.message}` }] }
  }
}

/** A category may be called like an attribute; both are told. */
function merged(attributes: Readonly<Record<string, string>>, tags: Readonly<Record<string, string>>): Record<string, string> {
  const both = Object.entries(tags).map(([name, value]) => [name, Object.hasOwn(attributes, name) ? `${attributes[name]}, ${value}` : value] as const)
  return { ...attributes, ...Object.fromEntries(both) }
}

/** Becomes part of an address, so nothing else may be in it. */
const identifier = z.string().regex(/^urn:vmomi:InventoryService(?:Tag|Category):[\w.-]+:[\w.-]+$/)
/** (Some servers write null for an empty list.) */
const attachedShape = z.array(z.object({ object_id: z.object({ id: z.string() }), tag_ids: z.array(identifier).nullish() }))
const tagShape = z.object({ name: z.string(), category_id: identifier })
const categoryShape = z.object({ name: z.string() })

async function readTags({ ask, dialect }: Rest, ids: readonly string[], service: string): Promise<Tags> {
  const place = places[dialect]
  const askEach = async <T>(what: string, wanted: readonly string[], shape: z.ZodType<T>): Promise<ReadonlyMap<string, T | null>> => {
    const unique = [...new Set(wanted)]
    const answers = await inTurns(unique, atOnce, (id) => ask(`${what}${id}`, shape))
    return new Map(unique.map((id, at) => [id, answers[at] ?? null]))
  }
  const batches = Array.from({ length: Math.ceil(ids.length / batch) }, (_, at) => ids.slice(at * batch, (at + 1) * batch))
  const answers = await inTurns(batches, atOnce, async (some) => {
    const objects = some.map((id) => ({ id, type: 'VirtualMachine' }))
    const answer = await ask(place.attached, attachedShape, { object_ids: objects })
    if (answer === null) throw new LifeboatError('source-refused', `${service} does not let this account read them.`)
    return answer
  })
  const attached = answers.flat().map(({ object_id: { id }, tag_ids: tags }) => ({ id, tags: tags ?? [] }))
  const tags = await askEach(
    place.tag,
    attached.flatMap((each) => each.tags),
    tagShape,
  )
  const categories = await askEach(
    place.category,
    [...tags.values()].flatMap((tag) => tag?.category_id ?? []),
    categoryShape,
  )
  /** None for a tag that was removed meanwhile, or that this account may not see. */
  const labelOf = (id: string): readonly { readonly category: string; readonly name: string }[] => {
    const tag = tags.get(id) ?? null
    return tag === null ? [] : [{ category: categories.get(tag.category_id)?.name ?? 'tags', name: tag.name }]
  }
  return new Map(
    attached.map((machine) => {
      const labels = Map.groupBy(machine.tags.flatMap(labelOf), ({ category }) => category)
      return [
        machine.id,
        Object.fromEntries(
          [...labels].map(([category, own]) => [
            category,
            own
              .map(({ name }) => name)
              .toSorted()
              .join(', '),
          ]),
        ),
      ]
    }),
  )
}
