// How long clients will wait, and what going back costs (runbook.md §4 and §5, "Price"). Figures measured on this very
// move are used where there are any; the rest are the stated assumptions below.
import { completeAt, otherSide, type MoveFacts } from './stored-move.ts'
import type { StepName } from './runbook.ts'
import type { Price } from './records.ts'

const assumed = { holdMs: 100, drainMs: 1000, verifyMs: 500, startMs: 1500, releaseMs: 100 } as const
const passBaseMs = 500
const perFileMs = 0.2
const margin = 1.3

/** Milliseconds from holding the first client to releasing the last. */
export function forecastPauseMs(facts: MoveFacts): number {
  return Math.round(margin * Object.values(forecastSteps(facts)).reduce((sum, ms) => sum + ms, 0))
}

/** What of that each step is thought to take, without the margin, in ms. */
export function forecastSteps(facts: MoveFacts) {
  const { drainMs, verifyMs, startMs, checkMs } = facts.measured
  return {
    'hold-clients': assumed.holdMs,
    'freeze-source': drainMs ?? assumed.drainMs,
    'final-sync': facts.lastPass === null ? passBaseMs + perFileMs * (facts.files ?? 0) : Math.max(passBaseMs, facts.lastPass.seconds * 1000),
    'verify-data': verifyMs ?? assumed.verifyMs,
    'promote-target': startMs ?? assumed.startMs,
    'check-target': checkMs ?? 0,
    'release-clients': assumed.releaseMs,
  } as const satisfies Partial<Record<StepName, number>>
}

/** One of those that are switched in one freeze; `after`: members and others. */
type Sharing = { readonly name: string; readonly after: readonly string[]; readonly facts: MoveFacts }

/**
 * Milliseconds from holding the first client of a shared freeze to releasing the last: clients are drained before what they
 * come after, all is copied and compared side by side, and what clients need is released before them.
 */
export function sharedPauseMs(members: readonly Sharing[]): number {
  const steps = new Map(members.map((member) => [member.name, forecastSteps(member.facts)]))
  const most = (row: 'final-sync' | 'verify-data'): number => Math.max(0, ...[...steps.values()].map((each) => each[row]))
  const drain = longestChain(members, ({ name }) => (steps.get(name)?.['hold-clients'] ?? 0) + (steps.get(name)?.['freeze-source'] ?? 0))
  return Math.round(margin * (drain + most('final-sync') + most('verify-data') + longestChain(members, ({ facts }) => forecastEndMs(facts))))
}

/** What remains of a shared freeze when this member is sealed: its own end, and after it those of its clients. */
export function sharedEndMs(members: readonly Sharing[], name: string): number {
  const me = members.find((member) => member.name === name)
  const clients = members.filter((member) => member.after.includes(name))
  return (me === undefined ? 0 : forecastEndMs(me.facts)) + Math.max(0, ...clients.map((client) => sharedEndMs(members, client.name)))
}

/** The longest sum along those that come after each other. */
function longestChain(members: readonly Sharing[], cost: (member: Sharing) => number): number {
  const known = new Map<string, number>()
  const ofChain = (member: Sharing): number => {
    const before = known.get(member.name)
    if (before !== undefined) return before
    const sum = cost(member) + Math.max(0, ...members.filter(({ name }) => member.after.includes(name)).map(ofChain))
    known.set(member.name, sum)
    return sum
  }
  return Math.max(0, ...members.map(ofChain))
}

/**
 * The same before anything was copied, from how many files changed within the hour before somebody looked inside. Passes
 * follow each other within seconds, so that the last one carries a minute's share of it at most.
 */
export function expectedPauseMs(changedInAnHour: number): number {
  const pass = passBaseMs + perFileMs * Math.ceil(changedInAnHour / 60)
  return Math.round(margin * (assumed.holdMs + assumed.drainMs + pass + assumed.verifyMs + assumed.startMs + assumed.releaseMs))
}

/** The part after the seal: promote, check, commit, release. */
export function forecastEndMs(facts: MoveFacts): number {
  const steps = forecastSteps(facts)
  return steps['promote-target'] + steps['check-target'] + steps['release-clients']
}

/** Why nobody can go back to a dead source, and what remains. */
export const sourceIsGone = 'The source does not answer; a new standby elsewhere, or `finish`, is what remains.'

/** Why nobody can go back without the target, what that would cost, and what remains. */
export function targetIsSilent({ targetSilentSince, lastPass }: Pick<MoveFacts, 'targetSilentSince' | 'lastPass'>): string {
  const lost = lastPass === null ? 'what was written since the switch' : `what was written since ${completeAt(lastPass)}, when the source was last equal to it`
  return `The target serves, and has not answered since ${targetSilentSince}. Going back needs it: without it ${lost}, would be lost, and Lifeboat does not do that. Power the target on again; the copy on the source stays as it is.`
}

/** What rolling back costs now; `pauseMs`: where others go back with it. */
export function rollbackPrice(facts: MoveFacts, pauseMs = forecastPauseMs(facts)): Price {
  const impossible = (why: string): Price => ({ possible: false, seconds: null, writesLost: null, why })
  const { sealedAlone } = facts
  if (sealedAlone !== null) return impossible(`The ${sealedAlone.side} is sealed and the ${otherSide(sealedAlone.side)} does not answer; nobody serves.`)
  if (facts.serving === 'source' && facts.fence !== null)
    return { possible: true, seconds: null, writesLost: 0, why: 'The source is fenced for a fail-over that did not come through; going back lets it go.' }
  if (facts.serving === 'source') return { possible: true, seconds: 0, writesLost: 0, why: 'The source serves; nothing has been switched.' }
  if (facts.failedOver !== null)
    return impossible('The source was fenced and given up; what it has is older than what is served, until `reprotect` has made it follow.')
  if (!facts.sourceAnswers) return impossible(sourceIsGone)
  if (facts.cannotFollow !== null) return impossible(`${facts.cannotFollow} The target serves on.`)
  if (facts.targetSilentSince !== null) return impossible(targetIsSilent(facts))
  return {
    possible: true,
    seconds: Math.ceil(pauseMs / 100) / 10,
    writesLost: 0,
    why: 'Both sides answer, so a final pass carries every write back.',
  }
}
