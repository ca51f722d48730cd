// Where a provider's words and our evidence of an outage part.
import { msOf } from './instant.ts'
import { ranks, timeOf, type Contradiction, type OutageScore, type Said } from './outage-score.ts'
import { formatDuration } from './units.ts'

const measuredRank = { gray: 2, 'hard-down': 3 } as const

type Scored = Omit<OutageScore, 'contradictions'>
type Question = {
  readonly score: Scored
  readonly posts: readonly Said[]
  readonly said: readonly Said[]
  readonly everyMs: number
}

/** `about`: of all that was said, what is about this outage. */
export function contradictionsIn(score: Scored, about: readonly Said[], said: readonly Said[], everyMs: number): Contradiction[] {
  const posts = about.filter(({ evidence }) => evidence.incident !== '')
  const question = { score, posts, said, everyMs }
  return [allIsWell, playedDown, tooEarly, maintenance, backDated, silent].flatMap((ask) => ask(question))
}

function because(code: Contradiction['code'], text: string, ...saying: readonly Said[]): Contradiction[] {
  return [{ code, severity: 'warning', text, seqs: saying.map(({ seq }) => seq) }]
}

/** The page's word of itself, if it was `none` from the beginning to the end and nothing else was said meanwhile. */
function allIsWell({ score: { from, to, acknowledge }, said }: Question): Contradiction[] {
  const [t0, end] = [msOf(from), to === null ? Infinity : msOf(to)]
  if (acknowledge.ms !== null && t0 + acknowledge.ms < end) return []
  const itself = said.filter(({ evidence }) => evidence.incident === '')
  const before = itself.findLast((one) => timeOf(one) <= t0)
  const within = itself.filter((one) => timeOf(one) > t0 && timeOf(one) < end)
  if (before === undefined || ![before, ...within].every((one) => one.evidence.status === 'none')) return []
  return because('says-all-is-well', 'The page said that all is well, from the beginning of what we measured to its end.', before)
}

function playedDown({ score: { severity }, posts }: Question): Contradiction[] {
  const claims = posts.filter(({ evidence }) => ranks[evidence.impact] !== undefined)
  const [worst] = claims.toSorted((one, other) => (ranks[other.evidence.impact] ?? 0) - (ranks[one.evidence.impact] ?? 0))
  if (worst === undefined || (ranks[worst.evidence.impact] ?? 0) >= measuredRank[severity]) return []
  return because('played-down', `The page called it ${worst.evidence.impact}; what we measured is ${severity}.`, worst)
}

function tooEarly({ score: { restoreSaid, restoreSeen }, posts, everyMs }: Question): Contradiction[] {
  if (restoreSaid.ms === null || (restoreSeen.ms !== null && restoreSaid.ms >= restoreSeen.ms - everyMs)) return []
  const early = restoreSeen.ms === null ? 'and it lasts' : `${formatDuration(restoreSeen.ms - restoreSaid.ms)} before we saw it end`
  return because('resolved-too-early', `The page called it over, ${early}.`, ...posts.filter(({ seq }) => restoreSaid.seqs.includes(seq)))
}

function maintenance({ posts }: Question): Contradiction[] {
  const found = posts.find(({ evidence }) => evidence.impact === 'maintenance')
  return found === undefined ? [] : because('called-maintenance', 'The page called it maintenance, and first said so around the outage.', found)
}

/** It claims to be older than the look before the one that found it, and was not there then. */
function backDated({ posts, said, everyMs }: Question): Contradiction[] {
  return posts.flatMap((one) => {
    const { incident, update, claimedAt, status } = one.evidence
    const first = said.find(({ evidence }) => evidence.incident === incident && (evidence.update ?? '') === (update ?? ''))
    const age = claimedAt === null ? 0 : timeOf(one) - msOf(claimedAt)
    if (first !== one || status === 'removed' || age <= 2 * everyMs) return []
    // While it could not be read, nobody knows what stood there.
    if (silences(said, timeOf(one) - age, timeOf(one)).length > 0) return []
    return because('back-dated', `A post that was not there before claims to be ${formatDuration(age)} old.`, one)
  })
}

function silent({ score: { from, to }, said }: Question): Contradiction[] {
  const [found] = silences(said, msOf(from), to === null ? Infinity : msOf(to))
  return found === undefined ? [] : because('page-silent', 'The page itself could not be read in the outage.', found)
}

/** Words of the page on itself that tell that it could not be read, some time between these two. */
function silences(said: readonly Said[], from: number, to: number): readonly Said[] {
  const itself = said.filter((one) => one.evidence.incident === '' && timeOf(one) <= to)
  return itself.filter(({ evidence }, at) => {
    const next = itself[at + 1]
    return ['unreachable', 'unreadable'].includes(evidence.status) && (next === undefined || timeOf(next) > from)
  })
}
