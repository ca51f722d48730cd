// GET /api/v1/evidence: what was seen, for people and for a Lifeboat elsewhere that follows an observer here. A page at a
// time, behind a place in the log (`after`) or of a stretch of time (`from`); and the same counted, for a map of days.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { rungs, type Evidence, type Rung } from '../core/evidence.ts'

type Kept = { readonly seq: number; readonly hash: string; readonly evidence: Evidence }
type Narrowing = {
  readonly kinds?: readonly Evidence['kind'][] | undefined
  readonly targets?: readonly string[] | undefined
  readonly observers?: readonly string[] | undefined
  readonly rungs?: readonly Rung[] | undefined
}
type Page = { readonly records: readonly Kept[]; readonly through: number; readonly head: number }

type Looks = {
  readonly at: string
  readonly observer: string
  readonly target: string
  readonly rungs: Readonly<Partial<Record<Rung, { readonly tried: number; readonly bad: number }>>>
}

/** What is asked of the log (watch/log/reader.ts). */
export type EvidenceSource = {
  readonly looks: (
    query: Pick<Narrowing, 'targets' | 'observers'> & { readonly from: string; readonly to: string; readonly everyMs: number },
  ) => Promise<readonly Looks[]>
  readonly after: (seq: number, limit: number, narrowing?: Narrowing) => Promise<Page>
  readonly read: (query: Narrowing & { readonly from: string; readonly to: string; readonly limit: number }) => Promise<readonly Kept[]>
}

const dayMs = 86_400_000
const list = <Each extends string>(each: z.ZodType<Each, string>) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(each))
    .optional()
const time = z.iso.datetime({ offset: true })
export const evidenceQuery = z
  .strictObject({
    after: z.coerce.number().int().nonnegative().optional(),
    from: time.optional(),
    to: time.optional(),
    limit: z.coerce.number().int().min(1).max(5000).default(1000),
    kinds: list(z.enum(['sample', 'health', 'signal', 'statement'])),
    targets: list(z.string()),
    observers: list(z.string()),
    rungs: list(z.enum(rungs)),
  })
  .refine(({ after, from }) => (after === undefined) !== (from === undefined), 'give either after= or from=')
  .refine(({ from, to }) => to === undefined || from !== undefined, 'to= is for from=')
  .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(to) - Date.parse(from) <= dayMs, 'ask for a day at most')

export const looksQuery = z
  .strictObject({
    from: time,
    to: time.optional(),
    minutes: z.coerce.number().int().min(1).max(1440).default(15),
    targets: list(z.string()),
    observers: list(z.string()),
  })
  .refine(({ from, to }) => to === undefined || Date.parse(to) - Date.parse(from) <= 7 * dayMs, 'ask for seven days at most')

/** `lifeboat.evidence-page/1`. `through`: where `after=` goes on; `head`: the last record of the log. `lifeboat.looks/1`: how often each rung was tried, and how often in vain. */
export function evidenceRoute(server: FastifyInstance, log: EvidenceSource): void {
  server.get('/api/v1/evidence', async (request) => {
    const { after, from, to, limit, ...narrowing } = evidenceQuery.parse(request.query)
    if (from === undefined) return { schema: 'lifeboat.evidence-page/1', ...(await log.after(after ?? 0, limit, narrowing)) }
    // Before it is read: what comes meanwhile is behind it.
    const { head } = await log.after(0, 0)
    const records = await log.read({ from, to: to ?? dayAfter(from), limit, ...narrowing })
    return { schema: 'lifeboat.evidence-page/1', records, through: (records.length === limit ? records.at(-1)?.seq : null) ?? head, head }
  })
  server.get('/api/v1/evidence/looks', async (request) => {
    const { from, to, minutes, ...narrowing } = looksQuery.parse(request.query)
    const everyMs = minutes * 60_000
    return { schema: 'lifeboat.looks/1', everyMs, looks: await log.looks({ from, to: to ?? dayAfter(from), everyMs, ...narrowing }) }
  })
}

function dayAfter(time: string): string {
  return new Date(Date.parse(time) + dayMs).toISOString()
}
