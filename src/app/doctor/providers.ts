// Each provider: as a source, whether it answers, lets us in and shows the certificate that is believed; as a target, what
// its API tells about account, images and quotas; and whether anybody can be asked when it fails.
import { providerOf } from '../../adapters.ts'
import { ok, warning, type Found } from '../../core/doctor/finding.ts'
import { judgeCertificate, judgeClock, judgeContact, judgeRights } from '../../core/doctor/provider.ts'
import { findNode } from '../../core/find-node.ts'
import { counted } from '../../core/units.ts'
import { resolveMoves } from '../../config/resolve.ts'
import type { Inventory } from '../../core/node.ts'
import { openTarget } from '../planning.ts'
import { isPinned } from '../provider-card.ts'
import { planOf } from './moves.ts'
import { failureFound, quickMs, type Check, type World } from './world.ts'

const withInventoryMs = 90_000

export function providerChecks(world: World): readonly Check[] {
  const { config } = world
  const left = new Set(Object.values(config.moves).map(({ from }) => from.provider))
  return Object.entries(config.providers).flatMap(([name, { kind, contact }]) => {
    const adapter = providerOf(kind)
    const isTarget = adapter?.target !== undefined && Object.values(config.moves).some(({ to }) => to.provider === name)
    const rows: readonly (readonly [when: boolean, deadlineMs: number, look: Check['look']])[] = [
      [adapter?.source !== undefined, withInventoryMs, () => answers(world, name)],
      [left.has(name), withInventoryMs, () => inventory(world, name)],
      [left.has(name), withInventoryMs, (signal) => rights(world, name, signal)],
      [isTarget, withInventoryMs, (signal) => target(world, name, signal)],
      // Nodes in a list that nobody leaves are the operator's own.
      [kind !== 'static' || left.has(name), quickMs, async () => [judgeContact(name, contact)]],
    ]
    return rows.filter(([when]) => when).map(([, deadlineMs, look]) => ({ about: `providers.${name}`, deadlineMs, look }))
  })
}

async function answers({ config, about }: World, name: string): Promise<readonly Found[]> {
  const told = await about(name)
  if (told === null) return [ok('listed', 'Its nodes are a list in the configuration; nobody answers for them.')]
  const { product, apiVersion, peer } = told
  return [
    ok('login', `It lets us in: ${product ?? 'product not told'}, API ${apiVersion ?? 'version not told'}.`),
    ...(peer.certificate === null ? [] : [judgeCertificate(Date.parse(peer.certificate.expiresAt), isPinned(config, name), Date.now())]),
    ...(peer.clockAhead === null ? [] : [judgeClock('Its clock', peer.clockAhead)]),
  ]
}

/** The look that the moves use, too. Why it does not let us in, `answers` tells. */
async function inventory(world: World, name: string): Promise<readonly Found[]> {
  try {
    const found = await world.freshInventory(name)
    if (found.complete) return [ok('inventory', `It told all that it has: ${describe(found)}.`)]
    return found.warnings.map(({ text }) => warning('inventory-incomplete', text, 'See lifeboat inventory; what is not named there cannot be moved.'))
  } catch (thrown) {
    const why = (await letsUsIn(world, name)) ? [failureFound(thrown)] : []
    const stored = await world.inventory(name)
    if (stored === null) return why
    const text = `What it has is known from an earlier inventory alone: ${describe(stored)}.`
    return [...why, warning('inventory-stored', text, 'Moves can go on with that; nothing that changed since is known.')]
  }
}

function describe({ nodes, takenAt }: Inventory): string {
  return `${counted(nodes.length, 'node')}, taken ${takenAt}`
}

/** What the account may do with the nodes that move, where the API tells. */
async function rights(world: World, name: string, signal: AbortSignal): Promise<readonly Found[]> {
  const known = await world.inventory(name)
  // One that does not let us in says so by `answers`.
  const { lacking } = await world.source(name)
  if (known === null || lacking === undefined || !(await letsUsIn(world, name))) return []
  const wanted = resolveMoves(world.config).filter(({ from }) => from.provider === name)
  const ids = [...new Set(wanted.flatMap(({ from }) => idOf(known, from)))]
  const missing = ids.length === 0 ? null : await lacking(ids, signal)
  const purposes = new Map((providerOf(known.kind)?.notes?.rights ?? []).map((row) => [row.right, row.for]))
  return missing === null ? [] : judgeRights(missing, purposes)
}

async function letsUsIn({ about }: World, name: string): Promise<boolean> {
  return await about(name).then(
    () => true,
    () => false,
  )
}

/** Empty: there is no such node, which the move itself tells. */
function idOf(inventory: Inventory, from: { readonly id: string | null; readonly name: string | null }): string[] {
  try {
    return [findNode(inventory, from).id]
  } catch {
    return []
  }
}

async function target(world: World, name: string, signal: AbortSignal): Promise<readonly Found[]> {
  const opened = await openTarget(world.config, name)
  const { sizes, takenAt } = opened.catalog()
  const moves = resolveMoves(world.config).filter(({ to }) => to.provider === name)
  const planned = (await Promise.all(moves.map(async (move) => await planOf(world, move).catch(() => null)))).filter((each) => each !== null)
  return [
    ...(sizes.length === 0
      ? []
      : [
          ok(
            'prices',
            `Its sizes are of ${takenAt}; their prices are ${sizes.some(({ monthlyPrice }) => monthlyPrice !== null) ? 'of the same day' : 'not known in this region'}.`,
          ),
        ]),
    ...((await opened.examine?.(planned, signal)) ?? []),
  ]
}
