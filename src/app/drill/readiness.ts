// Level D0: whether what a failover of a move needs answers and would allow it. What the doctor looks at, for this move
// alone: nothing has an effect on the world.
import type { Config } from '../../config/schema.ts'
import { error, ok, type Found } from '../../core/doctor/finding.ts'
import type { DrillCheck } from '../../core/drill.ts'
import type { StoredMove } from '../../workflows/store.ts'
import { findingsOf } from '../doctor/doctor.ts'
import { fenceChecks } from '../doctor/fences.ts'
import { moveChecks } from '../doctor/moves.ts'
import { nameChecks } from '../doctor/names.ts'
import { providerChecks } from '../doctor/providers.ts'
import type { Check, World } from '../doctor/world.ts'

/** The configuration with nothing in it that a failover of this move does not need. */
export function onlyFor(config: Config, name: string): Config {
  const move = config.moves[name]
  if (move === undefined) return config
  const used = [move.from.provider, move.to.provider]
  return {
    ...config,
    moves: { [name]: move },
    providers: Object.fromEntries(Object.entries(config.providers).filter(([provider]) => used.includes(provider))),
  }
}

/** `world`: of `onlyFor`. */
export async function readiness(world: World, move: StoredMove, signal: AbortSignal): Promise<readonly DrillCheck[]> {
  const about = `moves.${move.name}`
  const checks = [providerChecks, nameChecks, moveChecks, fenceChecks].flatMap((checksOf) => checksOf(world))
  const found = (await Promise.all(checks.map(async (check) => await timed(check, signal)))).flat()
  signal.throwIfAborted()
  return [{ about, ...keptInStep(move), ms: 0 }, ...found, ...(found.some(({ code }) => code === 'fence') ? [] : [{ about, ...noFence(move.name), ms: 0 }])]
}

async function timed(check: Check, signal: AbortSignal): Promise<readonly DrillCheck[]> {
  const began = performance.now()
  const found = await findingsOf(check, signal)
  return found.map((each) => ({ ...each, ms: Math.round(performance.now() - began) }))
}

/** What the doctor calls a weakness ends a failover before it began. */
function noFence(name: string): Found {
  return error(
    'no-fence',
    `Nothing could cut the source of ${name} off now, so nothing could fail over.`,
    'Mend a fence that is named above, or name another one under fence:.',
  )
}

function keptInStep({ name, state, facts }: StoredMove): Found {
  if (facts.lastPass === null) return error('no-copy', `${name} has no complete copy yet.`, 'Wait until the first copy is there; see lifeboat status.')
  if (state !== 'running') return error('rests', `${name} rests, so nothing keeps its standby in step.`, `lifeboat migrate ${name} goes on.`)
  return ok('in-step', `${name} is kept in step.`)
}
