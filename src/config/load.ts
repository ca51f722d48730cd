// lifeboat.yaml, from the text to a configuration that can be trusted. In two stages, because the one who knows the
// secrets (a command, in its user's environment) is not the one who uses them (the controller): `readConfig` parses and
// lists the references, `resolveReferences` gets their values, and with {text, baseFolder, values} over the socket the
// other side does `parseConfig` and `bindSecrets`.
import { homedir } from 'node:os'
import { basename } from 'node:path'
import type { z } from 'zod'
import { crossChecks } from './checks.ts'
import { configName, readText, type ConfigText } from './find.ts'
import type { Place } from './place.ts'
import { configError, explain, pathOf, problemsOf, secretWanted, showPath, type Path, type Problem } from './problems.ts'
import { isReference, UnboundSecret, type Reference } from './references.ts'
import { configSchema, type Config, type Kinds } from './schema.ts'
import { parseYaml } from './yaml-text.ts'

export type Draft = ConfigText & {
  /** Every secret in it is a placeholder until `bindSecrets`. */
  readonly document: Config
  readonly references: readonly Reference[]
}

/** Reads and parses a file. Fails as `parseConfig` does, and with config-missing. */
export async function readConfig(file: string, kinds: Kinds): Promise<Draft> {
  return parseConfig(await readText(file), kinds, basename(file))
}

/**
 * The configuration in a text, checked as a whole, with placeholders for secrets. Fails with config-invalid,
 * config-unknown-key, literal-secret or after-cycle; the details list every problem with its line.
 */
export function parseConfig({ text, baseFolder }: ConfigText, kinds: Kinds, file = configName): Draft {
  const { value, lineOf } = parseYaml(text, file)
  const place: Place = { baseFolder, home: homedir() }
  const schema = configSchema(kinds, place)
  const { references, problems } = placeSecrets(schema, value)
  const result = schema.safeParse(value, { error: explain })
  const found = result.success ? crossChecks(result.data, kinds) : problemsOf(result.error.issues)
  const taken = new Set(problems.map((problem) => showPath(problem.path)))
  const all = [...problems, ...found.filter((problem) => !taken.has(showPath(problem.path))), ...passwordsInUrls(value)]
  if (!result.success || all.length > 0) throw configError(all, file, lineOf)
  const located = references.map(({ reference, path }) => ({ reference, path: showPath(path), line: lineOf(path) }))
  return { text, baseFolder, document: result.data, references: located }
}

type Placed = { readonly references: { reference: string; path: Path }[]; readonly problems: Problem[] }

/**
 * Puts placeholders where the schema asks for a secret and the file has a reference. The schema itself tells where: it
 * complains about every text that stands where a `Secret` belongs.
 */
function placeSecrets(schema: z.ZodType, value: unknown): Placed {
  const placed: Placed = { references: [], problems: [] }
  for (const { path, isChoice } of secretPaths(schema.safeParse(value, { error: explain }).error?.issues ?? [])) {
    const holder = valueAt(value, path.slice(0, -1))
    const key = path.at(-1)
    if (typeof holder !== 'object' || holder === null || key === undefined) continue
    const found: unknown = Reflect.get(holder, key)
    const reference = found instanceof UnboundSecret ? found.reference : found
    // Where a mapping of secrets may stand as well, the schema tells what is wrong with it.
    if (reference === undefined || reference === null || (isChoice && typeof reference === 'object')) continue
    placeSecret(placed, holder, key, reference, path)
  }
  return placed
}

function placeSecret(placed: Placed, holder: object, key: string | number, reference: unknown, path: Path): void {
  if (typeof reference === 'string' && isReference(reference)) {
    Reflect.set(holder, key, new UnboundSecret(reference))
    placed.references.push({ reference, path })
  } else {
    placed.problems.push({ path, code: 'literal-secret', text: secretWanted })
  }
}

type SecretPath = { readonly path: Path; /** Something else may stand there, too. */ readonly isChoice: boolean }

function secretPaths(issues: readonly z.core.$ZodIssue[], base: Path = [], isChoice = false): SecretPath[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...pathOf(issue)]
    if (issue.code === 'invalid_union') return issue.errors.flatMap((branch) => secretPaths(branch, path, true))
    return issue.message === secretWanted ? [{ path, isChoice: isChoice && issue.path.length === 0 }] : []
  })
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), value)
}

/** `https://user:password@host` hides a secret where the schema expects none. */
function passwordsInUrls(value: unknown, path: Path = []): Problem[] {
  if (typeof value === 'string') {
    const hidden = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*:[^/?#\s@]+@/i.test(value)
    return hidden ? [{ path, code: 'literal-secret', text: 'must not have a password in its URL' }] : []
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => passwordsInUrls(item, [...path, index]))
  if (typeof value !== 'object' || value === null || value instanceof UnboundSecret) return []
  return Object.entries(value).flatMap(([key, item]) => passwordsInUrls(item, [...path, key]))
}
