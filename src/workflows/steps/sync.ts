// Data in step: recorders on both sides, a first copy, passes until there is little left.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { keptPass, sides } from '../../core/stored-move.ts'
import type { Mover, Pair, Pass, PassKind, Side } from '../../movers/mover.ts'
import { counted } from '../../core/units.ts'
import { inTurns } from '../../io/in-turns.ts'
import { reach, type Action, type Done, type Step } from '../run.ts'
import { audit, factsOf, wordsOf, type Audited } from './audit.ts'
import { whileFewCopy, withShare } from './in-slots.ts'
import { allMovers } from './movers.ts'
import { pairFrom } from './sides.ts'
import { onceBothAnswer, silenceBehind } from './silence.ts'
import { letOthersSwitch } from './waiting.ts'

const calmPassSeconds = 2
const restAfterAudit = 9

export const sync = {
  'start-recording': async (step) => {
    for (const side of sides) await (await reach(step, side)).call({ op: 'record-start', token: step.run.token }, step.signal)
    return { text: 'Changes are recorded on both sides.' }
  },

  'first-sync': async (step) => await copying(step, firstSync),
  'keep-in-sync': async (step) => await copying(step, catchUp),
} satisfies Record<string, Action>

/** A side that is silent keeps no place from others. */
async function copying(step: Step, copy: Action): Promise<Done> {
  return await onceBothAnswer(step, async () => await whileFewCopy(step, async () => await copy(step)))
}

async function firstSync(step: Step): Promise<Done> {
  await step.run.ports.markHoldsData(step.signal)
  await step.learn({ holdsData: true })
  const pair = await pairFrom(step, 'source')
  let files = 0
  for (const { name, mover } of step.run.ports.movers) {
    const prepared = await mover.prepare(pair, step.signal)
    const { bytes, warnings, said, figures } = prepared
    files += prepared.files
    await step.learn({ files })
    await step.say(`${name}: ${prepared.files} files, ${bytes} bytes${said === undefined ? '' : `; ${said}`}.`, {
      files: prepared.files,
      bytes,
      warnings,
      ...figures,
    })
    for (const warning of warnings) await step.say(`${name}: ${warning}`)
  }
  const done = await onePass(step, 'first')
  await keepClosings(step, pair.from)
  return done
}

/** What closes the databases of the source stands ready there: the target may have to take over one day without asking it. */
async function keepClosings(step: Step, source: Side): Promise<void> {
  const closings = await Promise.all(
    step.run.ports.movers.map(async ({ name, mover }) => (mover.closing === undefined ? [] : [{ id: name, ...(await mover.closing(source, step.signal)) }])),
  )
  await source.call({ op: 'closings', closings: closings.flat() }, step.signal)
}

async function catchUp(step: Step): Promise<Done> {
  for (;;) {
    const done = await onePass(step, 'repeat')
    if (Number(done.details?.['seconds'] ?? 0) <= calmPassSeconds) {
      const { unknown } = await compareInUse(step)
      if (unknown !== null) await step.say(`Not compared: ${unknown}.`)
      return done
    }
    await step.say(done.text, done.details)
  }
}

/** One pass of every mover from the side that serves to the other. A side that was restarted since the last one is not trusted. */
export async function onePass(step: Step, wanted: PassKind) {
  const { serving, attempt } = step.facts
  // Nobody shares with a final pass.
  if (wanted === 'final') return await passOf(step, wanted, await pairFrom(step, serving, { attempt }))
  return await withShare(step, async (linkMbps) => {
    const pair = await pairFrom(step, serving)
    if (linkMbps === null) return await passOf(step, wanted, pair)
    if (wanted === 'first') await step.say(`Its share of the link is ${linkMbps.toFixed(1)} Mbit/s (limits: linkMbps).`, { linkMbps })
    return await passOf(step, wanted, { ...pair, linkMbps })
  })
}

async function passOf(step: Step, wanted: PassKind, pair: Pair) {
  const { boots: known } = step.facts
  const { boots, gaveAt } = await seenOf(pair, step.signal)
  const isTrusted = known === null || (known.source === boots.source && known.target === boots.target)
  if (!isTrusted && wanted === 'final') throw new LifeboatError('gate-closed', 'A side was restarted since the last pass; both are compared first.')
  const kind = isTrusted ? wanted : 'audit'
  if (kind === 'audit') {
    await step.say('A side was restarted or differed; contents are compared.')
    await step.learn({ audited: null })
  }
  if (known === null) await step.learn({ boots })
  const began = performance.now()
  const beganAt = new Date().toISOString()
  const one = async (mover: Mover) => await mover.sync(pair, kind, step.signal, (text) => void step.say(text).catch(() => undefined))
  // A source that is in use has to carry one at a time only.
  const passes = kind === 'final' ? await allMovers(step, one) : await inTurns(step.run.ports.movers, 1, async ({ mover }) => await one(mover))
  const seconds = (performance.now() - began) / 1000
  const movedBytes = passes.reduce((sum, pass) => sum + pass.movedBytes, 0)
  const movedFiles = passes.reduce((sum, pass) => sum + pass.movedFiles, 0)
  const missingBytes = missingIn(passes)
  const made = { seconds, movedBytes, movedFiles, missingBytes, beganAt, endedAt: new Date().toISOString(), ...gaveAt }
  await step.learn({ boots, lastPass: keptPass(step.facts.lastPass, made) })
  return { text: `${movedFiles} files, ${movedBytes} bytes in ${seconds.toFixed(1)} s.`, details: { seconds, movedBytes, movedFiles } }
}

/** Null: nobody knows of any that something is missing, and of some that nothing is. */
function missingIn(passes: readonly Pass[]): number | null {
  const known = passes.flatMap(({ remainingBytes }) => remainingBytes ?? [])
  const sum = known.reduce((total, bytes) => total + bytes, 0)
  return sum > 0 || known.length === passes.length ? sum : null
}

/**
 * Compares what no comparison has covered yet, so that a freeze has little to compare: everything at first, later what has
 * changed. What differs and was not named as changed is mended by a pass that reads contents, once; the freeze looks at
 * everything then, as the recorder is not trusted any more.
 */
async function compareInUse(step: Step): Promise<Pick<Audited, 'unknown' | 'seconds'>> {
  const first = await audit(step, step.facts.audited === null ? 'whole' : 'changed')
  const [difference] = first.differences
  if (difference === undefined) {
    if (first.unknown === null && first.everything) await keepAudit(step, first)
    return first
  }
  await step.say(`${counted(first.differences.length, 'difference')} that no recorder named, the first: ${difference}.`)
  await step.learn({ boots: { source: '', target: '' } })
  await onePass(step, 'repeat')
  const again = await audit(step, 'whole')
  if (again.unknown === null) await keepAudit(step, again)
  return { unknown: again.unknown, seconds: first.seconds + again.seconds }
}

/** Moves that this process keeps in step while they wait: for all of them together it makes at most ten passes a second. */
const waiting = new Set<string>()
const passEveryMs = 100

export type Passes = ReturnType<typeof keepInStep>

/** Waits with `act`, which makes passes by the way. */
export async function whileKeptInStep<Result>(step: Step, act: (passes: Passes) => Promise<Result>): Promise<Result> {
  waiting.add(step.run.move)
  try {
    return await act(keepInStep(step))
  } finally {
    waiting.delete(step.run.move)
  }
}

/** One pass after the other, each followed by a comparison of what is new, which takes a tenth of the time at most. */
function keepInStep(step: Step) {
  let [due, nextAudit, told] = [0, 0, '']
  let silence: string | null = null
  const make = async (): Promise<{ readonly movedFiles: number }> => {
    await letOthersSwitch(step)
    try {
      const made = await passAndCompare()
      silence = null
      return made
    } catch (error) {
      silence = await silenceBehind(step, error)
      if (silence === null) throw error
      return { movedFiles: 0 }
    }
  }
  const passAndCompare = async (): Promise<{ readonly movedFiles: number }> => {
    const { details } = await onePass(step, 'repeat')
    due = performance.now() + passEveryMs * waiting.size
    if (performance.now() < nextAudit) return details
    const { unknown, seconds } = await compareInUse(step)
    nextAudit = performance.now() + restAfterAudit * 1000 * seconds
    if (unknown !== null && unknown !== told) await step.say(`Not compared: ${unknown}.`)
    told = unknown ?? ''
    return details
  }
  return {
    make,
    /** Why the last pass met a side that does not answer; null: it did not. */
    silence: (): string | null => silence,
    /** Until it is the turn of this move among all that wait. */
    dueInMs: (): number => Math.max(0, due - performance.now()),
  }
}

async function keepAudit(step: Step, found: Audited): Promise<void> {
  const audited = factsOf(found)
  await step.say(`${wordsOf(found)}.`, audited)
  await step.learn({ audited })
}

const helloOf = z.object({ bootId: z.string(), date: z.string().optional() })

/** Under which boots both sides are, and what the clock of the one that gives says; a helper of an older version does not tell. */
async function seenOf({ from, to }: Pair, signal: AbortSignal) {
  const [given, taken] = await Promise.all([from, to].map(async (side) => helloOf.parse(await side.call({ op: 'hello' }, signal))))
  const [one, other] = [given?.bootId ?? '', taken?.bootId ?? '']
  return {
    boots: from.name === 'source' ? { source: one, target: other } : { source: other, target: one },
    gaveAt: given?.date === undefined ? {} : { gaveAt: given.date },
  }
}
