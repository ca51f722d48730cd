// What previews of the engine say that differs, by resource and property.
import type { EngineEvent as PulumiEvent, OpType } from '@pulumi/pulumi/automation/index.js'
import type { Difference, DriftKind } from '../core/drift.ts'
import { resourceOf } from './events.ts'

type Metadata = NonNullable<PulumiEvent['resOutputsEvent']>['metadata']
type Change = Difference['change']
/** The engine's own text for what it will not show. */
const hidden = '[secret]'
const longest = 80

const changes: Readonly<Record<DriftKind, Partial<Record<OpType, Change>>>> = {
  cloud: { update: 'changed', delete: 'gone', replace: 'changed' },
  code: { create: 'missing', update: 'changed', delete: 'undeclared', replace: 'replaced' },
}

/** What one event says; null: nothing that differs. Of a replacement, its parts say nothing more. */
export function differenceOf(kind: DriftKind, { resOutputsEvent: ended }: PulumiEvent): { readonly urn: string; readonly difference: Difference } | null {
  const change = ended === undefined ? undefined : changes[kind][ended.metadata.op]
  // The stack itself and the providers are the engine's own business.
  if (ended === undefined || change === undefined || ended.metadata.type.startsWith('pulumi:')) return null
  const { urn } = ended.metadata
  return { urn, difference: { kind, resource: resourceOf(urn), change, properties: propertiesOf(kind, ended.metadata) } }
}

function propertiesOf(kind: DriftKind, { detailedDiff, diffs, old, new: now }: Metadata): Difference['properties'] {
  const paths = Object.keys(detailedDiff ?? {})
  const [declared, found] = kind === 'cloud' ? [old?.inputs, now?.inputs] : [now?.inputs, old?.inputs]
  return (paths.length > 0 ? paths : (diffs ?? [])).toSorted().map((path) => ({ path, declared: wordAt(declared, path), found: wordAt(found, path) }))
}

/** The value at a path of the engine (`a.b[0]["c.d"]`), where it is one word. */
function wordAt(inputs: unknown, path: string): Difference['properties'][number]['declared'] {
  let value = inputs
  for (const key of keysOf(path)) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  if (typeof value === 'string') return value === hidden || value.length > longest ? null : value
  return typeof value === 'number' || typeof value === 'boolean' ? value : null
}

export function keysOf(path: string): readonly string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) => quoted?.replaceAll('\\"', '"') ?? index ?? plain ?? '',
  )
}
