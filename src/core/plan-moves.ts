// Source nodes + configuration -> the plan. The same input gives the same bytes, whatever its order.
import { blockersOf, warningsOf, type Judged } from './plan-notices.ts'
import { byCodeUnit, canonicalJson } from './canonical.ts'
import { LifeboatError } from './errors.ts'
import { findNode, reachableAddress } from './find-node.ts'
import { expectedPauseMs } from './forecast.ts'
import type { Move } from './move.ts'
import type { Inventory, Node, Notice } from './node.ts'
import { costOf, totalsOf } from './plan-cost.ts'
import { notFollowed } from './plan-hints.ts'
import { deviceWarnings } from './plan-devices.ts'
import type { Catalog, Plan, PlannedMove, Size } from './plan.ts'
import { useOf } from './observed.ts'
import { chooseSize, type Need } from './sizing.ts'
import type { Limits } from './slots.ts'
import { relayRisk } from './path.ts'
import { freezesOf, freezeWarnings, togetherOf } from './plan-freezes.ts'
import { changedInAnHour, completed, movedOf, overlooked, type Moved } from './plan-inside.ts'
import { wavesTogether } from './waves.ts'

export type PlanRequest = {
  readonly moves: readonly Move[]
  /** By provider name: of every source, and of targets whose nodes exist already. */
  readonly inventories: Readonly<Record<string, Inventory>>
  /** By provider name, of every target. A catalogue without sizes: its nodes exist already. */
  readonly catalogs: Readonly<Record<string, Catalog>>
  /** The rows of the runbook, in their order. */
  readonly steps: readonly string[]
  readonly digest: (text: string) => string
  readonly limits?: Limits
  /** By move: what an earlier look at both nodes has measured. */
  readonly measured?: Readonly<Record<string, { readonly path: PlannedMove['path']; readonly forecastPauseMs: number | null }>>
}

/**
 * The plan for these moves. Fails with node-unknown, node-ambiguous, after-cycle, config-invalid (unknown size, a
 * provider that is no target) or source-unreachable (no inventory). Everything else that stands against a move is one
 * of its blockers.
 */
export function planMoves(request: PlanRequest): Plan {
  const wanted = [...request.moves].sort((a, b) => byCodeUnit(a.name, b.name))
  const moved = movedOf(new Map(wanted.map((move) => [findNode(inventoryOf(move.from.provider, request), move.from), move])))
  const drafts = wanted.map((move) => draft(move, request, moved))
  const moves = drafts.map(({ planned }) => ({ ...planned, blockers: [...planned.blockers, ...collisions(planned, drafts)] }))
  const freezes = freezesOf(wanted, moves)
  const { waves, cycle } = wavesTogether(new Map(moves.map((move) => [move.name, move.after])), togetherOf(freezes))
  if (cycle) throw new LifeboatError('after-cycle', `\`after:\` goes round: ${cycle.join(' -> ')}.`, { details: { cycle } })
  return {
    schema: 'lifeboat.plan/1',
    fingerprint: request.digest(
      canonicalJson({ moves: moves.map(essence), wishes: drafts.map(({ wish }) => wish), sources: drafts.map(({ source }) => source) }),
    ),
    moves,
    waves: waves.map((wave) => [...wave]),
    ...(freezes.length === 0 ? {} : { freezes }),
    ...(request.limits === undefined ? {} : { limits: request.limits }),
    totals: totalsOf(wanted, moves),
  }
}

type Draft = { readonly planned: PlannedMove; readonly wish: unknown; readonly source: unknown }

function draft(move: Move, request: PlanRequest, moved: Moved): Draft {
  const inventory = inventoryOf(move.from.provider, request)
  const found = findNode(inventory, move.from)
  const node = completed(found)
  const chosen = chooseTarget(move, node, request)
  const sourceAddress = move.ssh.source.address ?? reachableAddress(node.addresses)
  const judged = { ...chosen, move, node, inventory, sourceAddress }
  const measured = request.measured?.[move.name] ?? { path: 'direct', forecastPauseMs: null }
  const planned: PlannedMove = {
    name: move.name,
    project: move.project,
    from: { provider: move.from.provider, id: node.id, name: node.name, address: sourceAddress ?? '' },
    to: chosen.target,
    path: measured.path,
    forecastPauseMs: measured.forecastPauseMs ?? pauseFor(changedInAnHour(move, found)),
    steps: [...request.steps],
    after: [...new Set(move.after)].sort(byCodeUnit),
    ...(move.freeze === undefined ? {} : { freeze: { name: move.freeze.name, members: [...move.freeze.members] } }),
    ports: [...move.ports].sort((a, b) => a.port - b.port || byCodeUnit(a.protocol, b.protocol)),
    roots: move.data.flatMap(({ kind, path }) => (kind === 'files' && typeof path === 'string' ? [path] : [])),
    blockers: blockersOf(judged),
    warnings: [
      ...warningsOf(judged),
      ...deviceWarnings(found, chosen.size),
      ...outsiders(move, request.moves),
      ...freezeWarnings(move, request.moves),
      ...(measured.path === 'relay' ? [{ code: 'relayed', severity: 'warning', text: relayRisk } satisfies Notice] : []),
      ...overlooked(move, found, moved),
      ...notFollowed(move, found, moved),
    ],
  }
  return { planned, wish: wishOf(move), source: sourceFacts(node) }
}

function pauseFor(changed: number | null): number | null {
  return changed === null ? null : expectedPauseMs(changed)
}

type Chosen = Pick<Judged, 'target' | 'size' | 'exists'>

function chooseTarget(move: Move, node: Node, request: PlanRequest): Chosen {
  const catalog = catalogOf(move, request)
  return catalog.sizes.length === 0 ? existingTarget(move, catalog, request) : newTarget(move, node, catalog)
}

/** At a provider that creates nothing: the node that is named, else the one that is called like the move. */
function existingTarget(move: Move, catalog: Catalog, request: PlanRequest): Chosen {
  const { provider, image } = move.to
  const twin = findNode(inventoryOf(provider, request), { id: null, name: move.to.node ?? move.name })
  const address = move.ssh.target.address ?? reachableAddress(twin.addresses)
  const reasons = [`${twin.name} (${twin.id}) exists already`]
  const target = {
    provider,
    kind: catalog.kind,
    size: 'existing',
    image: image ?? 'existing',
    reasons,
    alternatives: [],
    monthlyCost: null,
    volumeGiB: 0,
    address,
  }
  return { target, size: null, exists: true }
}

function newTarget(move: Move, node: Node, catalog: Catalog): Chosen {
  const { provider, image } = move.to
  const { size, reasons, alternatives } = chooseSize(move.to.size, needOf(node), catalog, `moves.${move.name}.to.size`)
  const volumeGiB = move.to.diskGiB ?? volumeFor(node)
  const cost = (one: Size) => costOf(one, volumeGiB, catalog)
  const wish = move.standby?.size ?? null
  const parked = wish === null ? null : chooseSize(wish, needOf(node), catalog, `moves.${move.name}.standby.size`).size
  const target = {
    provider,
    kind: catalog.kind,
    size: size?.name ?? move.to.size,
    image: image ?? '',
    reasons: [...reasons],
    alternatives: alternatives.map((other) => ({ size: other.name, monthlyCost: cost(other) })),
    monthlyCost: size && cost(size),
    ...(parked === null ? {} : { parked: { size: parked.name, monthlyCost: cost(parked) } }),
    volumeGiB,
    address: null,
  }
  return { target, size, exists: false }
}

export function inventoryOf(provider: string, request: PlanRequest): Inventory {
  const inventory = request.inventories[provider]
  if (inventory) return inventory
  throw new LifeboatError('source-unreachable', `There is no inventory of ${provider}, neither a new nor a stored one.`, { details: { provider } })
}

function catalogOf(move: Move, request: PlanRequest): Catalog {
  const catalog = request.catalogs[move.to.provider]
  if (catalog) return catalog
  throw new LifeboatError('config-invalid', `moves.${move.name}.to.provider: ${move.to.provider} cannot be a target.`)
}

export function needOf({ cpus, memoryMiB, nics, disks, firmware, inside }: Node): Need {
  return { cpus, memoryMiB, nics: Math.max(1, nics.length), disks: Math.max(1, disks.length), firmware, use: useOf(inside) }
}

/** All disks but the first, in whole GiB, at least 1. */
export function volumeFor(node: Node): number {
  const sizeMiB = node.disks.slice(1).reduce((sum, disk) => sum + (disk.sizeMiB ?? 0), 0)
  return Math.max(1, Math.ceil(sizeMiB / 1024))
}

/** Two moves of one node, or onto one node, would undo each other. */
function collisions(planned: PlannedMove, drafts: readonly Draft[]): Notice[] {
  const others = drafts.map((other) => other.planned).filter((other) => other.name !== planned.name)
  const sameSource = others.filter(({ from }) => from.provider === planned.from.provider && from.id === planned.from.id)
  const sameTarget = others.filter(({ to }) => to.address !== null && to.address === planned.to.address)
  return [
    ...sameSource.map((other): Notice => ({ code: 'source-taken', severity: 'error', text: `${other.name} moves ${planned.from.name} as well.` })),
    ...sameTarget.map((other): Notice => ({ code: 'target-taken', severity: 'error', text: `${other.name} moves to ${planned.to.address} as well.` })),
    ...(planned.to.address !== null && planned.to.address === planned.from.address
      ? [{ code: 'same-node', severity: 'error', text: `${planned.name} would move onto itself.` } satisfies Notice]
      : []),
  ]
}

function outsiders(move: Move, moves: readonly Move[]): Notice[] {
  const missing = [...new Set(move.after)].filter((name) => !moves.some((other) => other.name === name)).sort(byCodeUnit)
  return missing.map((name) => ({
    code: 'after-outside',
    severity: 'warning',
    text: `${move.name} comes after ${name}, which is not part of this plan: it is not switched before that is.`,
  }))
}

/** What a fingerprint must not change with: forecasts, and texts with figures that drift. */
function essence(move: PlannedMove): unknown {
  return { ...move, to: { ...move.to, reasons: undefined }, forecastPauseMs: undefined, blockers: codes(move.blockers), warnings: codes(move.warnings) }
}

function codes(notices: readonly Notice[]): string[] {
  return [...new Set(notices.map((notice) => notice.code))].sort(byCodeUnit)
}

/**
 * The wish without where a key lies on this person's machine (a colleague must see the same fingerprint), and without
 * what the planned move has in order.
 */
function wishOf(move: Move): unknown {
  const without = { keyFile: undefined, keyContents: undefined }
  return { ...move, after: undefined, ports: undefined, ssh: { source: { ...move.ssh.source, ...without }, target: { ...move.ssh.target, ...without } } }
}

/** What was decided on, without what changes all the time (bytes in use, snapshots, tools). */
function sourceFacts(node: Node): unknown {
  const { id, name, power, template, cpus, memoryMiB, addresses, os, firmware } = node
  const disks = node.disks.map(({ label, sizeMiB }) => ({ label, sizeMiB }))
  return { id, name, power, template, cpus, memoryMiB, addresses: [...addresses].sort(byCodeUnit), os, firmware, disks }
}
