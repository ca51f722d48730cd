// The incidents of all moves: each is opened when an outage is confirmed, and closed when it is over.
import type { Config } from '../../config/schema.ts'
import { pointSteps, pointsOf } from '../../core/failovers.ts'
import { closedAt, openIncident, suspectedSince, type Decided, type Incident } from '../../core/incident.ts'
import type { Judged } from '../../core/judged.ts'
import { watchedName } from '../../core/serving.ts'
import type { Journal } from '../../workflows/journal.ts'
import type { Store } from '../../workflows/store.ts'

type Place = { readonly store: Store; readonly journal: Journal }

export type IncidentBook = {
  readonly follow: (move: string, judged: Judged) => Promise<void>
  /** What was decided in the incident of this move that lasts. */
  readonly note: (move: string, decision: Decided) => Promise<void>
}

export async function openIncidentBook(place: Place, config: Config, onLog: (text: string) => void): Promise<IncidentBook> {
  const { store } = place
  const open = new Map((await store.openIncidents()).map((incident) => [incident.move, incident]))
  const suspected = new Map([...open.values()].map(({ move, side, suspectedAt }) => [watchedName(move, side), Date.parse(suspectedAt)]))
  const save = async (incident: Incident): Promise<void> => {
    await store.saveIncident(incident)
    if (incident.closedAt === null) open.set(incident.move, incident)
    else open.delete(incident.move)
  }
  const begin = async (move: string, since: number, judged: Judged): Promise<void> => {
    const provider = config.moves[move]?.[judged.side === 'source' ? 'from' : 'to'].provider ?? ''
    const incident = openIncident(move, provider, since, judged)
    if (incident === null) return
    await save(incident)
    onLog(`Incident ${incident.id} is confirmed.`)
  }
  const end = async (incident: Incident, judged: Judged): Promise<void> => {
    const over = closedAt(judged, config.watch.policy.hold, await movedAt(place, incident))
    if (over === null) return
    await save({ ...incident, closedAt: over })
    onLog(`Incident ${incident.id} is over: lifeboat report ${incident.id}`)
  }
  return {
    follow: async (move, judged) => {
      const node = watchedName(move, judged.side)
      const since = suspectedSince(suspected.get(node) ?? null, judged)
      if (since === null) suspected.delete(node)
      else suspected.set(node, since)
      const incident = open.get(move)
      if (incident !== undefined) await end(incident, judged)
      else if (since !== null) await begin(move, since, judged)
    },
    note: async (move, decision) => {
      const incident = open.get(move)
      // What was done is told, not what could have been done again.
      if (incident !== undefined && !(incident.decision?.act === 'fail-over' && decision.act === 'propose')) await save({ ...incident, decision })
    },
  }
}

/** Over a node that was given up, the outage is over once the one that took over is well. */
async function movedAt({ journal }: Place, { move, suspectedAt }: Incident): Promise<string | null> {
  return pointsOf(await journal.ofSteps(pointSteps, suspectedAt, move)).T8 ?? null
}
