// Each move: what its plan says against it, and whether both of its nodes could be used tonight.
import { resolveMoves } from '../../config/resolve.ts'
import { error, ok, warning, type Found } from '../../core/doctor/finding.ts'
import { judgeNodeAnswer, judgeRoot, judgeThings, parseNodeAnswer, type NodeAnswer } from '../../core/doctor/node.ts'
import { judgeClock } from '../../core/doctor/provider.ts'
import { hintOf, LifeboatError } from '../../core/errors.ts'
import type { Move } from '../../core/move.ts'
import type { Inventory } from '../../core/node.ts'
import { planMoves } from '../../core/plan-moves.ts'
import type { Catalog, PlannedMove } from '../../core/plan.ts'
import type { SideName } from '../../core/stored-move.ts'
import { exec } from '../../io/exec.ts'
import { openSsh } from '../../io/ssh.ts'
import { acceptsTcp } from '../../nodes/checks.ts'
import { askFitness } from '../../nodes/fitness.ts'
import type { StoredMove } from '../../workflows/store.ts'
import { digest, openTarget } from '../planning.ts'
import { failureFound, inventoryMs, quickMs, type Check, type World } from './world.ts'

/** A node's clock: what its certificates, logs and cron jobs go by. */
const clockLimitSeconds = 5
const nodeMs = 30_000
const portMs = 5000

export function moveChecks(world: World): readonly Check[] {
  return resolveMoves(world.config).map((move) => ({
    about: `moves.${move.name}`,
    deadlineMs: quickMs + inventoryMs + 2 * nodeMs,
    look: async (signal) => {
      const stored = await world.store.move(move.name)
      if (stored?.state === 'finished') return [ok('finished', 'It is finished.')]
      const planned = await planOf(world, move)
      const blockers = planned.blockers.map(({ code, text, hint }) => error(code, text, hint ?? hintOf('plan-blocked')))
      return [...blockers, ...(await bothNodes(world, move, planned, stored, signal))]
    },
  }))
}

/** The plan of this move alone, from the looks that all checks share; it is not stored. */
export async function planOf(world: World, move: Move): Promise<PlannedMove> {
  const catalog: Catalog = (await openTarget(world.config, move.to.provider)).catalog()
  const providers = catalog.sizes.length === 0 ? [move.from.provider, move.to.provider] : [move.from.provider]
  const inventories: Record<string, Inventory> = {}
  for (const provider of providers) {
    const found = await world.inventory(provider)
    if (found !== null) inventories[provider] = found
  }
  const [planned] = planMoves({ moves: [move], inventories, catalogs: { [move.to.provider]: catalog }, steps: [], digest }).moves
  if (planned === undefined) throw new LifeboatError('defect', `The plan of ${move.name} is empty.`)
  return planned
}

type Place = { readonly side: SideName; readonly where: string; readonly address: string; readonly alias: string }
type Asked = { readonly place: Place; readonly answer: NodeAnswer | null; readonly found: readonly Found[] }

async function bothNodes(world: World, move: Move, planned: PlannedMove, stored: StoredMove | null, signal: AbortSignal): Promise<readonly Found[]> {
  const places = placesOf(planned, stored)
  const asked = await Promise.all(places.map(async (place) => await ask(world, move, place, planned.roots, signal)))
  const source = asked.find(({ place }) => place.side === 'source')?.answer ?? null
  const states = new Map((await world.store.moves()).map(({ name, state }) => [name, state]))
  const judged = asked.flatMap(({ place: { where, side }, answer, found }) => {
    if (answer === null) return found
    const roots = planned.roots.flatMap((path, at) => judgeRoot(where, side, path, answer.roots[at], source?.roots[at]?.usedKiB ?? null))
    return [...found, ...judgeNodeAnswer(where, answer), ...roots, ...judgeThings(where, answer, states, world.identity)]
  })
  const serving = stored?.facts.serving ?? 'source'
  const target =
    planned.to.size === 'existing' || places.some(({ side }) => side === 'target') ? [] : [ok('target', 'Its target does not exist yet; a move makes it.')]
  return [...judged, ...target, ...(await ports(move, places.find(({ side }) => side === serving) ?? null, signal))]
}

/** The nodes that exist now. */
function placesOf({ from, to }: PlannedMove, stored: StoredMove | null): readonly Place[] {
  const source: Place = { side: 'source', where: `source ${from.address}`, address: from.address, alias: `${from.provider}/${from.id}` }
  const made = stored?.facts.target ?? null
  const address = made?.address ?? to.address
  // A target in a list is its own id (app/provisioning.ts).
  const target: Place | null = address === null ? null : { side: 'target', where: `target ${address}`, address, alias: `${to.provider}/${made?.id ?? address}` }
  return [...(from.address === '' ? [] : [source]), ...(target === null ? [] : [target])]
}

async function ask(world: World, move: Move, place: Place, roots: readonly string[], signal: AbortSignal): Promise<Asked> {
  const { keyContents, ...access } = move.ssh[place.side]
  try {
    const wasKnown = await isKnown(world.knownHosts, place.alias, signal)
    const held = keyContents === null ? null : await world.keyring.hold(keyContents, `The ssh key for the ${place.side} of ${move.name}`)
    const ssh = openSsh(
      { ...access, address: place.address, alias: place.alias, agent: held?.socket ?? null },
      { knownHosts: world.knownHosts, socketFolder: null },
    )
    const began = Date.now()
    const answer = parseNodeAnswer(await askFitness(ssh, roots, { signal, deadlineMs: nodeMs }))
    if (answer === null)
      return { place, answer, found: [error('node-failed', `The ${place.where} answered, but not to what was asked.`, hintOf('node-failed'))] }
    const hostKey = wasKnown
      ? `The ssh host key of the ${place.where} is the one seen before.`
      : `The ssh host key of the ${place.where} was seen for the first time, and is pinned now.`
    // It told its clock at the end of its answer.
    const clock =
      answer.clock === null
        ? []
        : [
            judgeClock(
              `The clock of the ${place.where}`,
              Math.floor(Date.now() / 1000) - answer.clock,
              clockLimitSeconds + Math.floor((Date.now() - began) / 1000),
            ),
          ]
    return { place, answer, found: [ok('host-key', hostKey), ...clock] }
  } catch (thrown) {
    signal.throwIfAborted()
    return { place, answer: null, found: [failureFound(thrown)] }
  }
}

async function isKnown(knownHosts: string, alias: string, signal: AbortSignal): Promise<boolean> {
  return (await exec('ssh-keygen', ['-F', alias, '-f', knownHosts], { signal, deadlineMs: 10_000 })).exitCode === 0
}

/** Ports of the side that serves, as clients would come to them. */
async function ports(move: Move, place: Place | null, signal: AbortSignal): Promise<readonly Found[]> {
  if (place === null) return []
  const tcp = move.ports.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port)
  return await Promise.all(
    tcp.map(async (port) => {
      const answers = await acceptsTcp(place.address, port, AbortSignal.any([signal, AbortSignal.timeout(portMs)])).then(
        () => true,
        () => false,
      )
      if (answers) return ok('port', `Port ${port} of the ${place.where} accepts connections from here.`)
      const hint = 'Look whether its service runs, or whether a firewall keeps this machine out.'
      return warning('port-silent', `Nothing accepts connections at port ${port} of the ${place.where} from here.`, hint)
    }),
  )
}
