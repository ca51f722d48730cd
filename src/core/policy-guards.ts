// The guards of a failover, a row each: for whom and when it is asked, and what it answers. Nothing that is unknown opens one.
import { aheadAtMostMs } from './judge-rules.ts'
import { counted, formatDuration } from './units.ts'
import type { PolicyInput } from './policy.ts'

/** Who wants it: the policy by itself, or a person who approved this very plan. */
export type Trigger = 'policy' | 'approval'
/** `decide`: nothing was done yet. `fence`: before the source is cut off. `promote`: before the standby serves, read again there. */
export type Moment = 'decide' | 'fence' | 'promote'

/** One guard and its answer: `measured` and `limit` in the unit that `text` names. */
export type Guard = {
  readonly code: GuardName
  readonly severity: 'ok' | 'error'
  readonly text: string
  /** Nobody knows; that refuses. */
  readonly unknown: boolean
  readonly measured: number | null
  readonly limit: number | null
}

export const approvalLastsMs = 15 * 60_000
/** A lag that was measured longer ago says nothing of now. */
export const lagSampleAgeMs = 10_000
const hourMs = 3_600_000

type Answer = Omit<Guard, 'code' | 'severity'> & { readonly met: boolean }
type Asked = { readonly input: PolicyInput; readonly trigger: Trigger; readonly moment: Moment; readonly failover: string | null }
type Row = { readonly for: readonly Trigger[]; readonly at: readonly Moment[]; readonly ask: (asked: Asked) => Answer }

const everybody = ['policy', 'approval'] as const
const policyAlone = ['policy'] as const
const always = ['decide', 'fence', 'promote'] as const
/** Once the source is cut off, what observers see of it is our own doing. */
const beforeFence = ['decide', 'fence'] as const

const table = {
  mode: { for: everybody, at: always, ask: mode },
  switch: { for: everybody, at: always, ask: bigRedSwitch },
  voters: { for: everybody, at: beforeFence, ask: voters },
  quorum: { for: everybody, at: beforeFence, ask: quorum },
  confirmed: { for: everybody, at: beforeFence, ask: confirmed },
  plan: { for: everybody, at: always, ask: plan },
  approval: { for: ['approval'], at: always, ask: approval },
  epoch: { for: everybody, at: ['fence', 'promote'], ask: epoch },
  fence: { for: everybody, at: always, ask: fence },
  lag: { for: everybody, at: always, ask: lag },
  'at-work': { for: everybody, at: always, ask: atWork },
  drill: { for: policyAlone, at: always, ask: drill },
  'block-period': { for: policyAlone, at: always, ask: blockPeriod },
  concurrent: { for: policyAlone, at: always, ask: concurrent },
  'per-hour': { for: policyAlone, at: always, ask: perHour },
} as const satisfies Readonly<Record<string, Row>>

export type GuardName = keyof typeof table
export const guardNames = Object.keys(table) as readonly GuardName[]

/** What each guard says that is asked at this moment. `failover`: the one that is at work already, which does not stand in its own way. */
export function guardsOf(input: PolicyInput, trigger: Trigger, moment: Moment, failover: string | null = null): readonly Guard[] {
  return guardNames.flatMap((code) => {
    const row: Row = table[code]
    if (!row.for.includes(trigger) || !row.at.includes(moment)) return []
    const { met, ...rest } = row.ask({ input, trigger, moment, failover })
    return [{ code, severity: met ? 'ok' : 'error', ...rest }]
  })
}

/** What lies in the future was written by a clock that is wrong, and says nothing. */
function isWithin(age: number, limit: number): boolean {
  return age <= limit && age >= -aheadAtMostMs
}

function answer(met: boolean, text: string, measured: number | null = null, limit: number | null = null): Answer {
  return { met, text, unknown: false, measured, limit }
}

function unknown(text: string, limit: number | null = null): Answer {
  return { met: false, text, unknown: true, measured: null, limit }
}

function mode({ input: { settings }, trigger }: Asked): Answer {
  const needed = trigger === 'policy' ? ['auto'] : ['propose', 'auto']
  const met = needed.includes(settings.mode)
  return answer(met, met ? `The mode is ${settings.mode}.` : `The mode is ${settings.mode}; this needs ${needed.join(' or ')}.`)
}

function bigRedSwitch({ input }: Asked): Answer {
  return answer(!input.off, input.off ? 'The policy is switched off (lifeboat policy enable).' : 'The policy is not switched off.')
}

function voters({ input: { settings } }: Asked): Answer {
  const { quorum: needed, largestGroup, observers } = settings
  if (observers <= largestGroup) return answer(false, `All ${observers} observers share one failure domain.`, observers, largestGroup)
  const met = needed > largestGroup
  return answer(
    met,
    `The quorum is ${needed}; of one failure domain there are ${largestGroup} observers${met ? '' : ', which go blind together'}.`,
    needed,
    largestGroup,
  )
}

function quorum({ input: { judged, settings } }: Asked): Answer {
  if (judged === null) return unknown('No observer has told anything.', settings.quorum)
  const votes = judged.down + (judged.monitorFires ? 1 : 0)
  const met = votes >= settings.quorum && judged.down > settings.largestGroup
  const monitor = judged.monitorFires ? ' and monitoring' : ''
  return answer(
    met,
    `${counted(judged.down, 'observer')}${monitor} say that it is down; ${settings.quorum} must, and more than ${counted(settings.largestGroup, 'observer')}.`,
    votes,
    settings.quorum,
  )
}

function confirmed({ input: { judged, now } }: Asked): Answer {
  if (judged === null || judged.standing === 'unknown') return unknown('Nobody knows how it is.')
  const age = now - judged.at
  if (!isWithin(age, judged.staleMs))
    return answer(false, `It was judged ${formatDuration(age)} ago, which may be ${formatDuration(judged.staleMs)}.`, age, judged.staleMs)
  return answer(judged.standing === 'confirmed', `It is ${judged.standing} (${judged.verdict}); only what is confirmed counts.`)
}

function plan({ input }: Asked): Answer {
  return input.plan === null ? unknown('There is no plan of a failover.') : answer(true, `The plan is ${input.plan}.`)
}

function approval({ input, failover }: Asked): Answer {
  const given = input.approval
  if (given === null) return answer(false, 'Nobody has approved it.')
  if (given.digest !== input.plan) return answer(false, `Approved was ${given.digest}, which is not this plan.`)
  if (given.used !== null && given.used.by !== failover) return answer(false, 'The approval was used already.')
  const age = (given.used?.at ?? input.now) - given.givenAt
  const met = age >= 0 && age <= approvalLastsMs
  return answer(met, `It was approved ${formatDuration(age)} before; an approval lasts ${formatDuration(approvalLastsMs)}.`, age, approvalLastsMs)
}

function epoch({ input }: Asked): Answer {
  if (input.epoch === null) return unknown('Nobody knows whose epoch is the highest.')
  const { own, highest } = input.epoch
  return answer(own === highest, `The epoch is ${own}, the highest granted is ${highest}.`, own, highest)
}

function fence({ input, moment }: Asked): Answer {
  const { ways, confirmedEpoch } = input.fence
  if (moment !== 'promote') return answer(ways > 0, `There are ${ways} ways to cut the source off; it must be confirmed before the standby serves.`, ways, 1)
  if (input.epoch === null) return unknown('Nobody knows under which epoch the source was cut off.')
  if (confirmedEpoch === null) return answer(false, 'It is not confirmed that the source is cut off.')
  return answer(
    confirmedEpoch === input.epoch.own,
    `The source was cut off under epoch ${confirmedEpoch}; ours is ${input.epoch.own}.`,
    confirmedEpoch,
    input.epoch.own,
  )
}

/** Of the time when the source stopped: what is measured later is no less. */
function lag({ input: { lag: sample, now, settings, stoppedAt } }: Asked): Answer {
  const limit = settings.maxLagMs
  if (sample === null) return unknown('Nobody knows how far the standby is behind.', limit)
  const age = sample.at > now ? now - sample.at : Math.max(0, (stoppedAt ?? now) - sample.at)
  const until = stoppedAt === null ? 'ago' : 'before the source stopped'
  if (!isWithin(age, lagSampleAgeMs))
    return answer(false, `The lag was measured ${formatDuration(age)} ${until}, which may be ${formatDuration(lagSampleAgeMs)}.`, age, lagSampleAgeMs)
  if (!sample.moves) return answer(false, 'The lag does not move: the standby may follow nothing.')
  return answer(sample.ms <= limit, `The standby is ${formatDuration(sample.ms)} behind, which may be ${formatDuration(limit)}.`, sample.ms, limit)
}

function drill({ input: { drill: last, now, plan: planned, settings } }: Asked): Answer {
  const limit = settings.drillWithinMs
  if (last === null) return unknown('No drill of the standby has passed.', limit)
  if (last.plan !== planned) return answer(false, 'The last drill that passed was of another plan.')
  const age = now - last.passedAt
  return answer(isWithin(age, limit), `The last drill passed ${formatDuration(age)} ago, which may be ${formatDuration(limit)}.`, age, limit)
}

function atWork({ input: { failovers, move }, failover }: Asked): Answer {
  if (failovers === null) return unknown('Nobody knows which failovers are at work.')
  const other = failovers.find((each) => each.move === move && each.endedAt === null && each.id !== failover)
  return answer(other === undefined, other === undefined ? 'No other failover of it is at work.' : `Failover ${other.id} of it is at work.`)
}

function blockPeriod({ input: { failovers, now, move, settings }, failover }: Asked): Answer {
  const limit = settings.blockPeriodMs
  if (failovers === null) return unknown('Nobody knows when it was failed over last.', limit)
  const last = failovers.filter((each) => each.move === move && each.id !== failover).reduce((latest, each) => Math.max(latest, each.endedAt ?? now), -Infinity)
  if (last === -Infinity) return answer(true, 'It was not failed over before.', null, limit)
  const age = now - last
  return answer(age >= limit, `The last failover of it ended ${formatDuration(age)} ago; by itself it waits ${formatDuration(limit)}.`, age, limit)
}

function concurrent({ input: { failovers, settings }, failover }: Asked): Answer {
  const limit = settings.maxConcurrent
  if (failovers === null) return unknown('Nobody knows which failovers are at work.', limit)
  const others = failovers.filter(({ endedAt, id }) => endedAt === null && id !== failover).length
  return answer(others < limit, `${others === 1 ? '1 failover is' : `${others} failovers are`} at work; ${limit} may be at once.`, others, limit)
}

function perHour({ input: { failovers, now, settings }, failover }: Asked): Answer {
  const limit = settings.maxPerHour
  if (failovers === null) return unknown('Nobody knows how many failovers there were within the hour.', limit)
  const others = failovers.filter(({ startedAt, by, id }) => by === 'policy' && now - startedAt < hourMs && id !== failover).length
  return answer(
    others < limit,
    `${others} failovers began by themselves within the hour; ${limit} may: if many fall at once, the observers may be what fell.`,
    others,
    limit,
  )
}
