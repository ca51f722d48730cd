// What a look inside a node found and its move does not name. A person may have left something out on purpose, so these
// are warnings: of the plan (from the last look), and of the move itself when it begins (from a fresh one).
import type { Move } from '../move.ts'
import { compareNotices, type Hint, type Node, type Notice } from '../node.ts'
import { hintsOf, type Peers } from './hints.ts'
import type { Writer } from './processes.ts'
import type { Inside } from './schema.ts'

/** What a move says of its node; the settings of one that runs say it, too. */
export type Named = Pick<Move, 'name' | 'ports' | 'services' | 'singletons' | 'data'>

export function notNamed(move: Named, node: Node, inside: Inside, peers: Peers): Notice[] {
  const hints = hintsOf(node, inside, new Map())
  const found = [
    ...ports(move, hints),
    ...services(move, hints, inside),
    ...data(move, hints),
    ...timers(move, inside),
    ...jobs(move, inside),
    ...literals(move, node, inside, peers),
  ]
  return found.sort(compareNotices)
}

function ports(move: Named, hints: readonly Hint[]): Notice[] {
  const named = new Set(move.ports.map(({ port, protocol }) => (protocol === 'tcp' ? String(port) : `${port}/${protocol}`)))
  return valuesOf('ports', hints)
    .filter((value) => !named.has(value))
    .map((value) =>
      warning('port-not-named', `Clients of port ${value} of ${move.name} are neither held nor forwarded: moves.${move.name}.ports does not name it.`),
    )
}

/** Units of the administrator, not of a package: they are why this node is not any other one. */
const isOwn = (file: string | null): boolean => file?.startsWith('/etc/systemd/system/') === true

function services(move: Named, hints: readonly Hint[], inside: Inside): Notice[] {
  const own = (inside.services ?? []).filter(({ substate, file, unit }) => substate === 'running' && isOwn(file) && !isStartedByTimer(unit, inside))
  const units = new Set([...valuesOf('services', hints), ...own.map(({ unit }) => unit)])
  return [...units]
    .filter((unit) => isForeign(unit, move))
    .map((unit) => warning('service-not-named', `${unit} of ${move.name} goes on during the switch: moves.${move.name}.services does not name it.`))
}

/** Units of servers that the mover of their kind stops and starts. */
const servers: Readonly<Record<string, RegExp>> = {
  postgres: /^(postgresql(@.+)?|pgbouncer)\.service$/,
  redis: /^redis-server(@.+)?\.service$/,
  mysql: /^(mariadb|mysql)(@.+)?\.service$/,
}

function isForeign(unit: string, move: Named): boolean {
  if (move.data.some(({ kind }) => servers[kind]?.test(unit) === true)) return false
  return !move.services.includes(unit) && !move.singletons.includes(unit) && !unit.startsWith('lifeboat-')
}

function isStartedByTimer(unit: string, { timers: all }: Inside): boolean {
  return (all ?? []).some(({ starts }) => starts === unit)
}

function data(move: Named, hints: readonly Hint[]): Notice[] {
  const paths = pathsOf(move)
  const isNamed = (value: string): boolean =>
    value.startsWith('/') ? paths.some((path) => isWithin(path, value) || isWithin(value, path)) : move.data.some(({ kind }) => kind === value)
  return valuesOf('data', hints)
    .filter((value) => !isNamed(value))
    .map((value) => warning('data-not-named', `${value} of ${move.name} holds data that is not copied: moves.${move.name}.data does not name it.`))
}

/** The folders that a move copies. */
export function pathsOf({ data: all }: Named): string[] {
  return all.flatMap(({ path }) => (typeof path === 'string' ? [path] : []))
}

/** Whether a path is this folder or below it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

function timers(move: Named, inside: Inside): Notice[] {
  return (inside.timers ?? [])
    .filter(({ unit, starts, state, file }) => state === 'active' && isOwn(file) && isForeign(unit, move) && (starts === null || isForeign(starts, move)))
    .map(({ unit }) => warning('timer-not-named', `${unit} of ${move.name} goes on after the switch: moves.${move.name}.singletons does not name it.`))
}

const cronUnits = ['cron.service', 'crond.service', 'cronie.service']

/** Cron runs all its jobs or none; on the target there would be none of them. */
function jobs(move: Named, inside: Inside): Notice[] {
  if (cronUnits.some((unit) => !isForeign(unit, move))) return []
  return (inside.jobs ?? [])
    .filter(({ packaged, file }) => packaged === false || file.startsWith('/var/spool/cron/'))
    .map(({ when, program, file }) => {
      const what = program === file ? file : `${program} in ${file}`
      return warning('job-not-named', `${what} (${when}) of ${move.name} goes on after the switch: moves.${move.name}.singletons names no cron.service.`)
    })
}

function literals(move: Named, node: Node, inside: Inside, peers: Peers): Notice[] {
  return (inside.literals ?? []).flatMap(({ address, file }) => {
    const [found] = peers.get(address) ?? []
    if (found === undefined) return []
    const whose = found.id === node.id ? 'its own address' : `${found.name} by its address`
    return [warning('literal-address', `${file} of ${move.name} names ${whose} ${address}: no switch of names reaches that.`)]
  })
}

/** Who writes to the data and is not stopped for the freeze. */
export function writersNotNamed(move: Named, writers: readonly Writer[]): Notice[] {
  return writers
    .filter(({ unit }) => unit === null || isForeign(unit, move))
    .map(({ unit, program, files: [first = '', ...more] }) => {
      const who = unit ?? program ?? 'A process that could not be seen'
      const what = more.length === 0 ? first : `${first} and ${more.length} more`
      return warning('writer-not-named', `${who} has ${what} open for writing, and moves.${move.name} does not name it: the freeze would wait for it in vain.`)
    })
}

function valuesOf(key: Hint['key'], hints: readonly Hint[]): string[] {
  return hints.filter((hint) => hint.key === key).map(({ value }) => value)
}

export function warning(code: string, text: string): Notice {
  return { code, severity: 'warning', text }
}
