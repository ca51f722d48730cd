// What `lifeboat watch` looks at: the node of each move where it is now, the providers' word on them, and control targets.
import { join } from 'node:path'
import { claimsOf, rootOf } from '../../adapters.ts'
import { resolveMoves } from '../../config/resolve.ts'
import type { Config } from '../../config/schema.ts'
import { LifeboatError, messageOf } from '../../core/errors.ts'
import { findNode, reachableAddress } from '../../core/find-node.ts'
import type { Move, SshAccess } from '../../core/move.ts'
import type { Inventory } from '../../core/node.ts'
import type { Serving } from '../../core/serving.ts'
import { runChecks } from '../../nodes/checks.ts'
import { NotTried } from '../../watch/attempt.ts'
import { openControl } from '../../watch/control.ts'
import { followServing, type Place } from '../../watch/following.ts'
import { openLadder, type AskApplication, type LadderTarget } from '../../watch/ladder.ts'
import { loginWith } from '../../watch/login.ts'
import type { View, Watched } from '../../watch/observer.ts'
import { openSource } from '../planning.ts'
import { listNodes, viewOfProvider } from '../provider-view.ts'

export type WatchConfig = Config
export type Watching = { readonly watched: readonly Watched[]; readonly views: readonly View[]; readonly close: () => Promise<void> }

export type WatchingOptions = {
  readonly config: WatchConfig
  readonly state: string
  /** Which targets serve now: these are watched in place of their sources. */
  readonly serving: () => Serving
  readonly tell: (text: string) => void
  readonly signal: AbortSignal
}

/** Ready to be observed; what cannot be watched is told, each in a sentence. Fails with source-unreachable when that is everything, config-invalid when there is nothing. */
export async function openWatching({ config, state, serving, tell, signal }: WatchingOptions): Promise<Watching> {
  const moves = resolveMoves(config)
  if (moves.length === 0) throw new LifeboatError('config-invalid', 'There is no move in lifeboat.yaml, and so no node to watch.')
  const sources = new Map([...new Set(moves.map(({ from }) => from.provider))].map((name) => [name, openSource(config, name)]))
  const views: View[] = []
  const watched: Watched[] = []
  const knownHosts = join(state, 'known_hosts')
  for (const [provider, opening] of sources) {
    const inventory = await listNodes(provider, opening, join(state, 'watch', `${provider}.json`), tell, signal)
    const ofProvider = moves.filter(({ from }) => from.provider === provider)
    for (const move of ofProvider) {
      const { source, target } = move.ssh
      const nodeAt = (place: Place) =>
        place === null ? ladderTarget(move, source, placeOf(move, inventory), knownHosts) : ladderTarget(move, target, place, knownHosts)
      const open = async (place: Place) => openLadder(await nodeAt(place))
      const place = (): Place => serving()[move.name] ?? null
      const followed = await followServing({ move: move.name, place, open, tell }).catch((error: unknown) => {
        tell(`${move.name} is not watched: ${messageOf(error)}`)
        return null
      })
      if (followed !== null) watched.push(followed)
    }
    views.push(viewOfProvider(opening, new Map(ofProvider.map((move) => [move.name, move.from]))))
  }
  if (watched.length === 0) throw new LifeboatError('source-unreachable', 'No node of the moves in lifeboat.yaml can be watched.')
  const controls = config.watch.controls.map((url): Watched => ({ target: url, role: 'control', ladder: openControl(url) }))
  const close = async (): Promise<void> => void (await Promise.allSettled([...sources.values()].map(async (source) => await (await source).close())))
  return { watched: [...watched, ...controls], views, close }
}

type NodePlace = NonNullable<Place>

/** How the node at this place is reached. Fails with ssh-unreachable where it cannot be. */
async function ladderTarget(move: Move, ssh: SshAccess, { provider, id, address }: NodePlace, knownHosts: string): Promise<LadderTarget> {
  if (ssh.jump !== null) throw new LifeboatError('ssh-unreachable', `it is behind ${ssh.jump}, and the ladder does not go through jump hosts.`)
  const login = await loginWith(ssh, process.env['SSH_AUTH_SOCK'] ?? null)
  return {
    ssh: { address, port: ssh.port, user: ssh.user, login, sudo: ssh.sudo, knownHosts, alias: `${provider}/${id}` },
    volumes: move.data.flatMap(foldersOf),
    application: applicationOf(move, address),
  }
}

/** Of the source: what lifeboat.yaml says, and of the rest what the provider does. Fails with node-unknown, node-ambiguous, or ssh-unreachable where that is not known. */
function placeOf({ from, ssh }: Move, inventory: Inventory | null): NodePlace {
  const { provider } = from
  if (from.id !== null && ssh.source.address !== null) return { provider, id: from.id, address: ssh.source.address }
  const node = inventory === null ? null : findNode(inventory, from)
  const address = ssh.source.address ?? reachableAddress(node?.addresses ?? [])
  if (node === null || address === null) throw new LifeboatError('ssh-unreachable', 'where it is reached is not known.')
  return { provider, id: node.id, address }
}

function foldersOf(data: Move['data'][number]): readonly string[] {
  const root = rootOf(data)
  return root === null ? (claimsOf(data)?.folders ?? []) : [root.path]
}

/** The slowest of the checks of the move that passed, or the first that did not. Statements are asked by moves alone. */
function applicationOf({ checks }: Move, address: string): LadderTarget['application'] {
  const asked = checks.filter(({ kind }) => kind !== 'sql')
  if (asked.length === 0) return null
  return {
    deadlineMs: Math.max(...asked.map(({ timeoutMs }) => timeoutMs)) + 1000,
    ask: async (run, signal) => {
      const now = asked.filter(({ kind }) => run !== null || kind !== 'command')
      if (now.length === 0) throw new NotTried('nobody is logged in to run the checks')
      const onNode = { address, run: async (words: readonly string[]) => await runThere(run, words, signal) }
      const askDatabase = async (): Promise<never> => await Promise.reject(new Error('databases are asked by moves alone'))
      const results = await runChecks(now, onNode, signal, { askDatabase })
      const failed = results.find(({ passed }) => !passed)
      if (failed !== undefined) throw new Error(`${failed.check}: ${failed.text}`)
      return { value: true, ms: Math.max(...results.map(({ ms }) => ms)) }
    },
  }
}

/** A check is `sh -c TEXT`; a node's shell takes the text as it is. */
async function runThere(run: Parameters<AskApplication>[0], words: readonly string[], signal: AbortSignal) {
  if (run === null) throw new NotTried('nobody is logged in')
  return { ...(await run(words.at(-1) ?? 'true', signal)), stdout: '' }
}
