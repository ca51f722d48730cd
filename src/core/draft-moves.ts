// A first draft of moves, from what a provider and the machines themselves told. Every guess says what it rests on; a
// person reads it before anything happens.
import { byCodeUnit } from './canonical.ts'
import { draftData } from './draft-data.ts'
import { withoutCircles, type DraftOrder } from './draft-order.ts'
import type { Hint, Inventory, Node } from './node.ts'

export type DraftRequest = {
  readonly inventory: Inventory
  /** Where the nodes are to go, and whether machines are made there or exist already. */
  readonly target: { readonly provider: string; readonly makes: boolean }
  /** Entry under `dns:` -> its zone, of those that have one. */
  readonly zones: ReadonlyMap<string, string>
  /** Moves that stand in the file already: their names, and ids and names of the nodes that they move. */
  readonly taken: ReadonlySet<string>
}

export type Draft = {
  readonly name: string
  /** The entry under `moves:`, key by key, in the order in which a person reads it. */
  readonly entry: Readonly<Record<string, unknown>>
  /** Key of the entry -> why it says what it says. */
  readonly reasons: Readonly<Record<string, string>>
}

export type Drafts = { readonly drafts: readonly Draft[]; readonly leftOut: readonly { readonly name: string; readonly why: string }[] }

export function draftMoves(request: DraftRequest): Drafts {
  const nodes = [...request.inventory.nodes].filter((node) => !node.template).sort((one, other) => byCodeUnit(one.name, other.name))
  const chosen = nodes.filter((node) => whyLeftOut(node, request) === null)
  const names = namesFor(chosen, request.taken)
  const order = withoutCircles(new Map(chosen.map((node) => [nameOf(node, names), [...new Set(hintsOfOrder(node, names).map(({ before }) => before))]])))
  return {
    drafts: chosen.map((node) => draftOf(node, names, order, request)),
    leftOut: nodes.flatMap((node) => {
      const why = whyLeftOut(node, request)
      return why === null ? [] : [{ name: node.name, why }]
    }),
  }
}

function whyLeftOut(node: Node, { taken }: DraftRequest): string | null {
  if (taken.has(node.id) || taken.has(node.name)) return 'a move of it is there already'
  if (node.inside !== undefined) return null
  return node.hazards.find(({ code }) => code.startsWith('inside-'))?.text ?? 'nothing of its inside is known'
}

/** A name of its own for each move: small letters, digits and hyphens. */
function namesFor(nodes: readonly Node[], taken: ReadonlySet<string>): ReadonlyMap<Node, string> {
  const used = new Set(taken)
  const names = new Map<Node, string>()
  for (const node of nodes) {
    const stem =
      node.name
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^[^a-z]+|-+$/g, '')
        .slice(0, 28) || 'node'
    let name = stem
    for (let number = 2; used.has(name); number++) name = `${stem}-${number}`
    used.add(name)
    names.set(node, name)
  }
  return names
}

function nameOf(node: Node, names: ReadonlyMap<Node, string>): string {
  return names.get(node) ?? node.name
}

function draftOf(node: Node, names: ReadonlyMap<Node, string>, order: DraftOrder, request: DraftRequest): Draft {
  const data = draftData(node.inside ?? { databases: null, listeners: null }, hintsFor(node, 'data'))
  const parts: readonly Part[] = [
    fromPart(node, request.inventory),
    toPart(node, request),
    { key: 'data', value: data.entries.length === 0 ? null : data.entries, why: data.why.join('; ') },
    listPart('services', hintsFor(node, 'services'), ({ value }) => (data.units.has(value) ? null : value)),
    singletonsPart(node),
    listPart('ports', hintsFor(node, 'ports'), ({ value }) => (value.includes('/') ? value : Number(value))),
    listPart(
      'checks',
      hintsFor(node, 'ports'),
      ({ value }) => (value.includes('/') ? null : { tcp: Number(value) }),
      'that the port accepts is all that can be guessed; better: an http check',
    ),
    namesPart(node, request.zones),
    afterPart(node, names, order),
  ]
  const told = parts.filter((part) => part.value !== null)
  return {
    name: nameOf(node, names),
    entry: Object.fromEntries(told.map(({ key, value }) => [key, value])),
    reasons: Object.fromEntries(told.flatMap(({ key, why }) => (why === '' ? [] : [[key, why]]))),
  }
}

type Part = { readonly key: string; readonly value: unknown; readonly why: string }

function hintsFor(node: Node, key: Hint['key']): readonly Hint[] {
  return (node.hints ?? []).filter((hint) => hint.key === key)
}

function fromPart(node: Node, { provider, nodes }: Inventory): Part {
  const isNamed = node.name !== '' && nodes.filter(({ name }) => name === node.name).length === 1
  const from = isNamed ? { provider, name: node.name } : { provider, id: node.id }
  return { key: 'from', value: from, why: isNamed ? '' : `by its id, as its name (${node.name}) says too little` }
}

function toPart({ inside }: Node, { target: { provider, makes } }: DraftRequest): Part {
  if (!makes) return { key: 'to', value: { provider }, why: `${provider} can take nodes: the host there that is called like the move` }
  const { id = null, version = null } = inside?.system ?? {}
  const image = id === null || version === null ? {} : { image: `${id}-${version}` }
  return {
    key: 'to',
    value: { provider, size: 'auto', ...image },
    why: `${provider} can take nodes; the size follows from the node, the image from its system`,
  }
}

/** One item for each hint that has one; null where there is none. */
function listPart(key: string, hints: readonly Hint[], itemOf: (hint: Hint) => unknown, why?: string): Part {
  const found = hints.map((hint) => ({ hint, item: itemOf(hint) })).filter(({ item }) => item !== null)
  const reasons = found.map(({ hint }) => `${hint.value}: ${hint.text}`).join('; ')
  return { key, value: found.length === 0 ? null : found.map(({ item }) => item), why: why ?? reasons }
}

/** Timers of Debian and its packages run on every system by themselves. */
const everywhere =
  /^(apt-daily|apt-daily-upgrade|dpkg-db-backup|e2scrub_all|fstrim|logrotate|man-db|systemd-.*|motd-news|ua-timer|update-notifier-.*|phpsessionclean|certbot)\.timer$/

function singletonsPart({ inside }: Node): Part {
  const units = (inside?.timers ?? []).map(({ unit }) => unit).filter((unit) => !everywhere.test(unit))
  return { key: 'singletons', value: units.length === 0 ? null : units, why: 'timers: what must never run on both sides' }
}

function namesPart(node: Node, zones: ReadonlyMap<string, string>): Part {
  const named = hintsFor(node, 'names').flatMap(({ value, text }) => {
    const zone = [...zones].find(([, suffix]) => value === suffix || value.endsWith(`.${suffix}`))
    return zone === undefined ? [] : [{ name: { dns: zone[0], name: value }, text: `${value}: ${text}` }]
  })
  return { key: 'names', value: named.length === 0 ? null : named.map(({ name }) => name), why: named.map(({ text }) => text).join('; ') }
}

/** Only nodes that move, too, can be moved before this one. */
function hintsOfOrder(node: Node, names: ReadonlyMap<Node, string>): readonly { readonly before: string; readonly text: string }[] {
  const moving = new Map([...names].map(([peer, name]) => [peer.name, name]))
  return hintsFor(node, 'after').flatMap(({ value, text }) => {
    const before = moving.get(value)
    return before === undefined ? [] : [{ before, text }]
  })
}

function afterPart(node: Node, names: ReadonlyMap<Node, string>, { after, broken }: DraftOrder): Part {
  const name = nameOf(node, names)
  const before = after.get(name) ?? []
  const circles = (broken.get(name) ?? []).map((circle) => `${circle} would go round, so the first step of it is left out`)
  const why = [...hintsOfOrder(node, names).map(({ text }) => text), ...circles].join('; ')
  return { key: 'after', value: before.length + circles.length === 0 ? null : before, why }
}
