// Everything wired together: what the controller can do, as plain functions. HTTP (server/) is one way to call them.
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { digestOf, type ConfigText } from '../config/find.ts'
import type { Config } from '../config/schema.ts'
import type { Doctor } from '../core/doctor/finding.ts'
import { LifeboatError } from '../core/errors.ts'
import type { Inventory } from '../core/node.ts'
import type { Plan } from '../core/plan.ts'
import type { PricedPlan } from '../core/plan-compare.ts'
import { comparePlans, type ComparedPlan } from '../core/plan-diff.ts'
import type { ProviderCard } from '../core/provider-card.ts'
import { runbookVersion } from '../core/runbook.ts'
import { openSsh } from '../io/ssh.ts'
import { openKeyring, type Keyring } from '../io/ssh-agent.ts'
import { linkNode } from '../nodes/link.ts'
import { launchDurable } from '../workflows/durable.ts'
import { executors, type ExecutorKind } from '../workflows/executors.ts'
import { openJournal, type Journal } from '../workflows/journal.ts'
import { openJournalPool, type Kept } from '../workflows/journal-pool.ts'
import { openSignals, type SignalKind } from '../workflows/signals.ts'
import { withSchema } from '../workflows/schema-version.ts'
import { stackTurns } from '../workflows/stack-turns.ts'
import { createTables, openStore } from '../workflows/store.ts'
import { createCredentials, type Credentials } from './credentials.ts'
import { accounts } from './accounts.ts'
import { examine } from './doctor/doctor.ts'
import { drifting } from './drift.ts'
import { drilling } from './drill/drilling.ts'
import { worldOf } from './doctor/world.ts'
import { engineOf, refusedEngine, staysHere, type EnginePlace } from './engine.ts'
import { withHints } from '../core/inside/hints.ts'
import { lookOverSsh, withInside } from './inside.ts'
import { scoresOf } from './watch/incident-report.ts'
import { openLookout, type LookoutOptions } from './watch/lookout.ts'
import { openWhoServes } from './watch/who-serves.ts'
import { beginMoves, tellMove, type Begun, type MigrateRequest, type Parts, type Said } from './moves.ts'
import { noPins, sharedPins } from './pins.ts'
import { makePlan, pricePlan, sourcesOf, takeInventory } from './planning.ts'
import { policies } from './watch/policy.ts'
import { portsOpener, type PortsOptions } from './ports.ts'
import { providerCard } from './provider-card.ts'
import { parsedOnce } from './readings.ts'
import { sharedJournal } from './shared-journal.ts'
import { standbys } from './drill/standbys.ts'
import { standbyNodes } from './drill/standby-node.ts'

type Outside = Pick<PortsOptions, 'linkOf' | 'engineOf'>

export type AppOptions = {
  readonly database: Kept
  /** What this process holds the lock of. */
  readonly folder: string
  /** A controller leaves the moves to workers, when there are some as it starts. */
  readonly kind: ExecutorKind
  /** Where the paths of a configuration begin on this machine; absent: where they did for whoever began the move. */
  readonly baseFolder?: string
  /** The values of references that are known from the start. */
  readonly secrets: Readonly<Record<string, string>>
  readonly state: string
  readonly knownHosts: string
  readonly sockets: string
  readonly pulumiRoot: string | null
  readonly helperFolder: string
  /** What stands in for ssh and Pulumi where nodes are simulated; absent: the real ones. */
  readonly outside?: Outside
  readonly stop: AbortSignal
  /** Somebody else has taken over what runs here: must end the process. */
  readonly onLost: (why: LifeboatError) => void
  readonly onLog: (text: string) => void
}

/** What a command sends along: the text of its lifeboat.yaml, the secrets that its own environment resolved, and who runs it. */
export type Context = {
  readonly config: ConfigText
  readonly secrets: Readonly<Record<string, string>>
  /** Whether these are all that the configuration names. */
  readonly isComplete: boolean
  readonly who: string
}

export type InventoryRequest = { readonly provider: string | null; readonly inside: boolean }

export type App = ReturnType<typeof wire> & { readonly journal: Journal; readonly close: () => Promise<void> }

/** Opens tables, launches the workflows (and with them whatever an earlier process left unfinished). */
export async function openApp(options: AppOptions): Promise<App> {
  const pool = openJournalPool(options.database, 20)
  pool.on('error', (error) => options.onLog(`database: ${error.message}`))
  await createTables(pool)
  const store = openStore(pool)
  const journal = options.database.isShared ? sharedJournal(openJournal(pool), pool) : openJournal(pool)
  const signals = openSignals(pool)
  const identity = await store.identity(randomBytes(6).toString('hex'))
  const credentials = createCredentials()
  credentials.add(options.secrets)
  const keyring = openKeyring(options.sockets)
  const executor = randomUUID()
  const place = { state: options.state, pulumiRoot: options.pulumiRoot, turns: stackTurns(pool, executor) }
  const helperFile = (machine: string): string => join(options.helperFolder, `lifeboat-helper-linux-${machine === 'aarch64' ? 'arm64' : 'amd64'}`)
  const outside = options.outside ?? outsideOf(options, place, helperFile)
  const openPorts = portsOpener({
    ...outside,
    store,
    journal,
    signals,
    credentials,
    identity,
    keyring,
    pins: options.database.isShared ? sharedPins(store, options.knownHosts, options.onLog) : noPins,
    configOf: async (move) => ({ ...(await store.configOf(move)), ...(options.baseFolder === undefined ? {} : { baseFolder: options.baseFolder }) }),
    tell: (move, text) => {
      journal.append({ move, run: 0, step: 'switch-dns', state: 'waiting', text, details: { waitingFor: 'names' } }).catch(() => undefined)
    },
  })
  const services = { store, journal, signals, identity }
  const who = executors(pool, runbookVersion)
  const runsMoves = options.kind === 'worker' || !(await who.hasWorkers())
  const launching = { ...options, databaseUrl: options.database.url, isShared: options.database.isShared, executor, runsMoves, version: runbookVersion }
  const durable = await withSchema(pool, async () => await launchDurable({ ...launching, executors: who, services, openPorts }))
  return {
    ...wire({
      store,
      journal,
      signals,
      credentials,
      durable,
      runsMoves,
      // Who is alone runs whatever it can.
      waitingForVersion: async () => (options.database.isShared ? await who.waitingForVersion() : new Map()),
      reports: join(options.state, 'reports'),
      state: options.state,
      pulumiRoot: options.pulumiRoot,
      knownHosts: options.knownHosts,
      keyring,
      identity,
      helperFile,
      engineOf: outside.engineOf,
    }),
    journal,
    close: async () => {
      await durable.shutdown()
      await keyring.close()
      await pool.end()
    },
  }
}

/** Real nodes, and the real Pulumi. */
function outsideOf({ knownHosts, sockets, database }: AppOptions, place: EnginePlace, helperFile: (machine: string) => string): Outside {
  const ssh = { knownHosts, socketFolder: sockets }
  return {
    linkOf: (target, move) => linkNode(openSsh(target, ssh), move, helperFile),
    engineOf: async (config) => (database.isShared && staysHere(config) ? refusedEngine : await engineOf(config, place)),
  }
}

export type Wired = Parts &
  Pick<AppOptions, 'state' | 'pulumiRoot' | 'knownHosts'> &
  Pick<PortsOptions, 'engineOf'> & {
    readonly credentials: Credentials
    readonly runsMoves: boolean
    /** Runs that wait for a process of another version. */
    readonly waitingForVersion: () => Promise<ReadonlyMap<string, string>>
    readonly reports: string
    readonly keyring: Keyring
    readonly identity: string
    readonly helperFile: (machine: string) => string
    readonly engineOf: Outside['engineOf']
  }

function wire(parts: Wired) {
  const { store, credentials } = parts
  const parse = parsedOnce()
  let known: string | null = null
  const bring = ({ config, secrets, isComplete }: Context): void => {
    credentials.add(secrets)
    known = isComplete ? digestOf(config) : null
  }
  const configOf = (context: Context): Config => {
    bring(context)
    return credentials.bind(parse(context.config).document)
  }
  return {
    ...examinations(parts, configOf),
    ...accounts(parts, configOf),
    ...policies(parts, configOf),
    ...drilling(parts, configOf),
    ...drifting(parts, configOf),
    ...standbys(parts, configOf),
    openWhoServes: async (config: Config) => await openWhoServes(store, config),
    ...standbyNodes(parts, configOf),
    openLookout: async (options: LookoutOptions) => await openLookout(parts, options),
    /** Keeps the secrets that a command brought, for moves that wait for them. */
    bring,
    /** Digest of the lifeboat.yaml that was brought last, with all its secrets; null: some were missing, or none was brought. */
    knows: (): string | null => known,
    /** `inside`: every node that is on is read over ssh, too. */
    inventory: async (context: Context, { provider, inside }: InventoryRequest, signal: AbortSignal): Promise<readonly Inventory[]> => {
      const config = configOf(context)
      const names = provider === null ? sourcesOf(config) : [provider]
      const taken = await Promise.all(names.map(async (name) => await takeInventory(config, name, store, signal)))
      if (!inside) return withHints(taken)
      const looked = await withInside(taken, lookOverSsh(config, parts.knownHosts, parts.keyring, signal))
      // Whoever hung up must not leave behind that no node answered.
      signal.throwIfAborted()
      for (const each of looked) await store.saveInventory(each)
      return withHints(looked)
    },
    plan: async (context: Context, moves: readonly string[], signal: AbortSignal): Promise<Plan> =>
      (await makePlan(configOf(context), moves, store, signal)).plan,
    /** The plan, and what is new in it since the last one that was made. */
    comparePlan: async (context: Context, moves: readonly string[], signal: AbortSignal): Promise<ComparedPlan> => {
      const before = await store.latestPlan()
      return comparePlans(before, (await makePlan(configOf(context), moves, store, signal)).plan, moves.length === 0 ? 'all' : 'some')
    },
    /** The plan, and what it would cost at the other targets. */
    pricePlan: async (context: Context, moves: readonly string[], signal: AbortSignal): Promise<PricedPlan> =>
      await pricePlan(configOf(context), moves, store, signal),
    migrate: async (context: Context, request: Omit<MigrateRequest, 'who'>, signal: AbortSignal): Promise<readonly Begun[]> =>
      await beginMoves(parts, context.config, configOf(context), { ...request, who: context.who }, signal),
    tell: async (context: Context, move: string, kind: SignalKind, said: Omit<Said, 'who'>): Promise<Begun> => {
      bring(context)
      return await tellMove(parts, move, kind, { ...said, who: context.who })
    },
    /** Whether any move runs, or may run here once it is free: then the controller stays. */
    isBusy: async (): Promise<boolean> => parts.runsMoves && (await store.anyRuns()),
  }
}

const outagesShown = 10

/** What is asked without anything being begun. */
function examinations(parts: Wired, configOf: (context: Context) => Config) {
  return {
    /** What could stop the moves of this configuration. */
    doctor: async (context: Context, signal: AbortSignal): Promise<Doctor> => {
      const world = worldOf({ ...parts, config: configOf(context) }, signal)
      try {
        return await examine(world, signal)
      } finally {
        await world.close()
      }
    },
    /** What is known of one provider, or of all. */
    providers: async (context: Context, provider: string | null, signal: AbortSignal): Promise<readonly ProviderCard[]> => {
      const config = configOf(context)
      const names = provider === null ? Object.keys(config.providers) : [provider]
      return await Promise.all(
        names.map(async (name) => ({
          ...(await providerCard(config, name, parts.store, parts.state, signal)),
          outages: [...(await scoresOf(parts, config, name, outagesShown))],
        })),
      )
    },
  }
}
