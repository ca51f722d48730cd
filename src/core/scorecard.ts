// How a provider bore itself in an outage that we measured: when it acknowledged, restored and explained, by our clock and from
// our own first bad sample; what it edited later, and where its words and our evidence part.
import { contradictionsIn } from './contradictions.ts'
import { msOf } from './instant.ts'
import { ranks, timeOf, type Moment, type Outage, type OutageScore, type Said } from './outage-score.ts'

/** Words seen so long before the first bad sample or after the last one may be about it. */
const relatedBeforeMs = 3_600_000
const relatedAfterMs = 7 * 86_400_000
const over = ['resolved', 'completed', 'postmortem']

/** `everyMs`: how often the page was looked at, which is how exact every time is. `said`: all its words, in their order. */
export function scoreOf(outage: Outage, said: readonly Said[], everyMs: number): OutageScore {
  const t0 = msOf(outage.from)
  const after = (one: Said | undefined): Moment => (one === undefined ? { ms: null, seqs: [] } : { ms: timeOf(one) - t0, seqs: [one.seq] })
  const about = aboutIt(outage, said)
  const posts = about.filter(({ evidence }) => evidence.incident !== '')
  const restored = posts.find(({ evidence }) => !evidence.update && over.includes(evidence.status))
  const times = posts.filter(({ evidence }) => evidence.update && evidence.status !== 'removed').map(timeOf)
  const edits = editsIn(posts)
  const acknowledge = after(about.find((one) => acknowledges(one, t0)))
  const score = {
    ...outage,
    watched: said.some((one) => timeOf(one) <= t0),
    acknowledge,
    restoreSaid: after(restored),
    restoreSeen: { ms: outage.to === null ? null : msOf(outage.to) - t0, seqs: [] },
    explain: explanation(posts, after),
    updates: times.length - edits.filter(({ act }) => act === 'edited').length,
    longestSilenceMs: longestSilence(times, t0, outage, restored),
    edits,
  }
  return { ...score, contradictions: contradictionsIn(score, about, said, everyMs) }
}

/** By time alone: which outage a page means it rarely says. Incidents first seen around the outage, and the page of itself within it. */
function aboutIt({ from, to }: Outage, said: readonly Said[]): readonly Said[] {
  const t0 = msOf(from)
  const end = to === null ? Infinity : msOf(to)
  const first = new Map<string, number>()
  for (const one of said) if (!first.has(one.evidence.incident)) first.set(one.evidence.incident, timeOf(one))
  const begin = said[0] === undefined ? 0 : timeOf(said[0])
  return said.filter((one) => {
    const { incident } = one.evidence
    if (incident === '') return timeOf(one) >= t0 && timeOf(one) <= end
    const seen = first.get(incident) ?? 0
    // What stood there when we first looked is history, unless that was within the outage.
    return seen >= t0 - relatedBeforeMs && seen <= end + relatedAfterMs && (seen > begin || seen >= t0)
  })
}

function acknowledges({ evidence }: Said, t0: number): boolean {
  const { incident, impact, status } = evidence
  if (incident === '') return (ranks[status] ?? 0) > 0 && msOf(evidence.at) >= t0
  return impact !== 'maintenance' && status !== 'removed'
}

function editsIn(posts: readonly Said[]): OutageScore['edits'] {
  const last = new Map<string, Said>()
  return posts.flatMap((one) => {
    const { incident, update, status, at } = one.evidence
    const key = JSON.stringify([incident, update ?? ''])
    const before = last.get(key)
    last.set(key, one)
    const isEdit = before !== undefined && (status === 'removed' || Boolean(update))
    return isEdit ? [{ at, incident, act: status === 'removed' ? ('removed' as const) : ('edited' as const), seqs: [before.seq, one.seq] }] : []
  })
}

const tells = {
  /** More than that there is something. */
  what: (text: string) => text.length >= 80,
  why: (text: string) => /\b(?:root cause|caused by|because|due to|as a result of|the cause)\b/i.test(text),
  steps: (text: string) =>
    /\b(?:to prevent|prevent(?:s|ing)? (?:this|it|a|similar|such)|action items|so that (?:this|it) (?:does|will) not|next steps|we (?:are|will be) (?:adding|changing|replacing|improving)|follow-up)\b/i.test(
      text,
    ),
}

/** The first moment at which all three stand in the words of one incident together. */
function explanation(posts: readonly Said[], after: (one: Said | undefined) => Moment): OutageScore['explain'] {
  const now = new Map<string, Said>()
  const complete = posts.find((one) => {
    now.set(JSON.stringify([one.evidence.incident, one.evidence.update ?? '']), one)
    const own = [...now.values()].filter(({ evidence }) => evidence.incident === one.evidence.incident)
    return Object.values(toldIn(own)).every(Boolean)
  })
  return { ...after(complete), ...toldIn(complete === undefined ? posts : [...now.values()]) }
}

function toldIn(posts: readonly Said[]): { readonly what: boolean; readonly why: boolean; readonly steps: boolean } {
  const texts = posts.filter(({ evidence }) => evidence.status !== 'removed').map(({ evidence }) => evidence.body)
  return { what: texts.some(tells.what), why: texts.some(tells.why), steps: texts.some(tells.steps) }
}

/** Between two posts, from the beginning of the outage to the word that it is over, or to its end. */
function longestSilence(times: readonly number[], t0: number, { to }: Outage, restored: Said | undefined): number | null {
  const end = restored === undefined ? (to === null ? undefined : msOf(to)) : timeOf(restored)
  if (end === undefined) return null
  const marks = [t0, ...times.filter((time) => time > t0 && time < end), end]
  return Math.max(...marks.slice(1).map((time, index) => time - (marks[index] ?? time)))
}
