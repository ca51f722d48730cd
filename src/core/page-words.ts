// What a status page says now and what became of its words, for the card of a provider.
import { z } from 'zod'
import type { Said } from './outage-score.ts'

const incident = z.object({
  incident: z.string(),
  title: z.string(),
  status: z.string(),
  impact: z.string(),
  /** By our clock. */
  firstSeenAt: z.string(),
  lastChangedAt: z.string(),
  posts: z.number(),
  /** Posts whose words changed or that were removed after we saw them. */
  edited: z.number(),
})

export const pageSchema = z.object({
  /** The first words that were kept. */
  since: z.string(),
  /** Its word of itself, or ours of it: `unreachable`, `unreadable`; null: it gives none. */
  status: z.string().nullable(),
  text: z.string(),
  /** The newest first; those that stood there when it was first looked at, too. */
  incidents: z.array(incident),
})

export type PageWords = Readonly<z.infer<typeof pageSchema>>

/** Of all that it said, in the order in which it was kept. Null: nothing. */
export function pageWords(said: readonly Said[]): PageWords | null {
  const [first] = said
  if (first === undefined) return null
  const itself = said.findLast(({ evidence }) => evidence.incident === '')?.evidence
  const incidents = Map.groupBy(
    said.filter(({ evidence }) => evidence.incident !== ''),
    ({ evidence }) => evidence.incident,
  )
  return {
    since: first.evidence.at,
    status: itself?.status ?? null,
    text: itself?.title ?? '',
    incidents: [...incidents].map(([name, own]) => incidentWords(name, own)).toReversed(),
  }
}

function incidentWords(name: string, own: readonly Said[]): PageWords['incidents'][number] {
  const whole = own.filter(({ evidence }) => !evidence.update)
  const posts = own.filter(({ evidence }) => Boolean(evidence.update))
  const { title, status, impact } = (whole.at(-1) ?? own.at(-1))?.evidence ?? { title: '', status: '', impact: '' }
  const names = new Set(posts.map(({ evidence }) => evidence.update))
  return {
    incident: name,
    title,
    status,
    impact,
    firstSeenAt: own[0]?.evidence.at ?? '',
    lastChangedAt: own.at(-1)?.evidence.at ?? '',
    posts: names.size,
    edited: [...names].filter((update) => posts.filter(({ evidence }) => evidence.update === update).length > 1).length,
  }
}
