// What a schema cannot see: names that point elsewhere in the file, and settings that exclude each other.
import { wavesOf, wavesTogether } from '../core/waves.ts'
import { largestGroup } from '../core/judge-rules.ts'
import { nearest } from '../core/nearest.ts'
import { claimProblems } from './databases.ts'
import type { Path, Problem } from './problems.ts'
import type { Config, Kinds, MoveConfig } from './schema.ts'

/** Everything in this configuration that contradicts itself. */
export function crossChecks(config: Config, { claimsOf, declares }: Pick<Kinds, 'claimsOf' | 'declares'>): Problem[] {
  return [
    ...databaseProblems(config, declares),
    ...witnessProblems(config),
    ...quorumProblems(config),
    ...Object.entries(config.moves).flatMap(([name, move]) => [...moveProblems(config, name, move), ...claimProblems(name, move, claimsOf)]),
    ...cycleProblems(config),
    ...freezeProblems(config),
  ]
}

/** Beside a shared database nothing that another worker needs may stay on this machine. */
function databaseProblems({ database, pulumi, moves, providers }: Config, declares: Kinds['declares']): Problem[] {
  if (database === undefined) return []
  if (pulumi.backend?.startsWith('file:') === true)
    return [invalid(['pulumi', 'backend'], 'must not be file:// beside `database:`: workers on other machines could not see it')]
  const [made] = Object.entries(moves).find(([, { to }]) => declares(providers[to.provider]?.kind ?? '')) ?? []
  const missing = (['backend', 'passphrase'] as const).filter((key) => pulumi[key] === undefined)
  if (made === undefined || missing.length === 0) return []
  const keys = missing.map((key) => `pulumi.${key}`).join(' and ')
  return [invalid(['database'], `needs ${keys} beside it: what is made for ${made} would be known on this machine alone`)]
}

function witnessProblems({ watch, dns }: Config): Problem[] {
  const { witness } = watch.policy
  return witness === undefined ? [] : unknownName(['watch', 'policy', 'witness'], witness, dns, 'dns')
}

/** Observers that go blind together must not be enough, and those that there are must be. */
function quorumProblems({ watch: { observers, policy }, hooks }: Config): Problem[] {
  const path = ['watch', 'policy', 'quorum']
  const domains = observers.map(({ failureDomain }) => failureDomain)
  const group = largestGroup(domains)
  const domain = domains.find((each) => domains.filter((other) => other === each).length === group)
  if (policy.quorum <= group) return [invalid(path, `is ${policy.quorum}, and must be more than the ${group} observers of failure domain ${domain}`)]
  const votes = observers.length + (Object.keys(hooks).length > 0 ? 1 : 0)
  if (policy.mode === 'observe') return []
  if (observers.length === group && group > 0) return [invalid(['watch', 'observers'], `all share failure domain ${domain}: nothing could be confirmed`)]
  if (policy.quorum <= votes) return []
  return [invalid(path, `is ${policy.quorum}, and of observers and monitoring there are only ${votes} votes: it could never be reached`)]
}

function moveProblems(config: Config, name: string, move: MoveConfig): Problem[] {
  const path = ['moves', name]
  const data = dataNames(move)
  return [
    ...unknownName([...path, 'from', 'provider'], move.from.provider, config.providers, 'providers'),
    ...unknownName([...path, 'to', 'provider'], move.to.provider, config.providers, 'providers'),
    ...move.after.flatMap((other, index) => unknownName([...path, 'after', index], other, config.moves, 'moves')),
    ...move.names.flatMap((entry, index) => nameProblems(config, [...path, 'names', index], entry)),
    ...duplicates(data, [...path, 'data'], 'must have a name of its own: another one is called so'),
    ...duplicates(
      move.ports.map((port) => `${port.port}/${port.protocol}`),
      [...path, 'ports'],
      'is listed twice',
    ),
    ...duplicates(
      move.names.map((entry) => entry.name),
      [...path, 'names'],
      'is listed twice',
    ),
    ...duplicates([...move.singletons, ...move.services], [...path, 'services'], 'is listed twice, among services and singletons', move.singletons.length),
    ...move.checks.flatMap((check, index) => (check.kind === 'sql' ? sqlProblems(name, move, [...path, 'checks', index, 'data'], check.data) : [])),
  ]
}

/** A statement needs a database of that name to be asked of. */
function sqlProblems(name: string, move: MoveConfig, path: Path, asked: string): Problem[] {
  const names = dataNames(move)
  const isFolder = move.data[names.indexOf(asked)]?.kind === 'files'
  return isFolder
    ? [invalid(path, 'must be the name of a database: this is a folder')]
    : unknownName(path, asked, Object.fromEntries(names.map((key) => [key, true])), `moves.${name}.data`)
}

/** The name of each piece of data; its kind where it has none. */
export function dataNames(move: MoveConfig): string[] {
  return move.data.map((data) => data.name ?? data.kind)
}

function nameProblems({ dns }: Config, path: Path, { dns: provider, name }: { dns: string; name: string }): Problem[] {
  const zone = dns[provider]?.['zone']
  if (typeof zone !== 'string') return unknownName([...path, 'dns'], provider, dns, 'dns')
  const suffix = zone.toLowerCase().replace(/\.$/, '')
  return name === suffix || name.endsWith(`.${suffix}`) ? [] : [invalid([...path, 'name'], `must be in the zone ${suffix} of ${provider}`)]
}

function cycleProblems({ moves }: Config): Problem[] {
  const { cycle } = wavesOf(new Map(Object.entries(moves).map(([name, move]) => [name, move.after])))
  const [first] = cycle ?? []
  if (!cycle || first === undefined) return []
  return [{ path: ['moves', first, 'after'], code: 'after-cycle', text: `goes round: ${cycle.join(' -> ')}` }]
}

/** Members that are there, in one freeze only, with one window; and nobody else between them. */
function freezeProblems({ moves, freezes }: Config): Problem[] {
  const all = Object.entries(freezes).flatMap(([name, members]) => members.map((member, index) => ({ name, member, path: ['freezes', name, index] })))
  const wrong = all.flatMap(({ name, member, path }, index): Problem[] => {
    const earlier = all.slice(0, index).find((other) => other.member === member)
    if (earlier === undefined) return unknownName(path, member, moves, 'moves')
    return [invalid(path, earlier.name === name ? 'is listed twice' : `is in freezes.${earlier.name} already`)]
  })
  if (wrong.length > 0) return wrong
  return [...Object.entries(freezes).flatMap(([name, members]) => windowProblems(name, members, moves)), ...betweenProblems(moves, freezes)]
}

function windowProblems(name: string, members: readonly string[], moves: Config['moves']): Problem[] {
  const [first, ...others] = members
  const windowOf = (member = ''): string => JSON.stringify(moves[member]?.window ?? null)
  const other = others.find((member) => windowOf(member) !== windowOf(first))
  return other === undefined ? [] : [invalid(['freezes', name], `needs one window for all: those of ${first} and ${other} differ`)]
}

/** What must be switched after one member and before another one cannot wait for a freeze of both. */
function betweenProblems(moves: Config['moves'], freezes: Config['freezes']): Problem[] {
  const after = new Map(Object.entries(moves).map(([name, move]) => [name, move.after]))
  if (wavesOf(after).cycle !== null) return []
  const { cycle } = wavesTogether(after, new Map(Object.entries(freezes).map(([name, members]) => [`freezes.${name}`, members])))
  const name = Object.keys(freezes).find((each) => cycle?.includes(`freezes.${each}`) === true)
  if (cycle === null || name === undefined) return []
  return [{ path: ['freezes', name], code: 'after-cycle', text: `goes round with \`after:\`: ${cycle.join(' -> ')}` }]
}

function unknownName(path: Path, name: string, among: Readonly<Record<string, unknown>>, where: string): Problem[] {
  if (Object.hasOwn(among, name)) return []
  const known = Object.keys(among)
  const [near] = nearest(name, known, 1)
  const hint = near !== undefined ? `; did you mean ${near}?` : known.length > 0 ? `: ${known.join(', ')}` : ', which is empty'
  return [invalid(path, `is not one of \`${where}:\`${hint}`)]
}

function duplicates(names: readonly string[], path: Path, text: string, offset = 0): Problem[] {
  return names.flatMap((name, index) => (names.indexOf(name) < index ? [invalid([...path, Math.max(0, index - offset)], text)] : []))
}

function invalid(path: Path, text: string): Problem {
  return { path, code: 'config-invalid', text }
}
