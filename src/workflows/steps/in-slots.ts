// What many moves must not do at the same time waits here for its place (`limits:` of lifeboat.yaml).
import { describeWait, type Slot } from '../../core/slots.ts'
import type { Step } from '../run.ts'
import { tellOnce } from './waiting.ts'

/** A place outlives a controller that died by this much; kept anew several times within it. */
const lastsMs = 60_000
const keptEveryMs = 15_000
const lookEveryMs = 1000
const hourMs = 3_600_000

/** Copies once few enough others do, from this source and to this target. */
export async function whileFewCopy<Result>(step: Step, copy: () => Promise<Result>): Promise<Result> {
  const { from, to } = step.settings
  return await inSlots(
    step,
    [
      { kind: 'source', of: from.provider },
      { kind: 'target', of: to.provider },
    ],
    copy,
  )
}

/** Returns once few enough moves began at this target within the last hour. Where it exists already nothing is made. */
export async function awaitStart(step: Step): Promise<void> {
  const { plan } = step.run.ports
  if (plan.to.address === null && step.facts.target === null) await awaitSlots(step, [{ kind: 'start', of: plan.to.provider }], hourMs)
}

/** Copies with this move's share of what all may take (megabits a second); null: there is no limit. */
export async function withShare<Result>(step: Step, copy: (linkMbps: number | null) => Promise<Result>): Promise<Result> {
  const { linkMbps, perSource } = step.run.ports.limits
  if (linkMbps === undefined) return await copy(null)
  const { store } = step.run.services
  return await inSlots(step, [{ kind: 'link', of: 'all' }], async () => await copy(linkMbps / (await store.copiesAtOnce(perSource))))
}

/** Does it in these places, which are kept for as long as it takes. */
async function inSlots<Result>(step: Step, wanted: readonly Slot[], act: () => Promise<Result>): Promise<Result> {
  const { services, move } = step.run
  await awaitSlots(step, wanted, lastsMs)
  // What cannot be kept or left runs out.
  const keeper = setInterval(() => void services.store.keepSlots(move, wanted, lastsMs).catch(() => false), keptEveryMs)
  try {
    return await act()
  } finally {
    clearInterval(keeper)
    const kinds = wanted.map(({ kind }) => kind)
    await services.store.leaveSlots(move, kinds).catch(() => undefined)
  }
}

async function awaitSlots(step: Step, wanted: readonly Slot[], ms: number): Promise<void> {
  const { services, ports, move } = step.run
  const tell = tellOnce(step)
  for (let waited = false; ; waited = true) {
    const { full, holders, ahead } = await services.store.takeSlots(move, wanted, ports.limits, ms)
    if (full === null) {
      if (waited) await step.say('It is its turn.')
      return
    }
    await tell(describeWait(full, ports.limits), { waitingFor: 'slot', limit: full.kind, holders })
    await services.store.restInLine(ahead, lookEveryMs, step.signal)
    step.restartDeadline()
  }
}
