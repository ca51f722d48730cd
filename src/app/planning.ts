// Inventory and plan: asks the providers, keeps what they said, and lets core/plan-moves decide.
import { createHash } from 'node:crypto'
import { providerOf, providers } from '../adapters.ts'
import { resolveMoves } from '../config/resolve.ts'
import type { Config } from '../config/schema.ts'
import { LifeboatError, codeOf } from '../core/errors.ts'
import type { Move } from '../core/move.ts'
import { didYouMean } from '../core/nearest.ts'
import type { Inside } from '../core/inside/schema.ts'
import type { Inventory, Node } from '../core/node.ts'
import { comparePrices, type PricedAt, type PricedPlan } from '../core/plan-compare.ts'
import { planMoves, type PlanRequest } from '../core/plan-moves.ts'
import type { Catalog, Plan, PlannedMove } from '../core/plan.ts'
import { runbook } from '../core/runbook.ts'
import { forecastPauseMs } from '../core/forecast.ts'
import { pathOf } from '../core/path.ts'
import { noFacts, type MoveFacts, type MoveSettings } from '../core/stored-move.ts'
import type { Source, Target } from '../providers/provider.ts'
import type { Store } from '../workflows/store.ts'

/** Connects a provider as a source. Fails with config-invalid when its kind is none. */
export async function openSource(config: Config, name: string): Promise<Source> {
  const { kind, adapter, settings } = provider(config, name)
  if (adapter.source === undefined) throw new LifeboatError('config-invalid', `The provider ${name} is of kind ${kind}, which is no source.`)
  return await adapter.source(name, settings)
}

export async function openTarget(config: Config, name: string): Promise<Target> {
  const { kind, adapter, settings } = provider(config, name)
  if (adapter.target === undefined) throw new LifeboatError('config-invalid', `The provider ${name} is of kind ${kind}, which is no target.`)
  return await adapter.target(name, settings, config.project)
}

function provider(config: Config, name: string) {
  const entry = config.providers[name]
  const adapter = entry === undefined ? undefined : providerOf(entry.kind)
  if (entry === undefined || adapter === undefined)
    throw new LifeboatError('config-invalid', `There is no provider ${name} in the configuration${didYouMean(name, Object.keys(config.providers))}`)
  return { kind: entry.kind, adapter, settings: entry as never }
}

/** Providers that moves come from; before there are any, all that could be left. */
export function sourcesOf(config: Config): readonly string[] {
  const left = new Set(Object.values(config.moves).map((move) => move.from.provider))
  if (left.size > 0) return [...left]
  return Object.entries(config.providers).flatMap(([name, { kind }]) => (providerOf(kind)?.source === undefined ? [] : [name]))
}

/** What a provider says now; stored, so that a move can go on when the provider is dead. */
export async function takeInventory(config: Config, name: string, store: Store, signal: AbortSignal): Promise<Inventory> {
  const source = await openSource(config, name)
  try {
    return await inventoryFrom(source, config, name, store, signal)
  } finally {
    await source.close().catch(() => undefined)
  }
}

/** The same from a source that is open. How long it took, or why it failed, is noted for `lifeboat provider`. */
export async function inventoryFrom(source: Source, config: Config, name: string, store: Store, signal: AbortSignal): Promise<Inventory> {
  const began = performance.now()
  const note = async (nodes: number | null, failure: string | null): Promise<void> =>
    await store.noteInventory(name, { ms: Math.round(performance.now() - began), nodes, failure })
  const answer = await source.nodes(signal).catch(async (error: unknown) => {
    // Whoever gave up waiting says nothing about the provider.
    if (!signal.aborted) await note(null, codeOf(error))
    throw error
  })
  await note(answer.nodes.length, null)
  const looks = await store.lastLooks(name)
  const inventory: Inventory = {
    schema: 'lifeboat.inventory/1',
    provider: name,
    kind: config.providers[name]?.kind ?? '',
    takenAt: new Date().toISOString(),
    complete: answer.complete,
    warnings: [...answer.warnings],
    nodes: answer.nodes.map((node) => withLastLook(node, looks)),
  }
  await store.saveInventory(inventory)
  return inventory
}

/** What a node told of itself when somebody last looked inside stays, with its own time: a provider knows nothing of it. */
function withLastLook(node: Node, looks: ReadonlyMap<string, Inside>): Node {
  const inside = looks.get(node.id)
  return inside === undefined ? node : { ...node, inside }
}

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

export type Made = { readonly plan: Plan; readonly moves: readonly Move[]; readonly request: PlanRequest }

/** The plan of these moves (all, when none is named), from fresh inventories where the providers answer, else from the stored ones; kept as the latest. */
export async function makePlan(config: Config, names: readonly string[], store: Store, signal: AbortSignal): Promise<Made> {
  const made = await planWith(freshOrStored, config, names, store, signal)
  await store.savePlan(made.plan)
  return made
}

/** The same from what is stored of the providers, who are asked only where nothing is; kept nowhere. */
export async function planAgain(config: Config, names: readonly string[], store: Store, signal: AbortSignal): Promise<Made> {
  return await planWith(storedOrFresh, config, names, store, signal)
}

async function planWith(look: typeof freshOrStored, config: Config, names: readonly string[], store: Store, signal: AbortSignal): Promise<Made> {
  const moves = resolveMoves(config, names)
  const inventories: Record<string, Inventory> = {}
  const catalogs: Record<string, Catalog> = {}
  for (const name of new Set(moves.map((move) => move.to.provider))) {
    catalogs[name] = (await openTarget(config, name)).catalog()
    if (catalogs[name].sizes.length === 0) inventories[name] = await takeInventory(config, name, store, signal)
  }
  for (const name of new Set(moves.map((move) => move.from.provider))) inventories[name] ??= await look(config, name, store, signal)
  const measured: Record<string, { path: 'direct' | 'relay'; forecastPauseMs: number | null }> = {}
  await Promise.all(moves.map(async ({ name }) => void (measured[name] = measuredOf((await store.move(name))?.facts ?? noFacts))))
  const steps = runbook.filter((row) => !('asked' in row)).map((row) => row.name)
  const request: PlanRequest = { moves, inventories, catalogs, steps, digest, measured, limits: config.limits }
  return { plan: planMoves(request), moves, request }
}

/** The plan, priced at every target of the configuration, and by the built-in list of each kind that it does not have. */
export async function pricePlan(config: Config, names: readonly string[], store: Store, signal: AbortSignal): Promise<PricedPlan> {
  const { plan, request } = await makePlan(config, names, store, signal)
  const own: PricedAt[] = []
  for (const name of Object.keys(config.providers).toSorted()) {
    if (providerOf(config.providers[name]?.kind ?? '')?.target === undefined) continue
    const catalog = request.catalogs[name] ?? (await openTarget(config, name)).catalog()
    // Nodes that exist already have no price.
    if (catalog.sizes.length > 0) own.push({ provider: name, catalog })
  }
  const others = Object.keys(providers)
    .filter((kind) => !own.some(({ catalog }) => catalog.kind === kind))
    .map(async (kind) => await providerOf(kind)?.priceList?.())
  const listed = (await Promise.all(others)).flatMap((catalog) => (catalog === undefined ? [] : [{ provider: null, catalog }]))
  return comparePrices(plan, request, [...own, ...listed])
}

/** What earlier runs of a move have found out: a pause that was measured, else one forecast from its passes. */
function measuredOf(facts: MoveFacts): { path: 'direct' | 'relay'; forecastPauseMs: number | null } {
  return { path: pathOf(facts), forecastPauseMs: facts.measured.pauseMs ?? (facts.lastPass === null ? null : forecastPauseMs(facts)) }
}

async function freshOrStored(config: Config, name: string, store: Store, signal: AbortSignal): Promise<Inventory> {
  try {
    return await takeInventory(config, name, store, signal)
  } catch (error) {
    const stored = codeOf(error) === 'source-unreachable' ? await store.inventory(name) : null
    if (stored === null) throw error
    return stored
  }
}

async function storedOrFresh(config: Config, name: string, store: Store, signal: AbortSignal): Promise<Inventory> {
  return (await store.inventory(name)) ?? (await takeInventory(config, name, store, signal))
}

/** The snapshot that a running move keeps: nothing in it changes when lifeboat.yaml does. */
export function settingsOf(move: Move, planned: PlannedMove, fingerprint: string): MoveSettings {
  const { ssh } = move
  const plain = ({ user, port, keyFile, jump, sudo }: Move['ssh']['source']) => ({ user, port, keyFile, jump, sudo })
  return {
    name: move.name,
    project: move.project,
    plan: fingerprint,
    from: { provider: move.from.provider, id: planned.from.id },
    to: { provider: move.to.provider },
    source: { address: planned.from.address, ssh: plain(ssh.source) },
    target: { ssh: plain(ssh.target) },
    data: move.data.map((data) => ({ ...data })),
    services: [...move.services],
    singletons: [...move.singletons],
    ports: [...move.ports],
    checks: [...move.checks],
    names: [...move.names],
    fence: move.fence.map(({ kind }) => kind),
    downtimeBudgetMs: move.downtimeBudgetMs,
    reverseSync: move.reverseSync,
    window: move.window,
    finish: { ...move.finish },
  }
}
