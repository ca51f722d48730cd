// The target serves and is watched; the source follows it.
import { LifeboatError, codeOf, messageOf } from '../../core/errors.ts'
import { counted } from '../../core/units.ts'
import { rollbackPrice } from '../../core/forecast.ts'
import { runChecks } from '../../nodes/checks.ts'
import { sleep } from '../../io/wait.ts'
import { tellBackByPolicy } from '../going-back.ts'
import { isSilence, reach, type Action, type Done, type Step } from '../run.ts'
import { auditInBackground, refuseDifferences, wordsOf, type Background } from './audit.ts'
import { cachedNames, cachedText, lookForDrift } from './names-after.ts'
import { sourceWantedBack } from './reprotect.ts'
import { meansOf } from './sides.ts'
import { onePass } from './sync.ts'
import { recordsOfRun } from './waiting.ts'

const checkEveryMs = 5000
/** A single red check is told; that many in a row close the gate. */
const redInARow = 3
/** Far more than it takes to notice what was asked for. */
const noticedWithinMs = 60_000

export const watch = {
  'watch-target': async (step) => {
    const whole =
      step.facts.failedOver === null ? auditInBackground(step, async () => await followBack(step, async () => await onePass(step, 'repeat'))) : sourceIsOver
    try {
      return await watchTarget(step, whole)
    } finally {
      whole.stop()
    }
  },
} satisfies Record<string, Action>

const sourceIsOver: Background = { look: () => ({ found: null, why: 'the source was given up' }), stop: () => undefined }

/** Through the window, and until the whole tree is compared. */
async function watchTarget(step: Step, whole: Background): Promise<Done> {
  const end = performance.now() + step.settings.finish.watchForMs
  for (let red = 0; ;) {
    const wanted = await sourceWantedBack(step)
    if (wanted !== null) return wanted
    await askTarget(step)
    const failure = await firstRedCheck(step)
    red = failure === null ? 0 : red + 1
    if (failure !== null) await step.say(`${failure} (${red} in a row).`)
    if (failure !== null && red >= redInARow) await regressed(step, failure)
    const [stragglers, cached] = await Promise.all([countStragglers(step), cachedNames(step)])
    await step.learn({ cached })
    await lookForDrift(step)
    const compared = await tellComparison(step, whole)
    const leftMs = Math.max(0, end - performance.now())
    const seen = [stragglers === null ? 'Stragglers unknown' : counted(stragglers, 'straggler'), cachedText(cached)].filter(Boolean).join('; ')
    const details = { stragglers, cached, red }
    if (leftMs === 0 && red === 0 && compared !== runsStill)
      return { text: `${seen}; the checks held for ${step.settings.finish.watchForMs / 1000} s; ${compared}.`, details }
    await step.say(`${seen}; ${Math.ceil(leftMs / 1000)} s to watch; ${compared}.`, details)
    await sleep(Math.max(200, Math.min(checkEveryMs, leftMs)), step.signal)
  }
}

/** Goes back by itself where the move, and all that share its freeze, say so and that loses nothing, once; else a person must decide. Fails with gate-closed. */
async function regressed(step: Step, failure: string): Promise<void> {
  const text = `The target fails a check that the source passed: ${failure}.`
  if ((await hasFailedToGoBack(step)) || !(await tellBackByPolicy(step.run))) throw new LifeboatError('gate-closed', text)
  await step.say(`${text} Going back (finish.policy: auto-rollback).`, { price: rollbackPrice(step.facts) })
  // The step ends as it does when a person asks for it.
  await sleep(noticedWithinMs, step.signal)
}

async function hasFailedToGoBack(step: Step): Promise<boolean> {
  return (await recordsOfRun(step)).some((record) => record.step === 'attempt' && record.details['serves'] === 'target')
}

const runsStill = 'the whole tree is being compared'

async function tellComparison(step: Step, whole: Background): Promise<string> {
  const { found, why } = whole.look()
  if (found === null) return why === null ? runsStill : `the whole tree is not compared: ${why}`
  await refuseDifferences(step, found)
  return wordsOf(found)
}

/** The first check that the source passed and the target does not; null: all hold. */
async function firstRedCheck(step: Step): Promise<string | null> {
  const wanted = step.facts.checksPassed
  const target = await reach(step, 'target')
  const results = await runChecks(step.settings.checks, target, step.signal, meansOf(step, 'target', target))
  const failed = results.find((result) => wanted.includes(result.check) && !result.passed)
  return failed === undefined ? null : `${failed.check}: ${failed.text}`
}

/** Notes whether the target, which serves, answers: without it nobody goes back. Fails when it does not. */
export async function askTarget(step: Step): Promise<void> {
  try {
    await (await reach(step, 'target')).call({ op: 'hello' }, step.signal, 5000)
    if (step.facts.targetSilentSince !== null) await step.learn({ targetSilentSince: null })
  } catch (error) {
    step.signal.throwIfAborted()
    if (isSilence(error)) await step.learn({ targetSilentSince: step.facts.targetSilentSince ?? new Date().toISOString() })
    throw error
  }
}

/** One reverse pass. A source that cannot follow is told; the target serves on. */
export async function followBack(step: Step, pass: () => Promise<unknown>): Promise<void> {
  if (!step.settings.reverseSync || step.facts.failedOver !== null) return
  try {
    await pass()
    if (step.facts.cannotFollow !== null) await step.learn({ cannotFollow: null })
  } catch (error) {
    step.signal.throwIfAborted()
    if (!['ssh-unreachable', 'timeout', 'sync-failed', 'node-failed', 'cannot-follow'].includes(codeOf(error))) throw error
    // What will never be otherwise is told once, and makes the price.
    const forGood = codeOf(error) === 'cannot-follow' ? messageOf(error) : null
    if (forGood !== null && forGood === step.facts.cannotFollow) return
    await step.learn({ cannotFollow: forGood })
    await step.say(`The source does not follow: ${messageOf(error)}`)
  }
}

/** New connections to the old address since it forwards; null when the source does not answer. */
export async function countStragglers(step: Step): Promise<number | null> {
  try {
    const status = await (await reach(step, 'source')).call({ op: 'forward-status' }, step.signal, 5000)
    const stragglers = Number(status['flows'] ?? 0)
    await step.learn({ stragglers, sourceAnswers: true })
    return stragglers
  } catch (error) {
    step.signal.throwIfAborted()
    if (codeOf(error) === 'defect') throw error
    await step.learn({ sourceAnswers: false })
    return null
  }
}
