// `lifeboat.doctor/1`: everything that could stop a move, tonight. One finding is one fact about one subject; an error
// would stop a move, a warning would make it harder or less safe.
import { z } from 'zod'

export const findingSchema = z.object({
  code: z.string(),
  severity: z.enum(['ok', 'warning', 'error']),
  text: z.string(),
  /** What to do; null where nothing is to be done. */
  hint: z.string().nullable(),
  /** `this machine`, or a key of lifeboat.yaml: `lifeboat.yaml`, `providers.old`, `dns.zone`, `moves.web-1`. */
  about: z.string(),
})

export const doctorSchema = z.object({
  schema: z.literal('lifeboat.doctor/1'),
  at: z.string(),
  /** No finding is an error. */
  fit: z.boolean(),
  findings: z.array(findingSchema),
})

export type Finding = Readonly<z.infer<typeof findingSchema>>
export type Doctor = Readonly<z.infer<typeof doctorSchema>>
/** What a check found of its subject. */
export type Found = Omit<Finding, 'about'>

export function ok(code: string, text: string): Found {
  return { code, severity: 'ok', text, hint: null }
}

export function warning(code: string, text: string, hint: string): Found {
  return { code, severity: 'warning', text, hint }
}

export function error(code: string, text: string, hint: string): Found {
  return { code, severity: 'error', text, hint }
}

const ranks = { error: 0, warning: 1, ok: 2 } as const

/** Subjects in the order in which they came, in each the worst first. `at`: ISO 8601. */
export function doctorOf(findings: readonly Finding[], at: string): Doctor {
  const subjects = [...new Set(findings.map(({ about }) => about))]
  const sorted = subjects.flatMap((subject) =>
    findings.filter(({ about }) => about === subject).toSorted((one, other) => ranks[one.severity] - ranks[other.severity]),
  )
  return { schema: 'lifeboat.doctor/1', at, fit: findings.every(({ severity }) => severity !== 'error'), findings: sorted }
}
