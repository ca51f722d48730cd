// Before the first sync: whether the two servers fit each other. Nothing of the source is changed.
import { LifeboatError } from '../../core/errors.ts'
import { act } from '../act.ts'
import type { Pair, Prepared, Side } from '../mover.ts'
import { configFile, leaderOf, nobody } from './follow.ts'
import { isOlder, misfits, positionIn, readableSettings, readInfo, readModules, readSettings, type Position } from './replies.ts'
import { talk, type Server } from './talk.ts'

type Seen = {
  readonly info: ReadonlyMap<string, string>
  readonly settings: ReadonlyMap<string, string>
  readonly modules: readonly string[]
  readonly clients: string
  readonly position: Position
}

/** Fails with gate-closed and every reason why the two do not fit, node-failed, or node-tool-missing. */
export async function prepare(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<Prepared> {
  await act(to, ['systemctl', 'enable', '--now', server.unit], { signal, role: 'closed' })
  const [here, there] = await Promise.all([look(server, from, signal), look(server, to, signal)])
  for (const side of [from, to]) await configFile(server, side, signal)
  const isOurs = [leaderOf(server), nobody].includes(there.position.follows ?? '')
  const why = [
    ...unfit(here),
    ...misfit(here, there),
    ...elsewhere(server, 'source', here),
    ...elsewhere(server, 'target', there),
    ...(isOurs || !holdsKeys(there) ? [] : ['the target holds keys of its own, which a first sync would remove']),
  ]
  if (why.length > 0) throw new LifeboatError('gate-closed', `Redis ${server.name} cannot be moved: ${why.join('; ')}.`, { details: { why } })
  await refuseSmall(server, here, to, signal)
  return { files: 0, bytes: mib(here) * 1024 * 1024, warnings: warningsOf(server, here, isOurs) }
}

async function look(server: Server, side: Side, signal: AbortSignal): Promise<Seen> {
  const ask = async (...commands: string[]) => await talk(server, side, commands, signal)
  const info = readInfo(await ask('INFO everything'))
  const settings = readSettings(await ask(`CONFIG GET ${readableSettings.join(' ')}`))
  return { info, settings, modules: readModules(await ask('MODULE LIST')), clients: await ask('CLIENT LIST'), position: positionIn(info) }
}

/** What speaks against moving the source by replication at all. */
function unfit({ info, clients, position }: Seen): readonly string[] {
  const mode = info.get('redis_mode') ?? 'unknown'
  return [
    ...(mode === 'standalone' ? [] : [`it runs as ${mode}`]),
    ...(position.follows === null ? [] : [`it follows ${position.follows} itself`]),
    // A Sentinel would make another one the primary in the middle of the switch.
    ...(/ name=sentinel-/.test(clients) ? ['a Sentinel watches it: stop that first'] : []),
  ]
}

function misfit(here: Seen, there: Seen): readonly string[] {
  const [old, young] = [here.info.get('redis_version') ?? '', there.info.get('redis_version') ?? '']
  const missing = here.modules.filter((name) => !there.modules.includes(name))
  return [
    ...(isOlder(young, old) ? [`the target has version ${young}, the source ${old}`] : []),
    ...(missing.length > 0 ? [`the target lacks the modules ${missing.join(', ')}`] : []),
    ...misfits(here.settings, there.settings),
  ]
}

/** The folder is claimed by the configuration alone: one that is another would be copied as files, too. */
function elsewhere({ folder }: Server, side: Side['name'], { settings }: Seen): readonly string[] {
  const dir = settings.get('dir')
  return dir === folder ? [] : [`its data lies in ${dir} on the ${side}, not in ${folder}: say so with \`folder:\``]
}

function holdsKeys({ info }: Seen): boolean {
  return [...info.keys()].some((name) => /^db\d+$/.test(name))
}

async function refuseSmall(server: Server, here: Seen, to: Side, signal: AbortSignal): Promise<void> {
  const { stdout } = await to.run(['cat', '/proc/meminfo'], { signal })
  const free = Math.floor(Number(/^MemAvailable: +(\d+) kB/m.exec(stdout)?.[1] ?? 'NaN') / 1024)
  if (free >= mib(here)) return
  throw new LifeboatError('gate-closed', `Redis ${server.name} holds ${mib(here)} MiB; the memory of the target offers ${free} MiB.`)
}

function mib({ info }: Seen): number {
  return Math.ceil(Number(info.get('used_memory') ?? 0) / 1024 / 1024)
}

function warningsOf(server: Server, { info }: Seen, isOurs: boolean): readonly string[] {
  const others = Number(info.get('connected_slaves') ?? 0) - (isOurs ? 1 : 0)
  return [
    ...(isOurs ? [] : [`The first sync of ${server.name} begins anew when it is interrupted.`]),
    ...(others > 0 ? [`${others} other replicas follow ${server.name} on the source; they do not move.`] : []),
  ]
}
