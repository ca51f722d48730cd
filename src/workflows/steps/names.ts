// Names: claimed with an epoch record, their time to live lowered early, switched by compare-and-swap, never otherwise.
import { LifeboatError } from '../../core/errors.ts'
import { disagreements } from '../../dns/agreement.ts'
import { replaceAddresses } from '../../dns/names.ts'
import type { DnsProvider, NameState, Swap, Wanted } from '../../dns/provider.ts'
import { sleep, waitUntil } from '../../io/wait.ts'
import { otherSide, type SideName } from '../../core/stored-move.ts'
import { reach, type Action, type Step } from '../run.ts'
import { exchangedAddresses, learnOwnAddresses } from './own-addresses.ts'

export const lowTtlSeconds = 5
/** For a name that had no addresses, so no TTL. */
const defaultTtlSeconds = 300
/** Caches that stretch a TTL a little; measured figures in the literature are higher only for broken ones. */
const ttlMargin = 1.2
const agreeWithinMs = 60_000

type Change = (state: NameState, provider: DnsProvider) => Pick<Wanted, 'a' | 'aaaa' | 'ttl'>

export const names = {
  'claim-names': async (step) => {
    if (step.settings.names.length === 0) return { text: 'This move has no names.' }
    const { serving } = step.facts
    for (const [provider, group] of byProvider(step)) {
      await provider.proveWrite(group, step.signal)
      const states = await provider.read(group, step.signal)
      for (const state of states) ownedByUs(step, provider, state)
      await remember(step, states)
      if (serving === 'source') await learnOwnAddresses(step, states)
      await swapAll(step, provider, states, (state) => ({ a: state.a, aaaa: state.aaaa, ttl: state.ttl ?? defaultTtlSeconds }))
    }
    return { text: `${list(step)} claimed with token ${step.run.token}.`, details: { token: step.run.token } }
  },

  'lower-ttl': async (step) => {
    const timeToLive = await changeTtl(step, lowTtlOf)
    if (timeToLive.length === 0) return { text: 'There is no time to live that we could lower; the old one counts.' }
    const { names: claimed, ttlLoweredAt } = step.facts
    const since = ttlLoweredAt ?? new Date().toISOString()
    await step.learn({ ttlLoweredAt: since })
    const oldTtl = Math.max(...timeToLive.map(({ name }) => claimed[name]?.ttl ?? 0))
    const newTtl = Math.max(...timeToLive.map(({ after }) => after))
    const restMs = cachedForMs(since, oldTtl, Date.now())
    if (oldTtl > newTtl && restMs > 0) {
      await step.waitFor(`Caches may keep the old answers for ${Math.ceil(restMs / 1000)} s more.`, { seconds: Math.ceil(restMs / 1000) })
      await sleep(restMs, step.signal)
    }
    return { text: `The time to live is ${newTtl} s; the old one of ${oldTtl} s ran out.`, details: { timeToLive } }
  },

  'switch-dns': async (step) => await switchNames(step, 'target'),
  'switch-dns-back': async (step) => await switchNames(step, 'source'),

  'raise-ttl': async (step) => {
    const { names: claimed } = step.facts
    const timeToLive = await changeTtl(step, (state) => claimed[state.name]?.ttl ?? state.ttl ?? defaultTtlSeconds)
    return { text: 'The time to live is what it was.', details: { timeToLive } }
  },
} satisfies Record<string, Action>

export const restoreTtl: Action = async (step) => {
  const done = await names['raise-ttl'](step)
  await step.learn({ ttlLoweredAt: null })
  return done
}

/** For how many ms more caches may keep what had this TTL until it was lowered; never longer than one of them keeps it: the clock may have been set back since. */
export function cachedForMs(loweredAt: string, ttlSeconds: number, now: number): number {
  const wholeMs = ttlMargin * ttlSeconds * 1000
  return Math.min(wholeMs, Date.parse(loweredAt) + wholeMs - now)
}

/** The names of the move as their authorities tell them. */
export async function namesNow(step: Step): Promise<readonly NameState[]> {
  const all = await Promise.all([...byProvider(step)].map(async ([provider, group]) => await provider.read(group, step.signal)))
  return all.flat()
}

/** Before anybody waits: the names are still as we left them, so that the switch will find them so. */
export async function refuseChangedNames(step: Step): Promise<void> {
  const asItIs: Change = ({ a, aaaa, ttl }) => ({ a, aaaa, ttl: ttl ?? defaultTtlSeconds })
  for (const [provider, group] of byProvider(step)) {
    const states = await provider.read(group, step.signal)
    for (const state of states) await unchangedByOthers(step, provider, state, asItIs)
  }
}

/** Epoch records stay for ever: one that is absent where it once was means that somebody else changed the name. */
export const freeNames: Action = async () => ({ text: 'The names point where they pointed; their epoch records stay.' })

async function switchNames(step: Step, to: SideName) {
  if (step.settings.names.length === 0) return { text: 'This move has no names.' }
  // It may be dead by now: only where it is, is asked for.
  const from = (await step.run.ports.link(otherSide(to), step.facts)).address
  const address = (await reach(step, to)).address
  const { mine, theirs } = await exchangedAddresses(step, to)
  await change(step, (state, provider) => ({ ...replaceAddresses(state, mine, theirs(state.name)), ttl: lowTtlOf(state, provider) }))
  await step.learn({ namesSwitchedAt: new Date().toISOString(), namesSeen: null })
  const all = [...new Set(step.settings.names.flatMap(({ name }) => theirs(name)))]
  return { text: `${list(step)} -> ${all.join(', ')} at every authority.`, details: { names: step.settings.names.map(({ name }) => name), from, to: address } }
}

/** As low as is of use, and as the provider takes it; a lower one stays. */
function lowTtlOf(state: NameState, { shortestTtl = 0 }: DnsProvider): number {
  const low = Math.max(lowTtlSeconds, shortestTtl)
  return Math.min(state.ttl ?? low, low)
}

/** Changes the time to live alone, where no person would have to do it by hand; answers what it was and is. */
async function changeTtl(step: Step, ttlOf: (state: NameState, provider: DnsProvider) => number) {
  const changes: { name: string; before: number; after: number }[] = []
  const wanted: Change = (state, provider) => {
    const after = ttlOf(state, provider)
    changes.push({ name: state.name, before: state.ttl ?? defaultTtlSeconds, after })
    return { a: state.a, aaaa: state.aaaa, ttl: after }
  }
  await change(step, wanted, (provider) => provider.keepsEpoch)
  return changes
}

/**
 * Reads, makes sure that nobody else changed anything since we last wrote, swaps, waits until all authorities agree. A
 * provider that fails does not keep the names of the others back; its failure is that of the whole.
 */
async function change(step: Step, wanted: Change, where: (provider: DnsProvider) => boolean = () => true): Promise<void> {
  const failures: unknown[] = []
  for (const [provider, group] of byProvider(step)) {
    if (!where(provider)) continue
    try {
      const states = await provider.read(group, step.signal)
      for (const state of states) await unchangedByOthers(step, provider, state, wanted)
      await swapAll(step, provider, states, wanted)
    } catch (error) {
      step.signal.throwIfAborted()
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

async function swapAll(step: Step, provider: DnsProvider, states: readonly NameState[], wanted: Change): Promise<void> {
  const epoch = { token: step.run.token, owner: ownerOf(step) }
  const swaps: readonly Swap[] = states.map((state) => ({ name: state.name, expected: state, wanted: { ...wanted(state, provider), epoch } }))
  await provider.swap(swaps, step.signal)
  const agree = async () => ((await disagreements(provider, swaps, step.signal)).length === 0 ? true : null)
  await waitUntil(agree, {
    what: `Agreement of all authorities on ${states.map((state) => state.name).join(', ')}`,
    deadlineMs: agreeWithinMs,
    everyMs: 500,
    signal: step.signal,
  })
  const known = step.facts.names
  const now = swaps.map((swap) => [swap.name, { ttl: known[swap.name]?.ttl ?? swap.wanted.ttl, a: [...swap.wanted.a], aaaa: [...swap.wanted.aaaa] }] as const)
  await step.learn({ names: { ...known, ...Object.fromEntries(now) } })
}

/** Keeps what the names were before we touched them, once; a repeat finds our own values and keeps the first ones. */
async function remember(step: Step, states: readonly NameState[]): Promise<void> {
  const known = step.facts.names
  const fresh = states.flatMap((state) =>
    known[state.name] === undefined ? [[state.name, { ttl: state.ttl ?? defaultTtlSeconds, a: [...state.a], aaaa: [...state.aaaa] }] as const] : [],
  )
  await step.learn({ names: { ...known, ...Object.fromEntries(fresh) } })
}

async function unchangedByOthers(step: Step, provider: DnsProvider, state: NameState, wanted: Change): Promise<void> {
  ownedByUs(step, provider, state)
  if (provider.keepsEpoch && state.epoch === null) throw changed(state, 'its epoch record is gone')
  const known = step.facts.names[state.name]
  if (known === undefined || pointsAs(state, known)) return
  // A swap of ours whose answer was lost leaves behind what was wanted, under an epoch of this execution or of one that
  // died; the next swap finds it done. Who changes only the addresses leaves our epoch as it is, so it proves nothing.
  if (pointsAs(state, wanted({ ...state, a: known.a, aaaa: known.aaaa }, provider))) return
  throw changed(state, `it points to ${shown(state)}, where we last saw ${shown(known)}`)
}

function changed(state: NameState, how: string): LifeboatError {
  return new LifeboatError('names-changed', `${state.name} was changed by somebody else: ${how}.`, { details: { found: state } })
}

function shown(addresses: Addresses): string {
  return [...addresses.a, ...addresses.aaaa].join(', ') || 'nothing'
}

function ownedByUs(step: Step, provider: DnsProvider, state: NameState): void {
  if (!provider.keepsEpoch || state.epoch === null || state.epoch.owner === ownerOf(step)) return
  throw new LifeboatError('owned-by-other', `${state.name} is claimed by ${state.epoch.owner} with token ${state.epoch.token}.`, { details: { found: state } })
}

/** The names of each provider; those that a person changes come last, as nobody waits for them then. */
export function byProvider(step: Step): ReadonlyMap<DnsProvider, readonly string[]> {
  const groups = Map.groupBy(step.run.ports.names, ({ provider }) => provider)
  const sorted = [...groups].toSorted(([one], [other]) => Number(other.keepsEpoch) - Number(one.keepsEpoch))
  return new Map(sorted.map(([provider, group]) => [provider, group.map(({ name }) => name)]))
}

export function ownerOf(step: Step): string {
  return `${step.run.move}/${step.run.services.identity}`
}

function list(step: Step): string {
  return step.settings.names.map((name) => name.name).join(', ')
}

type Addresses = { readonly a: readonly string[]; readonly aaaa: readonly string[] }

function pointsAs(left: Addresses, right: Addresses): boolean {
  return equal(left.a, right.a) && equal(left.aaaa, right.aaaa)
}

function equal(left: readonly string[], right: readonly string[]): boolean {
  return [...left].sort().join() === [...right].sort().join()
}
