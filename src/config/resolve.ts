// One move with everything that it inherits: its own keys, then its provider's, then `defaults`, then ours.
import type { Move, SshAccess } from '../core/move.ts'
import { LifeboatError } from '../core/errors.ts'
import { didYouMean } from '../core/nearest.ts'
import { Secret } from '../core/secret.ts'
import { clientsFirst, type SharedFreeze } from '../core/shared-freeze.ts'
import { dataNames } from './checks.ts'
import type { Config, MoveConfig, ProviderConfig, SshConfig } from './schema.ts'

const hour = 3_600_000

/** These moves, or all of them, sorted. Fails with move-unknown. */
export function resolveMoves(config: Config, names: readonly string[] = []): Move[] {
  const wanted = names.length > 0 ? names : Object.keys(config.moves)
  return [...new Set(wanted)].sort().map((name) => resolveMove(config, name))
}

/** One move, complete. A pure function of the configuration. Fails with move-unknown. */
export function resolveMove(config: Config, name: string): Move {
  const move = Object.hasOwn(config.moves, name) ? config.moves[name] : undefined
  if (!move) throw unknownMove(config, name)
  const { services, singletons, ports, checks, names, after, window = null, fence } = move
  const ends = endsOf(name, move)
  const called = dataNames(move)
  const freeze = freezeOf(config, name)
  return {
    ...ends,
    name,
    project: config.project,
    ssh: {
      source: sshAccess(move.ssh, ends.from.provider, ends.from.id ?? ends.from.name, config),
      target: sshAccess(move.to.ssh, ends.to.provider, ends.to.node ?? name, config),
    },
    ...pausesOf(move, config),
    ...(freeze === null ? {} : { freeze, downtimeBudgetMs: sharedBudgetMs(config, freeze) }),
    data: move.data.map((data, index) => ({ ...data, name: called[index] ?? data.kind })),
    services,
    singletons,
    ports,
    checks,
    names,
    after,
    window,
    standby: standbyOf(move),
    fence,
  }
}

function endsOf(name: string, { from, to }: MoveConfig): Pick<Move, 'from' | 'to'> {
  return {
    from: {
      provider: from.provider,
      id: from.id ?? null,
      name: from.id === undefined ? (from.name ?? name) : null,
      ...(from.monthlyCost === undefined ? {} : { monthlyCost: from.monthlyCost }),
    },
    to: { provider: to.provider, size: to.size, image: to.image ?? null, diskGiB: to.disk ?? null, node: to.node ?? null },
  }
}

function pausesOf(move: MoveConfig, { defaults }: Config): Pick<Move, 'downtimeBudgetMs' | 'reverseSync' | 'finish'> {
  const { downtimeBudget = 20_000, reverseSync = true } = { ...given(defaults), ...given(move) }
  const { policy = 'manual', remindAfter = 72 * hour, watchFor = hour / 2, forwardFor = 24 * hour } = { ...given(defaults.finish), ...given(move.finish) }
  return { downtimeBudgetMs: downtimeBudget, reverseSync, finish: { policy, remindAfterMs: remindAfter, watchForMs: watchFor, forwardForMs: forwardFor } }
}

function freezeOf({ freezes, moves }: Config, name: string): SharedFreeze | null {
  const [called, members] = Object.entries(freezes).find(([, all]) => all.includes(name)) ?? []
  return called === undefined || members === undefined ? null : { name: called, members: clientsFirst(members, (each) => moves[each]?.after ?? []) }
}

/** One pause has one budget: the smallest. */
function sharedBudgetMs(config: Config, { members }: SharedFreeze): number {
  return Math.min(...members.flatMap((name) => (config.moves[name] === undefined ? [] : [pausesOf(config.moves[name], config).downtimeBudgetMs])))
}

function standbyOf({ standby }: MoveConfig): Move['standby'] {
  return standby ? { size: standby.size ?? null, drillMs: standby.drill ?? null } : null
}

/** How ssh reaches this node of a provider: as its move says, where there is one, else as its provider does. */
export function nodeAccess(config: Config, provider: string, node: { readonly id: string; readonly name: string }): SshAccess {
  const moves = Object.entries(config.moves).map(([name, move]) => ({ ...endsOf(name, move), ssh: move.ssh }))
  const own = moves.find(({ from }) => from.provider === provider && (from.id === null ? from.name === node.name : from.id === node.id))
  return sshAccess(own?.ssh, provider, node.id, config)
}

type OwnSsh = (SshConfig & { readonly address?: string | undefined }) | undefined

function sshAccess(own: OwnSsh, provider: string, node: string | null, { providers, defaults }: Config): SshAccess {
  const of = providers[provider]
  const ssh: OwnSsh = { ...given(defaults.ssh), ...given(of?.ssh), ...given({ port: listedPort(of, node) }), ...given(own) }
  const { address = null, user = 'root', port = 22, key = null, jump = null, sudo = false } = ssh
  const isContents = key instanceof Secret
  return { address, user, port, keyFile: key === null || isContents ? null : key.file, keyContents: isContents ? key : null, jump, sudo }
}

/** A provider whose nodes are a list in the configuration may give each its own ssh port. */
function listedPort(provider: ProviderConfig | undefined, node: string | null): number | undefined {
  const list: unknown = provider?.['nodes']
  const entry = Array.isArray(list) ? list.map(asRecord).find((one) => one['id'] === node || one['name'] === node) : undefined
  return typeof entry?.['port'] === 'number' ? entry['port'] : undefined
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Only the keys that somebody wrote, so that an absent one does not hide what it inherits. */
function given<T extends object>(settings: T | undefined): Partial<T> {
  // Leaving keys out makes a Partial of the same type.
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>
}

function unknownMove(config: Config, name: string): LifeboatError {
  return new LifeboatError('move-unknown', `There is no move ${name}${didYouMean(name, Object.keys(config.moves))}`, { details: { move: name } })
}
