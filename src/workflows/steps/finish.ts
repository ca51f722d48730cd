// The only way of no return: forwarding ends, the source is powered off (never deleted), what we put anywhere goes.
import { counted } from '../../core/units.ts'
import { sleep } from '../../io/wait.ts'
import { isSilence, reach, type Action, type Step } from '../run.ts'
import { releaseMovers } from './movers.ts'
import { removeHelper } from './prepare-node.ts'

const askEveryMs = 2000

export const finish = {
  /** Only when the old address has been quiet for long enough: whoever still comes there would be refused. */
  'stop-forwarding': async (step) => {
    const needMs = step.settings.finish.forwardForMs
    for (let told = false; ;) {
      const status = await sourceIfAlive(step, { op: 'forward-status' })
      if (status === null) return { text: 'The source does not answer; nothing is forwarded there any more.' }
      const sinceSwitch = Date.now() - Date.parse(step.facts.namesSwitchedAt ?? new Date(0).toISOString())
      const quietMs = Math.max(0, Math.min(Number(status['quietMs'] ?? 0), sinceSwitch))
      if (quietMs >= needMs) break
      if (!told)
        await step.waitFor(`The old address must be quiet for ${needMs / 1000} s; it is for ${Math.round(quietMs / 1000)} s.`, {
          waitingFor: 'quiet',
          quietMs,
          needMs,
        })
      told = true
      await sleep(Math.min(askEveryMs, needMs - quietMs), step.signal)
    }
    const answer = await sourceIfAlive(step, { op: 'stop-forward', token: step.run.token })
    return { text: `The old address refuses; ${counted(Number(answer?.['flows'] ?? 0), 'straggler')} came in all.`, details: { flows: answer?.['flows'] } }
  },

  'retire-source': async (step) => {
    await releaseMovers(step, 'target')
    await sourceIfAlive(step, { op: 'tombstone', token: step.run.token })
    return { text: await step.run.ports.retire(step.signal) }
  },

  'clean-up': async (step) => {
    await removeHelper(step, 'target', { finished: true })
    return { text: 'Nothing of ours is left on the target; the source is closed for good.' }
  },
} satisfies Record<string, Action>

/** The source may be dead by now (principle 7): then there is nothing to do there. */
async function sourceIfAlive(step: Step, request: { readonly op: string } & Readonly<Record<string, unknown>>) {
  try {
    return await (await reach(step, 'source')).call(request, step.signal)
  } catch (error) {
    step.signal.throwIfAborted()
    if (isSilence(error)) return null
    throw error
  }
}
