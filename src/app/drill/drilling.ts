// Holds drills of standbys and keeps what they showed.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { drillCard, type DrillCard, type DrillCheck, type Drilled, type DrillLevel } from '../../core/drill.ts'
import { LifeboatError } from '../../core/errors.ts'
import { drillHtml } from '../../report/drill.ts'
import type { Store, StoredMove } from '../../workflows/store.ts'
import type { Context, Wired } from '../app.ts'
import { worldOf } from '../doctor/world.ts'
import { onlyFor, readiness } from './readiness.ts'
import { drillNames } from './names.ts'
import { drillSchedule } from './schedule.ts'
import { drillStandby } from './standby.ts'
import { drillSwitch } from './switch.ts'
import { planOfFailover } from './drills.ts'
import { beginMoves } from '../moves.ts'
import { protectedMoves } from '../watch/policy.ts'

export function drilling(parts: Wired, configOf: (context: Context) => Config) {
  const drill = async (context: Context, name: string, level: DrillLevel, signal: AbortSignal): Promise<DrillCard> => {
    const config = configOf(context)
    protectedMoves(config, name)
    const move = await standbyOf(parts.store, name)
    const plan = planOfFailover(move)
    if (plan === null) throw new LifeboatError('not-now', `${name} has no target yet, so there is nothing to drill.`)
    const ready = await readyFor(parts, onlyFor(config, name), move, signal)
    const all = isWell(ready) ? await held(parts, { context, config, move, level, signal }) : nothingStarted
    const now = Date.now()
    const [at, until] = [new Date(now).toISOString(), new Date(now + config.watch.policy.drillWithin).toISOString()]
    const card = drillCard({ move: name, level, plan, at }, { ...all, checks: [...ready, ...all.checks] }, until)
    await parts.store.saveDrill(card)
    return { ...card, report: await writePage(parts.reports, card, config.project) }
  }
  return {
    /** Holds a drill and keeps what it showed. Fails where it cannot be held. */
    drill,
    /** Holds those that are due, each time that what it answers is called. */
    drillSchedule: (context: Context, config: Config, signal: AbortSignal, onLog: (text: string) => void) =>
      drillSchedule({ config, store: parts.store, drill: async (move) => await drill(context, move, 'D1', signal), onLog }),
  }
}

function isWell(checks: readonly DrillCheck[]): boolean {
  return checks.every(({ severity }) => severity !== 'error')
}

type Asked = { readonly context: Context; readonly config: Config; readonly move: StoredMove; readonly level: DrillLevel; readonly signal: AbortSignal }

/** All of the level but its readiness. */
async function held(parts: Wired, { context, config, move, level, signal }: Asked): Promise<Drilled> {
  if (level === 'D0') return nothingStarted
  const named = level === 'D2' ? await drillNames(config, move, parts.identity, signal) : { checks: [], notDrilled: [] }
  if (!isWell(named.checks)) return { ...nothingStarted, ...named }
  const tried = await drillStandby(parts, move, context.who, signal)
  const apart = { ...tried, checks: [...named.checks, ...tried.checks], notDrilled: [...tried.notDrilled, ...named.notDrilled] }
  // What could not be tried apart from everybody is tried by the switch.
  if (level !== 'D3' || (apart.tried && !isWell(apart.checks))) return apart
  const again = { moves: [move.name], fingerprint: null, approval: 'person', isNewest: false, who: context.who } as const
  const standByAgain = async () => await beginMoves(parts, context.config, config, again, new AbortController().signal)
  const switched = await drillSwitch(parts, move, context.who, standByAgain)
  return { ...apart, ...switched, checks: [...(apart.tried ? apart.checks : []), ...switched.checks] }
}

const nothingStarted: Drilled = { tried: false, checks: [], isolation: null, notDrilled: [], recoverySeconds: null }

async function standbyOf(store: Store, name: string): Promise<StoredMove> {
  const move = await store.move(name)
  if (move === null || move.state === 'rolled-back')
    throw new LifeboatError('not-now', `${name} has no standby yet: lifeboat migrate ${name} makes one, which waits for approval.`)
  if (move.facts.serving === 'target') throw new LifeboatError('not-now', `${name} is served by its target; a drill needs one that only stands by.`)
  return move
}

async function readyFor(parts: Wired, config: Config, move: StoredMove, signal: AbortSignal): Promise<readonly DrillCheck[]> {
  const world = worldOf({ ...parts, config }, signal)
  try {
    return await readiness(world, move, signal)
  } finally {
    await world.close()
  }
}

/** The card and its page, among the reports. Answers where the page is. */
async function writePage(folder: string, card: DrillCard, project: string): Promise<string> {
  const base = join(folder, `${card.move}-drill-${card.at.replaceAll(/[:.]/g, '-')}`)
  await writeFile(`${base}.json`, `${JSON.stringify(card, null, 2)}\n`)
  await writeFile(`${base}.html`, drillHtml(card, project))
  return `${base}.html`
}
