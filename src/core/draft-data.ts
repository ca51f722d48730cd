// The data of a drafted move: folders that are file systems of their own, and databases that a mover of their kind can keep
// in step by replication.
import { isWithin } from './inside/not-named.ts'
import type { Database, Inside } from './inside/schema.ts'
import type { Hint } from './node.ts'

export type DraftData = {
  /** Under `data:`; keys that would say what they say by default are left out. */
  readonly entries: readonly Readonly<Record<string, unknown>>[]
  /** For each entry, and for each folder that is none, what that rests on. */
  readonly why: readonly string[]
  /** Units that movers start and stop themselves: a move that names them as well is refused. */
  readonly units: ReadonlySet<string>
}

/** `hints`: those of key `data`. */
export function draftData({ databases, listeners }: Pick<Inside, 'databases' | 'listeners'>, hints: readonly Hint[]): DraftData {
  const unitAt = (port: number | null): string | null => (listeners ?? []).find((one) => one.protocol === 'tcp' && one.port === port)?.unit ?? null
  const drafted = (databases ?? []).flatMap((database) => draftedDatabase(database, unitAt(database.port)) ?? [])
  const folders = hints.filter(({ value }) => value.startsWith('/'))
  const ownerOf = (path: string) => drafted.find(({ folder }) => folder !== null && (isWithin(path, folder) || isWithin(folder, path)))
  const files = folders.filter(({ value }) => ownerOf(value) === undefined)
  return {
    entries: [...files.map(({ value }) => ({ kind: 'files', path: value })), ...drafted.map(({ entry }) => entry)],
    why: [
      ...folders.map(({ value, text }) => {
        const owner = ownerOf(value)
        return owner === undefined ? `${value}: ${text}` : `${value} holds ${owner.title}, which is not copied as files: name what else is to move of it`
      }),
      ...drafted.map(({ title, unit }) => `${title} in ${unit}, by replication`),
    ],
    units: new Set(drafted.map(({ unit }) => unit)),
  }
}

type Drafted = { readonly entry: Readonly<Record<string, unknown>>; readonly unit: string; readonly folder: string | null; readonly title: string }

/** Null where no mover could take it: a replica, a server that is no unit or does not listen, MySQL, a cluster that is not Debian's. */
function draftedDatabase({ kind, version, port, role }: Database, unit: string | null): Drafted | null {
  if (unit === null || port === null || role === 'replica') return null
  const title = `${kind} ${version}`
  if (kind === 'postgresql') {
    const [, major, name] = /^postgresql@(\d+)-(.+)\.service$/.exec(unit) ?? []
    if (major === undefined) return null
    const cluster = `${major}/${name}`
    return { entry: { kind: 'postgres', cluster, ...unlessUsual('postgres', port, 5432) }, unit, folder: `/var/lib/postgresql/${cluster}`, title }
  }
  if (kind === 'redis')
    return { entry: { kind, ...unlessUsual(kind, port, 6379), ...(unit === 'redis-server.service' ? {} : { unit }) }, unit, folder: null, title }
  if (!/mariadb/i.test(version)) return null
  return { entry: { kind, ...unlessUsual(kind, port, 3306), ...(unit === 'mariadb.service' ? {} : { unit }) }, unit, folder: '/var/lib/mysql', title }
}

/** A second server of a kind needs a name of its own. */
function unlessUsual(kind: string, port: number, usual: number): Readonly<Record<string, unknown>> {
  return port === usual ? {} : { name: `${kind}-${port}`, port }
}
