// Level D1: the standby starts apart from everybody and passes its checks, then it is a copy again. That is a rehearsal
// (workflows/steps/rehearse.ts), which the run of the move carries out; here it is asked for, and its record read.
import { z } from 'zod'
import type { Drilled } from '../../core/drill.ts'
import { codeOf, LifeboatError } from '../../core/errors.ts'
import type { JournalRecord } from '../../core/records.ts'
import { waitUntil } from '../../io/wait.ts'
import type { StoredMove } from '../../workflows/store.ts'
import { tellMove, type Parts } from '../moves.ts'

/** A pass that is under way is waited for; more says that the move does something else. */
const beginsWithinMs = 60_000
/** As its row of the runbook, and how long its end may take to be written. */
const endsWithinMs = 630_000
const lookEveryMs = 250

const detailsSchema = z.object({
  startMs: z.number(),
  checkMs: z.number(),
  seconds: z.number(),
  started: z.array(z.object({ unit: z.string(), ms: z.number() })),
  checks: z.array(z.object({ check: z.string(), passed: z.boolean(), ms: z.number(), text: z.string() })),
  notRehearsed: z.array(z.string()),
  packets: z.object({ left: z.number(), refused: z.number() }),
})

/** Fails with what kept it from being held: then it says nothing of the standby. */
export async function drillStandby(parts: Parts, move: StoredMove, who: string, signal: AbortSignal): Promise<Drilled> {
  const since = await parts.journal.last()
  const began = performance.now()
  await tellMove(parts, move.name, 'rehearse', { digest: null, who })
  await untilBegun(parts, move, since, signal)
  const ended = await waitUntil(async () => (await rehearsals(parts, move, since)).find(({ state }) => state === 'done' || state === 'failed'), {
    what: `The end of the rehearsal of ${move.name}`,
    deadlineMs: endsWithinMs,
    everyMs: lookEveryMs,
    signal,
  })
  return drilledOf(ended, move.settings.services, Math.round(performance.now() - began))
}

async function untilBegun(parts: Parts, move: StoredMove, since: number, signal: AbortSignal): Promise<void> {
  const ask = async () => (await rehearsals(parts, move, since))[0]
  try {
    await waitUntil(ask, { what: 'A rehearsal', deadlineMs: beginsWithinMs, everyMs: lookEveryMs, signal })
  } catch (error) {
    // Nobody waits for it any more.
    await parts.signals.take(move.name, move.run, 'rehearse')
    if (codeOf(error) !== 'timeout') throw error
    const last = await parts.journal.latest(move.name)
    const text = `${move.name} did not begin a drill within ${beginsWithinMs / 1000} s, as it does not wait for approval: ${last?.text ?? 'it tells nothing'}`
    throw new LifeboatError('not-now', text, { cause: error })
  }
}

async function rehearsals({ journal }: Parts, { name, run }: StoredMove, since: number): Promise<readonly JournalRecord[]> {
  return (await journal.after(since, { move: name })).filter((record) => record.run === run && record.step === 'rehearse')
}

/** What the record of a rehearsal says of the standby. `services`: what a failover would start, whatever runs on the source; `ms`: how long it took in all. */
export function drilledOf(record: Pick<JournalRecord, 'move' | 'state' | 'text' | 'details'>, services: readonly string[], ms: number): Drilled {
  const about = 'standby'
  if (record.state !== 'done') {
    const code = codeOf(record.details)
    if (code !== 'gate-closed' || record.details['side'] === 'source')
      throw new LifeboatError(code, `The drill of ${record.move} could not be held: ${record.text}`, { details: { move: record.move } })
    const failed = { about, code, severity: 'error', text: record.text, hint: seeWords, ms } as const
    return { tried: true, checks: [failed], isolation: null, notDrilled: [], recoverySeconds: null }
  }
  const { startMs, checkMs, started, checks, notRehearsed, packets } = detailsSchema.parse(record.details)
  const told = (unit: string): boolean => started.some((each) => each.unit === unit) || notRehearsed.some((text) => text.startsWith(`${unit} (`))
  const notDrilled = [...notRehearsed, ...services.filter((unit) => !told(unit)).map((unit) => `${unit} (does not run on the source)`)]
  const tried = started.length > 0 || (services.length === 0 && checks.some(({ passed }) => passed))
  const all = [
    ...started.map((unit) => ({ code: 'started', severity: 'ok' as const, text: `${unit.unit} started.`, ms: Math.round(unit.ms) })),
    ...checks.map((check) => ({ code: 'check', ...(check.passed ? passes(check) : passesNowhere(check)), ms: check.ms })),
  ].map((each) => ({ about, hint: null, ...each }))
  return {
    tried,
    checks: tried ? all : [{ about, code: 'nothing-tried', severity: 'error', text: nothingTried, hint: tryHint, ms }],
    isolation: { packetsLeft: packets.left, packetsRefused: packets.refused },
    notDrilled,
    recoverySeconds: tried && notDrilled.length === 0 ? (startMs + checkMs) / 1000 : null,
  }
}

type Result = z.infer<typeof detailsSchema>['checks'][number]

function passes({ check }: Result) {
  return { severity: 'ok', text: `${check}.` } as const
}

/** Only what passes on the source is asked for. */
function passesNowhere({ check, text }: Result) {
  return { severity: 'warning', text: `${check} on neither side: ${text}.` } as const
}

const seeWords = 'See what the services said on the target (journalctl -u "lifeboat-*-rehearsal-*"), mend it, and drill again.'
const nothingTried = 'Nothing of the standby could be tried: no service was started, or there is none and no check can be asked.'
const tryHint = 'See below what was not tried, and why. Services start that run on the source; databases are left out.'
