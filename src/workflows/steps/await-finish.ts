// A person decides between finish and rollback; until then the way back is kept open.
import { rollbackPrice, targetIsSilent } from '../../core/forecast.ts'
import { formatDuration } from '../../core/units.ts'
import { isSilence, type Done, type Step } from '../run.ts'
import { followNames } from './names-after.ts'
import { sourceWantedBack } from './reprotect.ts'
import { whileKeptInStep, type Passes } from './sync.ts'
import { recordsOfRun, restUnlessTold } from './waiting.ts'
import { askTarget, countStragglers, followBack } from './watch.ts'

const syncEveryMs = 3000

export async function awaitFinish(step: Step): Promise<Done> {
  return await whileKeptInStep(step, async (passes) => await untilFinished(step, passes))
}

async function untilFinished(step: Step, passes: Passes): Promise<Done> {
  const { signals } = step.run.services
  const look = followNames(step)
  const remind = await openReminder(step)
  for (let [told, heard] = [false, true]; ; told = true) {
    const asked = heard ? await signals.take(step.run.move, step.run.run, 'finish') : null
    if (asked !== null) return { text: 'Finish was asked for.', details: asked }
    const wanted = await sourceWantedBack(step)
    if (wanted !== null) return wanted
    if (passes.dueInMs() === 0) {
      if (await targetAnswers(step)) await followBack(step, passes.make)
      await countStragglers(step)
    }
    await look()
    const text = told ? remind() : 'Switched. Waiting for `finish` or `rollback`.'
    if (text !== null) await step.waitFor(text, { waitingFor: 'finish', price: rollbackPrice(step.facts) })
    heard = await restUnlessTold(step, 'finish', syncEveryMs)
  }
}

/** One that is silent is told once; the move waits on, as it may come back. */
async function targetAnswers(step: Step): Promise<boolean> {
  const wasSilent = step.facts.targetSilentSince !== null
  try {
    await askTarget(step)
    return true
  } catch (error) {
    if (!isSilence(error)) throw error
    if (!wasSilent) await step.waitFor(targetIsSilent(step.facts), { waitingFor: 'finish', price: rollbackPrice(step.facts) })
    return false
  }
}

/** Answers a sentence each time that `remindAfter` is over again since the move began to wait, also by an earlier process; else null. */
async function openReminder(step: Step): Promise<() => string | null> {
  const { remindAfterMs } = step.settings.finish
  const first = (await recordsOfRun(step)).find((record) => record.step === step.name && record.state === 'waiting')
  const since = first === undefined ? Date.now() : Date.parse(first.at)
  const timesNow = () => Math.floor((Date.now() - since) / remindAfterMs)
  let told = timesNow()
  return () => {
    if (timesNow() <= told) return null
    told = timesNow()
    return `Switched ${formatDuration(told * remindAfterMs)} ago and not finished: both sides cost. Waiting for \`finish\` or \`rollback\`.`
  }
}
