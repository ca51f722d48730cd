// Watches runs through the journal until each has come to what was wanted. Leaving (Ctrl-C) ends nothing.
import { z } from 'zod'
import { LifeboatError, codeOf, exitStatusOf, messageOf } from '../core/errors.ts'
import { recordSchema, type JournalRecord } from '../core/records.ts'
import { rowOf } from '../core/runbook.ts'
import { openProgress, type Progress } from '../ui/progress.ts'
import { confirm } from '../ui/prompts.ts'
import { tellFailure } from './failure.ts'
import { waitsInVain } from './in-vain.ts'
import { answer, say, type GlobalOptions } from './output.ts'
import type { Session } from './session.ts'

export type Until = 'switched' | 'rolled-back' | 'finished' | 'told' | 'rehearsed' | 'reprotected'
type Begun = { readonly move: string; readonly run: number }
type Verdict = { readonly status: number; readonly text: string; readonly failure?: LifeboatError }

/** The exit status: 0 when every run came to `until`, else that of the first which did not. Records up to `since` are old news. */
export async function watchRuns(session: Session, options: GlobalOptions, runs: readonly Begun[], until: Until, since = 0): Promise<number> {
  const past = (await pastOf(session, runs)).filter((record) => record.seq > since)
  const verdicts = new Map<string, Verdict>()
  const inVain = waitsInVain(new Set(runs.map((run) => run.move)))
  let progress = openProgress(options, runs)
  const show = (record: JournalRecord): void => {
    if (options.json === true) answer(JSON.stringify(record))
    progress.show(record)
  }
  const judge = async (record: JournalRecord): Promise<void> => {
    const question = until === 'rehearsed' ? null : wantsApproval(record, options)
    if (question !== null) progress = await askApproval(session, options, progress, runs, record.move, question)
    const verdict = verdictOf(record, until, options)
    if (verdict !== null) verdicts.set(record.move, verdict)
    inVain.note(record)
    if (until !== 'switched') return
    for (let found = inVain.failures(verdicts); found.length > 0; found = inVain.failures(verdicts))
      for (const [move, failure] of found) verdicts.set(move, failed(failure))
  }
  try {
    past.forEach(show)
    // What a move waits for is told once; what it does meanwhile says nothing of that.
    const telling = past.filter((record) => record.state !== 'progress')
    // A rehearsal is over soon, and what comes after it says nothing of it.
    const told = until === 'rehearsed' ? telling : new Map(telling.map((each) => [each.move, each])).values()
    for (const record of told) await judge(record)
    if (verdicts.size < runs.length) {
      for await (const record of session.client.follow(past.at(-1)?.seq ?? since, session.signal)) {
        if (!runs.some((run) => run.move === record.move && run.run === record.run)) continue
        show(record)
        await judge(record)
        if (verdicts.size === runs.length) break
      }
    }
  } finally {
    await progress.close()
  }
  return closingWords(session, options, verdicts, runs)
}

/** What is in the journal already, so that a terminal that comes later shows the whole run. */
async function pastOf({ client, signal }: Session, runs: readonly Begun[]): Promise<readonly JournalRecord[]> {
  const all = await Promise.all(
    runs.map(async ({ move, run }) => {
      const records = z.array(recordSchema).parse(await client.get(`/api/v1/journal?move=${encodeURIComponent(move)}`, signal))
      return records.filter((record) => record.run === run)
    }),
  )
  return all.flat().sort((left, right) => left.seq - right.seq)
}

/** What a record means for whoever waits; null: go on. */
function verdictOf(record: JournalRecord, until: Until, options: GlobalOptions): Verdict | null {
  if (record.step === 'move') return endingOf(record, until)
  if (until === 'rolled-back' && isUndoneForGood(record))
    return failed(new LifeboatError('gate-closed', `${record.move} could not go back now: ${record.text}`, { details: { move: record.move } }))
  if (until === 'rehearsed') return rehearsalOf(record)
  if (until === 'reprotected' && rowOf(record.step)?.phase === 'reprotect') return reprotectionOf(record)
  return record.state === 'waiting' ? waitingVerdict(record, until, options) : null
}

function waitingVerdict(record: JournalRecord, until: Until, options: GlobalOptions): Verdict | null {
  const { move, text, details } = record
  // It goes on waiting for its other side; whoever watches may have to do something.
  if (details['waitingFor'] === 'verdict') return failed(new LifeboatError('other-side-silent', `${move}: ${text}`, { details: { move, way: details['way'] } }))
  if (until !== 'switched') return null
  if (record.step === 'await-finish') return { status: 0, text: `${move} is switched and waits: lifeboat finish ${move}, or lifeboat rollback ${move}.` }
  if (!asksApproval(record) || canAsk(options)) return null
  return { status: exitStatusOf('waiting-approval'), text: `${move} is waiting for approval and keeps in step: lifeboat approve ${move}.` }
}

/** An attempt to leave that was undone is what a rollback wants; one to go back that was undone is what it did not, if it is not tried again. */
function isUndoneForGood({ step, state, details }: JournalRecord): boolean {
  return step === 'attempt' && state === 'undone' && details['serves'] === 'target' && details['again'] !== true
}

/** What a rehearsal came to; its move goes on. One that was begun again by another controller is not over. */
function rehearsalOf({ step, state, move, text, details }: JournalRecord): Verdict | null {
  if (step !== 'rehearse') return null
  if (state === 'done') return { status: 0, text: `${move} is rehearsed, keeps in step and waits: lifeboat approve ${move}. ${text}` }
  return state === 'failed' ? failed(new LifeboatError(codeOf(details), `${move}: ${text}`, { details: { move } })) : null
}

/** Its target serves on, whatever it came to. */
function reprotectionOf({ step, state, move, text, details }: JournalRecord): Verdict | null {
  if (state === 'failed') return failed(new LifeboatError(codeOf(details), `${move}: ${text}`, { details: { move } }))
  if (step !== 'reprotect' || state !== 'done') return null
  return { status: 0, text: `${move} is protected again: its source follows. ${text} lifeboat rollback ${move} goes home, lifeboat finish ${move} stays.` }
}

/** The end of a run. Going back is what a rollback wanted, and what nobody else did. */
function endingOf({ state, move, text, details }: JournalRecord, until: Until): Verdict | null {
  const wantedBack = until === 'rolled-back'
  if (state === 'done') return { status: wantedBack ? 5 : 0, text: `${move} is finished.` }
  if (state === 'undone') return { status: wantedBack ? 0 : 5, text: `${move} is rolled back; the source serves.` }
  return state === 'failed' ? failed(new LifeboatError(codeOf(details), `${move}: ${text}`, { details: { move } })) : null
}

function failed(failure: LifeboatError): Verdict {
  return { status: exitStatusOf(failure.code), text: failure.message, failure }
}

function wantsApproval(record: JournalRecord, options: GlobalOptions): string | null {
  if (!asksApproval(record) || !canAsk(options)) return null
  const pause = Number(record.details['forecastPauseMs'] ?? 0) / 1000
  return `Switch ${record.move} now? Its clients will wait for about ${pause.toFixed(1)} s.`
}

/** An approved move may wait at the same step, for its time. */
function asksApproval({ step, state, details }: JournalRecord): boolean {
  return step === 'await-approval' && state === 'waiting' && details['waitingFor'] === 'approval'
}

function canAsk(options: GlobalOptions): boolean {
  return process.stdin.isTTY === true && options.yes !== true && options.json !== true
}

/** Questions and the list never run at once: the list closes, the question is asked, a new list opens. */
async function askApproval(
  session: Session,
  options: GlobalOptions,
  progress: Progress,
  runs: readonly Begun[],
  move: string,
  question: string,
): Promise<Progress> {
  await progress.close()
  const yes = await confirm({ message: question, flag: '--yes', signal: session.signal })
  if (!yes) throw new LifeboatError('waiting-approval', `${move} waits for approval and keeps in step.`)
  // Somebody else may have approved it while the question stood here.
  await session.client
    .post(`/api/v1/moves/${encodeURIComponent(move)}/approve`, { context: session.context, digest: null }, session.signal)
    .catch((error: unknown) => {
      if (codeOf(error) !== 'not-now') throw error
      say(options, messageOf(error))
    })
  return openProgress(options, runs)
}

function closingWords(session: Session, options: GlobalOptions, verdicts: ReadonlyMap<string, Verdict>, runs: readonly Begun[]): number {
  if (session.signal.aborted) {
    say(options, `Detached; ${runs.map((run) => run.move).join(', ')} goes on. Look again with: lifeboat migrate, or lifeboat status --follow`)
    return 130
  }
  for (const { text, failure } of verdicts.values()) {
    if (failure === undefined) say(options, text)
    else tellFailure(options, failure)
  }
  return [...verdicts.values()].find((verdict) => verdict.status !== 0)?.status ?? 0
}
