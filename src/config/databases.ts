// A database's own state is its guard, so what it has to itself belongs to nobody else in the same move.
import { wayTo } from '../core/way.ts'
import type { Problem } from './problems.ts'
import type { Kinds, MoveConfig } from './schema.ts'

type Claimed = { readonly index: number; readonly name: string; readonly claims: NonNullable<ReturnType<Kinds['claimsOf']>> }

/** Units, folders and ports of this move that its databases have to themselves. */
export function claimProblems(name: string, move: MoveConfig, claimsOf: Kinds['claimsOf']): Problem[] {
  const databases = move.data.flatMap((data, index): Claimed[] => {
    const claims = claimsOf(data)
    return claims === null ? [] : [{ index, name: data.name ?? data.kind, claims }]
  })
  return [...unitProblems(name, move, databases), ...folderProblems(name, move, databases), ...wayProblems(name, databases)]
}

function unitProblems(name: string, move: MoveConfig, databases: readonly Claimed[]): Problem[] {
  return (['services', 'singletons'] as const).flatMap((key) =>
    move[key].flatMap((unit, index) => {
      const owner = databases.find(({ claims }) => claims.units.includes(unit))
      return owner === undefined
        ? []
        : [invalid(['moves', name, key, index], `must not be named here: the database ${owner.name} is stopped and started by its mover`)]
    }),
  )
}

function folderProblems(name: string, move: MoveConfig, databases: readonly Claimed[]): Problem[] {
  return move.data.flatMap(({ path, exclude }, index) => {
    if (typeof path !== 'string') return []
    const leftOut = Array.isArray(exclude) ? exclude.map((pattern) => `${path}/${String(pattern)}`) : []
    const owner = databases.find(({ claims }) =>
      claims.folders.some((folder) => isWithin(path, folder) || (isWithin(folder, path) && !leftOut.some((each) => isWithin(folder, each)))),
    )
    return owner === undefined
      ? []
      : [invalid(['moves', name, 'data', index, 'path'], `overlaps the folder of the database ${owner.name}, which is kept in step by replication`)]
  })
}

/** Both would begin at the same port of the other side's loopback. */
function wayProblems(name: string, databases: readonly Claimed[]): Problem[] {
  return databases.flatMap(({ index, claims: { port } }, nth) => {
    const other = databases.slice(0, nth).find(({ claims }) => wayTo(claims.port) === wayTo(port))
    return other === undefined
      ? []
      : [invalid(['moves', name, 'data', index], `has a port too much like that of ${other.name}: both would be followed at port ${wayTo(port)}`)]
  })
}

function isWithin(path: string, folder: string): boolean {
  return `${path}/`.replaceAll(/\/+/g, '/').startsWith(`${folder}/`.replaceAll(/\/+/g, '/'))
}

function invalid(path: Problem['path'], text: string): Problem {
  return { path, code: 'config-invalid', text }
}
