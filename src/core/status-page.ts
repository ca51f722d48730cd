// What a status page says, in one form whatever its make: Atlassian Statuspage (summary.json, incidents.json), or a plain
// list of incidents as Google Cloud's. Times are the page's own claims; when we saw it is for the caller to say.
import { z } from 'zod'
import type { Statement } from './evidence.ts'

/** One thing that a page says: of an incident as a whole (`update` empty), of one post about it, or of itself (`incident` empty). */
export type Post = Pick<Statement, 'incident' | 'status' | 'impact' | 'title' | 'body' | 'claimedAt'> & { readonly update: string }

const update = z.object({ id: z.string(), status: z.string(), body: z.string().nullable(), created_at: z.string() })
const incident = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  impact: z.string().nullish(),
  created_at: z.string(),
  incident_updates: z.array(update).default([]),
})
const component = z.object({ id: z.string(), name: z.string(), status: z.string() })
const statuspage = z.object({
  page: z.object({ updated_at: z.string() }).nullish(),
  status: z.object({ indicator: z.string(), description: z.string() }).nullish(),
  components: z.array(component).nullish(),
  incidents: z.array(incident),
})
const plainIncident = z.object({
  id: z.string(),
  created: z.string(),
  end: z.string().nullish(),
  external_desc: z.string(),
  status_impact: z.string().nullish(),
  severity: z.string().nullish(),
  updates: z.array(z.object({ created: z.string(), when: z.string().nullish(), text: z.string(), status: z.string().nullish() })).default([]),
})

/** Null: it is no page that we can read. Times as the page writes them. */
export function postsOf(page: unknown): readonly Post[] | null {
  const ours = statuspage.safeParse(page)
  if (ours.success) return [...itself(ours.data), ...ours.data.incidents.flatMap(ofIncident)]
  const plain = z.array(plainIncident).safeParse(page)
  return plain.success ? plain.data.flatMap(ofPlain) : null
}

function itself({ status, components, page }: z.infer<typeof statuspage>): Post[] {
  if (!status) return []
  const hurt = (components ?? []).filter((each) => each.status !== 'operational').map((each) => `${each.name}: ${each.status}`)
  const claimedAt = page?.updated_at ?? null
  return [{ incident: '', update: '', status: status.indicator, impact: status.indicator, title: status.description, body: hurt.join('\n'), claimedAt }]
}

function ofIncident({ id, name, status, impact, created_at: created, incident_updates: updates }: z.infer<typeof incident>): Post[] {
  const rest = { incident: id, impact: impact ?? '', title: name }
  // `created_at`: `display_at` can be set to anything.
  const posts = updates.map((each) => ({ ...rest, update: each.id, status: each.status, body: each.body ?? '', claimedAt: each.created_at }))
  return [{ ...rest, update: '', status, body: '', claimedAt: created }, ...posts.toReversed()]
}

function ofPlain({ id, created, end, external_desc: title, status_impact: impact, severity, updates }: z.infer<typeof plainIncident>): Post[] {
  const rest = { incident: id, impact: severity ?? impact ?? '', title }
  const posts = updates.map((each) => ({
    ...rest,
    // It gives its posts no name, and their times stay when their words change.
    update: each.created,
    status: each.status ?? '',
    body: each.text,
    claimedAt: each.created,
  }))
  return [{ ...rest, update: '', status: end ? 'resolved' : 'investigating', body: '', claimedAt: created }, ...posts.toReversed()]
}

/** The last words of each thing that a page says. */
export type Spoken = ReadonlyMap<string, Post>

export function keyOf({ incident: of, update: post }: Pick<Post, 'incident' | 'update'>): string {
  return JSON.stringify([of, post])
}

/**
 * What is said now and was not before, or in other words; a post that is gone while older ones of the list are still there
 * says `removed`. What falls off the end of a long list is only old.
 */
export function newlySaid(before: Spoken, now: readonly Post[]): readonly Post[] {
  const said = new Set(now.map(keyOf))
  const changed = now.filter((post) => !isSame(before.get(keyOf(post)), post))
  const oldest = now.flatMap(({ incident: of, claimedAt }) => (of === '' || claimedAt === null ? [] : [claimedAt])).reduce(least, null)
  const incidents = new Set(now.map((post) => post.incident))
  const gone = [...before.values()].filter((post) => {
    if (said.has(keyOf(post)) || post.incident === '' || post.status === 'removed') return false
    return incidents.has(post.incident) || oldest === null || (post.claimedAt !== null && post.claimedAt >= oldest)
  })
  return [...changed, ...gone.map((post) => ({ ...post, status: 'removed' }))]
}

/** Whose title or impact changes, changes as a whole; its posts have not been edited by that. */
function isSame(one: Post | undefined, other: Post): boolean {
  if (one === undefined || one.status !== other.status || one.body !== other.body) return false
  return other.update !== '' || (one.title === other.title && one.impact === other.impact)
}

function least(one: string | null, other: string): string {
  return one === null || other < one ? other : one
}
