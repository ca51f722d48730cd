// lifeboat approve | pause | rollback | finish | failover | reprotect MOVE
import { z } from 'zod'
import { describeClients, describeTogether } from '../core/after.ts'
import { LifeboatError } from '../core/errors.ts'
import { statusSchema, type MoveStatus } from '../core/records.ts'
import { formatDuration } from '../core/units.ts'
import type { SideName } from '../core/stored-move.ts'
import { priceText } from '../ui/status-view.ts'
import { confirm, typed } from '../ui/prompts.ts'
import { answer, say, type GlobalOptions } from './output.ts'
import { inSession, type Session } from './session.ts'
import { watchRuns, type Until } from './watch-runs.ts'

type Kind = 'approve' | 'pause' | 'rollback' | 'finish' | 'failover' | 'reprotect'
export type TellOptions = GlobalOptions & { readonly digest?: string; readonly targetIsOff?: boolean; readonly sourceIsOff?: boolean }

const runSchema = z.object({ move: z.string(), run: z.number() })
const begunSchema = runSchema.extend({ attached: z.boolean(), together: z.array(runSchema).default([]) })
const until: Readonly<Record<Kind, Until>> = {
  approve: 'switched',
  pause: 'told',
  rollback: 'rolled-back',
  finish: 'finished',
  failover: 'switched',
  reprotect: 'reprotected',
}

export function tell(kind: Kind) {
  return async (options: TellOptions, move: string): Promise<number> =>
    await inSession(options, 'some', async (session) => await tellIn(session, options, kind, move))
}

/** Says what it costs, asks where it cannot be taken back, sends the word, and watches it through. */
export async function tellIn(session: Session, options: TellOptions, kind: Kind, move: string): Promise<number> {
  const { client, context, signal } = session
  const { moves } = statusSchema.parse(await client.get(`/api/v1/status?move=${encodeURIComponent(move)}`, signal))
  if (kind === 'rollback') warnOfOthers(options, moves[0])
  const isOff = sideOff(options)
  if (options.yes !== true && !(await isMeant(questionOf(kind, moves[0]), isOff, signal))) throw new LifeboatError('not-now', 'Nothing was changed.')
  const since = z.object({ seq: z.number() }).parse(await client.get('/api/v1/seq', signal)).seq
  const body = { context, digest: options.digest ?? null, isOff }
  const begun = begunSchema.parse(await client.post(`/api/v1/moves/${encodeURIComponent(move)}/${kind}`, body, signal))
  if (until[kind] === 'told') {
    answer(options.json === true ? JSON.stringify(begun) : `${move} keeps in step and does not cut over; \`lifeboat approve ${move}\` ends it.`)
    return 0
  }
  const runs = [begun, ...begun.together]
  say(options, `${runs.map((run) => run.move).join(', ')} ${runs.length === 1 ? 'was' : 'were'} told to ${kind}.`)
  return await watchRuns(session, options, runs, until[kind], since)
}

/** Going back goes clients first; the other way round they work on, through what the new side forwards to the old one. */
function warnOfOthers(options: TellOptions, status: MoveStatus | undefined): void {
  if (status !== undefined && status.backTogether.length > 0) say(options, `! ${describeTogether(status.name, status.backTogether)}`)
  if (status !== undefined && status.backFirst.length > 0) say(options, `! ${describeClients(status.name, status.backFirst)}.`)
}

/** The side that is said to be off. */
function sideOff({ targetIsOff, sourceIsOff }: TellOptions): SideName | null {
  if (targetIsOff === true && sourceIsOff === true) throw new LifeboatError('usage', 'Only one side can be off: --target-is-off or --source-is-off.')
  return targetIsOff === true ? 'target' : sourceIsOff === true ? 'source' : null
}

/** That a side is off is asked for as a word: it is not to be answered by habit. */
async function isMeant(question: string | null, isOff: SideName | null, signal: AbortSignal): Promise<boolean> {
  if (isOff === null) return question === null || (await confirm({ message: question, flag: '--yes', signal }))
  const message = `The ${isOff} must be off, or cut off from everybody: else two sides serve, and what is written to one of them is lost. Type \`off\` to go on:`
  return await typed({ message, word: 'off', flag: '--yes', signal })
}

function questionOf(kind: Kind, status: MoveStatus | undefined): string | null {
  // It is refused, and told why.
  if (kind === 'rollback' && status?.sealedAlone) return null
  if (kind === 'rollback' && status !== undefined) return `Roll ${[status.name, ...status.backTogether].join(' and ')} back? ${priceText(status.rollback)}`
  if (kind === 'finish' && status !== undefined) return `Finish ${status.name}? The source is powered off; there is no way back after it.`
  if (kind === 'failover' && status !== undefined) return `Give the source of ${status.name} up? ${lossText(status)}`
  if (kind === 'reprotect' && status !== undefined)
    return `Make the source of ${status.name} the standby of its target? It gets what the target has; what only the source has is kept aside there, and merged nowhere.`
  return null
}

function lossText({ lagSeconds }: MoveStatus): string {
  const lost =
    lagSeconds === null
      ? 'nothing was copied yet'
      : `the copy was complete ${formatDuration(lagSeconds * 1000)} ago: what was written since then is lost, if it does not answer`
  return `It is fenced and its target serves; ${lost}.`
}
