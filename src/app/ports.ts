// Builds what the workflows need for one move out of adapters, configuration and credentials.
import { claimsOf, dnsOf, moverOf, rootOf } from '../adapters.ts'
import type { ConfigText } from '../config/find.ts'
import { resolveMove } from '../config/resolve.ts'
import type { Config } from '../config/schema.ts'
import { LifeboatError } from '../core/errors.ts'
import type { Move } from '../core/move.ts'
import type { PlannedMove } from '../core/plan.ts'
import { noFacts, otherSide, type MoveFacts, type MoveSettings, type SideName } from '../core/stored-move.ts'
import type { DnsProvider } from '../dns/provider.ts'
import { askCaches } from '../dns/caches.ts'
import type { SshTarget } from '../io/ssh.ts'
import type { Keyring } from '../io/ssh-agent.ts'
import type { Link } from '../nodes/link.ts'
import type { Engine } from '../provision/engine.ts'
import type { OpenPorts, Ports } from '../workflows/ports.ts'
import type { Credentials } from './credentials.ts'
import { findNotNamed } from './not-named.ts'
import { guarding } from './watch/guarding.ts'
import { loginsOf, type Logins } from './logins.ts'
import type { Pins } from './pins.ts'
import { openTarget } from './planning.ts'
import type { PolicyPlace } from './watch/policy-input.ts'
import { provisioning } from './provisioning.ts'
import { parsedOnce, readings, type Readings } from './readings.ts'
import { fencingOf } from './fences.ts'
import { offAsker } from './is-off.ts'
import { retire } from './retire.ts'

export type PortsOptions = PolicyPlace & {
  readonly credentials: Credentials
  readonly keyring: Keyring
  /** What is known of host keys elsewhere. */
  readonly pins: Pins
  readonly identity: string
  /** The engine of a project; its state lives in the state folder. */
  readonly engineOf: (config: Config) => Promise<Engine>
  /** The way to a node of this move. */
  readonly linkOf: (place: SshTarget, move: string) => Link
  /** The configuration that was stored with a move. */
  readonly configOf: (move: string) => Promise<ConfigText>
  readonly tell: (move: string, text: string) => void
}

/** How long whoever asks for a node waits for a way that this process carries; it is opened for as long as it takes. */
const carriedWithinMs = 5000

export function portsOpener(options: PortsOptions): OpenPorts {
  const parse = parsedOnce()
  const inventories = readings(options.store)
  return async (settings, plan, wait) => {
    const { document, baseFolder } = parse(await options.configOf(settings.name))
    const { ssh, data: wanted, fence } = resolveMove(document, settings.name)
    const needed = { config: onlyWhatIsNeeded(document, settings), keys: { source: ssh.source.keyContents, target: ssh.target.keyContents }, data: wanted }
    const { config, keys, data } = await options.credentials.bindWhenKnown(needed, wait.signal, wait.onWait)
    await options.pins.exchange()
    const here = withKeyFiles(settings, ssh)
    return await openPorts({ ...options, inventories }, config, loginsOf(here, keys, options.keyring), here, plan, {
      ...(await moversOf(data, baseFolder)),
      fence,
      baseFolder,
    })
  }
}

/** Key files are where this process has them: whoever began the move may have its home, and lifeboat.yaml, elsewhere. */
export function withKeyFiles(settings: MoveSettings, { source, target }: Move['ssh']): MoveSettings {
  return {
    ...settings,
    source: { ...settings.source, ssh: { ...settings.source.ssh, keyFile: source.keyFile } },
    target: { ...settings.target, ssh: { ...settings.target.ssh, keyFile: target.keyFile } },
  }
}

/** A move waits for the secrets of its own providers and names only; of ssh keys, for the two that it inherits (keysOf). */
function onlyWhatIsNeeded(config: Config, settings: MoveSettings): Config {
  const pick = <T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
    Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
  return {
    ...config,
    database: undefined,
    defaults: {},
    moves: {},
    providers: pick(withoutSsh(config.providers), [settings.from.provider, settings.to.provider]),
    dns: pick(
      config.dns,
      settings.names.map((name) => name.dns),
    ),
    hooks: {},
    watch: { ...config.watch, observers: [] },
  }
}

function withoutSsh(providers: Config['providers']): Config['providers'] {
  return Object.fromEntries(Object.entries(providers).map(([name, provider]) => [name, { ...provider, ssh: undefined }]))
}

async function openPorts(
  options: PortsOptions & { readonly inventories: Readings },
  config: Config,
  logins: Logins,
  settings: MoveSettings,
  plan: PlannedMove,
  { fence, baseFolder: folder, ...moved }: Moved & Pick<Move, 'fence'> & Pick<ConfigText, 'baseFolder'>,
): Promise<Ports> {
  const { store, inventories } = options
  const target = await openTarget(config, settings.to.provider)
  const parked = async () => (await store.move(settings.name))?.facts.parked ?? null
  const { removeNode: _, ...provision } = provisioning({
    engine: await options.engineOf(config),
    target,
    plan,
    identity: options.identity,
    authorizedKeys: logins.authorizedKeys,
    parked,
  })
  const links = new Map<string, Link>()
  const link: Ports['link'] = async (side, facts) => {
    await options.pins.give()
    const place = placeOf(side, settings, facts)
    const key = `${side}/${place.alias}/${place.address}`
    const isKnown = links.has(key)
    const agent = isKnown ? null : await logins.agentOf(side)
    const opened = links.get(key) ?? options.linkOf({ ...place, agent }, settings.name)
    links.set(key, opened)
    // After a restart of this process nobody carries any more.
    if (!isKnown && facts.relayed?.[side] === true)
      await opened.carryPeer(placeOf(otherSide(side), settings, facts), carriedWithinMs, new AbortController().signal)
    return opened
  }
  return {
    settings,
    plan,
    limits: config.limits,
    lookUp: async (signal) => (await inventories.read(config, settings.from.provider, signal)).nodes.find((node) => node.id === settings.from.id) ?? null,
    stored: async () => await store.storedNode(settings.from.provider, settings.from.id),
    notNamed: async (signal) => {
      const inventory = await inventories.stored(settings.from.provider, signal)
      return inventory === null ? [] : await findNotNamed(await link('source', noFacts), settings, inventory, signal)
    },
    retire: async (signal) => await retire(config, settings.from, signal),
    ...provision,
    fencing: (claimed) => {
      const node = { ...settings.from, address: settings.source.address }
      return fencingOf({ config, folder, move: { name: settings.name, fence, ports: settings.ports }, node, claimed })
    },
    refuseFailover: guarding(options, settings),
    isOff: offAsker({ config, settings, target, inventories }),
    link,
    ...moved,
    askCaches: async (states, signal) => await askCaches(states, config.watch.resolvers, signal),
    names: await namesOf(config, settings, (text) => options.tell(settings.name, text)),
  }
}

function placeOf(side: SideName, settings: MoveSettings, facts: MoveFacts) {
  if (side === 'source') return { ...settings.source.ssh, address: settings.source.address, alias: `${settings.from.provider}/${settings.from.id}` }
  if (facts.target === null) throw new LifeboatError('not-now', `The target of ${settings.name} does not exist yet.`)
  return { ...settings.target.ssh, address: facts.target.address, alias: `${settings.to.provider}/${facts.target.id}` }
}

type Moved = Pick<Ports, 'movers' | 'databases' | 'roots'>

/** Of the configuration with its secrets, which the stored settings do not have. */
async function moversOf(data: Move['data'], folder: string): Promise<Moved> {
  return {
    movers: await Promise.all(data.map(async (each) => ({ name: each.name, mover: await mover(each, folder) }))),
    databases: data.flatMap((each) => claimsOf(each) ?? []),
    roots: data.flatMap((each) => rootOf(each) ?? []),
  }
}

/** Parsed when the configuration was, by the schema of its kind. */
async function mover(data: Move['data'][number], folder: string) {
  const adapter = moverOf(data.kind)
  if (adapter === undefined) throw new LifeboatError('config-invalid', `There is no mover of kind ${data.kind}.`)
  return await adapter.connect(data as never, folder)
}

/** One connection for each entry under `dns:`, so that names of one zone change in one transaction. */
async function namesOf(config: Config, settings: MoveSettings, tell: (text: string) => void): Promise<Ports['names']> {
  const open = new Map<string, DnsProvider>()
  for (const { dns } of settings.names) {
    const entry = config.dns[dns]
    const adapter = entry === undefined ? undefined : dnsOf(entry.kind)
    if (entry === undefined || adapter === undefined) throw new LifeboatError('config-invalid', `There is no dns ${dns} in the configuration.`)
    if (!open.has(dns)) open.set(dns, await adapter.connect(dns, entry as never, { tell }))
  }
  return settings.names.flatMap(({ dns, name }) => {
    const provider = open.get(dns)
    return provider === undefined ? [] : [{ name, provider }]
  })
}
