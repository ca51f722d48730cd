// What is told of moves, while they run and afterwards: status, report, and whether the journal is what was written.
import type { Config } from '../config/schema.ts'
import { clientsToGoFirst } from '../core/after.ts'
import { LifeboatError } from '../core/errors.ts'
import type { MoveStatus, Status } from '../core/records.ts'
import type { Verification } from '../core/verification.ts'
import { goesBackWith } from '../workflows/going-back.ts'
import type { Progress } from '../workflows/store.ts'
import type { Context, Wired } from './app.ts'
import { reportIncident } from './watch/incident-report.ts'
import { plannedOf, readSamples, writeReport, type Written } from './reporting.ts'
import { statusOf } from './status.ts'
import { verifyJournal } from './verifying.ts'

export function accounts(parts: Wired, configOf: (context: Context) => Config) {
  return {
    status: async (name: string | null): Promise<Status> => {
      const moves = await statusesOf(parts, name === null ? null : [name])
      if (name !== null && moves.length === 0) throw new LifeboatError('move-unknown', `The move ${name} was never started.`)
      return { schema: 'lifeboat.status/1', moves }
    },
    /** Of an incident by its number, of one move, or of all moves. `samples`: a file of what clients measured. */
    report: async (
      context: Context,
      move: string | null,
      traffic: { readonly samples: string | null; readonly lostWrites: number | null; readonly isPublic: boolean },
    ): Promise<Written> => {
      const config = configOf(context)
      const incident = move === null ? null : await reportIncident(parts, config, move, traffic)
      if (incident !== null) return incident
      if (traffic.isPublic) throw new LifeboatError('move-unknown', `There is no incident ${move ?? ''}${await knownIncidents(parts)}.`)
      const moves = (await parts.store.moves()).filter((each) => move === null || each.name === move)
      if (moves.length === 0)
        throw new LifeboatError('move-unknown', `No such move was ever started, and there was no such incident${await knownIncidents(parts)}.`)
      const records = await parts.journal.after(0, { limit: 1_000_000, ...(move === null ? {} : { move }) })
      const statuses = await statusesOf(
        parts,
        moves.map(({ name }) => name),
      )
      const samples = traffic.samples === null ? null : await readSamples(traffic.samples)
      const input = {
        project: config.project,
        records,
        statuses,
        plan: plannedOf(moves),
        traffic: samples === null ? null : { samples, lostWrites: traffic.lostWrites },
      }
      return await writeReport(parts.reports, move ?? 'all', input)
    },
    /** Whether the journal of one move, or of all, is what was written. `against`: a report that was kept elsewhere. */
    verify: async (move: string | null, against: string | null): Promise<Verification> => await verifyJournal(parts, move, against),
  }
}

async function knownIncidents({ store }: Wired): Promise<string> {
  const known = (await store.incidents({ limit: 5 })).map(({ id }) => id)
  return known.length === 0 ? '' : `; the last are ${known.join(', ')}`
}

async function statusesOf({ store, journal, waitingForVersion }: Wired, names: readonly string[] | null): Promise<MoveStatus[]> {
  const [moves, clients, left] = await Promise.all([store.progress(names), store.standings().then(clientsToGoFirst), waitingForVersion()])
  const latest = await journal.latestOf(moves.map(({ name }) => name))
  const stand = async (move: Progress): Promise<MoveStatus> => {
    const around = { clients: clients.get(move.name) ?? [], together: move.freeze === null ? [] : await goesBackWith(store, move.freeze) }
    const status = statusOf(move, latest.get(move.name) ?? null, Date.now(), around)
    const runbook = left.get(move.name)
    return runbook === undefined ? status : { ...status, waitingFor: 'worker-version', runbook }
  }
  return await Promise.all(moves.map(stand))
}
