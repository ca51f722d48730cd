// What is wrong with a configuration, in sentences: `path: sentence (line N)`. No sentence ever shows a value of the
// file, only keys and what is allowed: a value may be a secret that stands in the wrong place.
import { z } from 'zod'
import { LifeboatError, type ErrorCode } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { Secret } from '../core/secret.ts'

export type Path = readonly (string | number)[]
export type Problem = { readonly path: Path; readonly code: ErrorCode; readonly text: string }

/** `moves.web-1.ports[2]` */
export function showPath(path: Path): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('')
}

/** One error for all problems: the first as the sentence, the others by their lines, all of them in the details. */
export function configError(problems: readonly Problem[], file: string, lineOf: (path: Path) => number): LifeboatError {
  const located = problems.map(({ path, code, text }) => ({ path: showPath(path), line: lineOf(path), code, text }))
  // A key that is not known explains the one that is missing, not the other way round.
  const isExplained = (problem: (typeof located)[number]) =>
    problem.text === 'is missing' && located.some((other) => other.code === 'config-unknown-key' && parentOf(other.path) === parentOf(problem.path))
  const rank = (problem: (typeof located)[number]) => (isExplained(problem) ? 1 : 0)
  located.sort((a, b) => a.line - b.line || rank(a) - rank(b))
  const first = located.find((problem) => !isExplained(problem)) ?? located[0]
  const others = located.filter((problem) => problem !== first)
  if (!first) return new LifeboatError('defect', 'A configuration without a problem was refused.')
  const where = first.path === '' ? '' : `${first.path}: `
  const lines = [...new Set(others.map((other) => other.line))].join(', ')
  const more =
    others.length === 0 ? '' : ` There ${others.length === 1 ? 'is one more problem, on line' : `are ${others.length} more problems, on line`} ${lines}.`
  return new LifeboatError(first.code, `${where}${first.text} (line ${first.line}).${more}`, { details: { file, problems: located } })
}

/** Of `moves.web-1.from` it is `moves.web-1`. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')))
}

/** zod's issues as problems; of a union, those of the branch that comes nearest. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], base: Path = []): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = [...base, ...pathOf(issue)]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        code: 'config-unknown-key',
        text: issue.message.split('\n')[index] ?? 'is not known here',
      }))
    }
    if (issue.code === 'invalid_union') {
      const branch = nearestBranch(issue.errors)
      if (branch) return problemsOf(branch, path)
    }
    const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined
    return [{ path, code: 'config-invalid', text: inner ?? issue.message }]
  })
}

/** The branch with the fewest complaints, unless it complains about the value as a whole: then the union speaks for itself. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const ofThisType = branches.filter((issues) => !issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0))
  const [best] = ofThisType.sort((a, b) => complaints(a) - complaints(b))
  return best ?? null
}

/** A key that is nearly right counts less than one that has nothing to do with the branch. */
function complaints(issues: readonly z.core.$ZodIssue[]): number {
  const weights = issues.map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.length - (issue.message.includes('did you mean') ? 0.5 : 0) : 1))
  return weights.reduce((sum, weight) => sum + weight, 0)
}

export function pathOf(issue: { readonly path: readonly PropertyKey[] }): Path {
  return issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
}

export const secretWanted = 'must be a reference to a secret (env:NAME, file:PATH, command:…), never the secret itself'

/** The words for each kind of complaint; schemas with a sentence of their own keep it. */
export const explain: z.core.$ZodErrorMap = (issue) => {
  if (issue.input === undefined || issue.input === null) return issue.input === undefined ? 'is missing' : 'has no value'
  return takesSecret(issue.inst) ? secretWanted : wording(issue)
}

/**
 * Whether this schema is `z.instanceof(Secret)`, described or not. It is asked, because `.describe()` copies the check
 * but not zod's note of the class.
 */
export function takesSecret(schema: unknown): boolean {
  if (!(schema instanceof z.ZodCustom)) return false
  const { fn } = schema.def
  try {
    return fn(new Secret('')) === true && [0, '', 'env:X', {}].every((value) => fn(value) === false)
  } catch {
    // A refinement of something else, that cannot even look at these.
    return false
  }
}

function wording(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(String(issue.expected))
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, knownKeys(issue.inst))).join('\n')
    case 'invalid_value':
      return oneOf(issue.values.map(String))
    case 'too_small':
      return `must be at least ${issue.minimum}${ofWhat(issue.origin)}`
    case 'too_big':
      return `must be at most ${issue.maximum}${ofWhat(issue.origin)}`
    case 'invalid_union':
      return wrongForm(issue)
    case 'invalid_format':
      return wrongFormat(issue.format)
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
      return undefined
  }
}

function wrongType(expected: string): string {
  const names: Record<string, string> = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  }
  return `must be ${names[expected] ?? expected}`
}

/** A union with a discriminator lists its kinds in `options`; one without has only the sentence of its schema. */
function wrongForm(issue: Readonly<Record<string, unknown>>): string {
  const { discriminator, options, input } = issue
  if (typeof discriminator !== 'string' || !Array.isArray(options)) return 'has none of the forms that are allowed here'
  const kinds = options.map(String)
  const word: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, discriminator) : undefined
  const [near] = typeof word === 'string' && kinds.length > 1 ? nearest(word, kinds, 1) : []
  return `${oneOf(kinds)}${near === undefined ? '' : `; did you mean ${near}?`}`
}

function wrongFormat(format: string): string {
  return format === 'url' ? 'must be a URL' : 'is not written as it must be'
}

function oneOf(values: readonly string[]): string {
  return `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}`
}

function unknownKey(key: string, known: readonly string[]): string {
  const [near] = nearest(key, known, 1)
  return near === undefined ? `is not known here; known are ${known.join(', ')}` : `is not known here; did you mean ${near}?`
}

function knownKeys(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

function ofWhat(origin: string): string {
  return origin === 'string' ? ' characters long' : origin === 'array' ? ' long' : ''
}
