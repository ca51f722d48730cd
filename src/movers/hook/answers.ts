// What a hook may answer, one schema for each method: pure. Documented with an example each in docs/hook.md.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'

export const protocol = 'lifeboat.hook/1'

const count = z.number().min(0)

export const answers = {
  prepare: z.object({ files: count.int().default(0), bytes: count.default(0), warnings: z.array(z.string()).default([]) }),
  sync: z.object({
    movedBytes: count.default(0),
    movedFiles: count.int().default(0),
    remainingBytes: count.nullable().default(null),
    lagSeconds: count.optional(),
  }),
  verify: z.object({ differences: z.array(z.object({ path: z.string(), what: z.string() })) }),
  promote: z.object({}),
  reverse: z.object({}),
  salvage: z.object({
    count: count.int().default(1),
    bytes: count.default(0),
    place: z.string().nullable().default(null),
    text: z.string().max(500).default(''),
  }),
  ask: z.object({}),
  release: z.object({}),
}
export type Method = keyof typeof answers
export type Answer<Of extends Method> = z.output<(typeof answers)[Of]>

/** Reads what a hook has printed; nothing is `{}`. Fails with answer-malformed. */
export function readAnswer<Of extends Method>(name: string, method: Of, text: string): Answer<Of> {
  const parsed = answers[method].safeParse(jsonIn(text))
  if (parsed.success) return parsed.data as Answer<Of>
  const [issue] = parsed.error.issues
  const where = issue === undefined || issue.path.length === 0 ? '' : ` (${issue.path.join('.')}: ${issue.message})`
  throw new LifeboatError('answer-malformed', `The hook ${name} answered ${method} with something else than ${protocol}${where}.`)
}

function jsonIn(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
