// Where stacks are no longer what was declared: cloud against state, and code against state. Nothing is changed, and no
// lock is taken.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Difference, DriftKind } from '../core/drift.ts'
import { codeOf } from '../core/errors.ts'
import { differenceOf } from './differences.ts'
import type { StackDrift, StackRequest } from './engine.ts'
import { resourceOf, type EventLog } from './events.ts'
import type { LockedStack } from './locks.ts'
import { holdsSecrets, mergedStack, mergeStates, unmerge, type Merged, type NamedState } from './merged-state.ts'
import { mergedProgram } from './merged-program.ts'
import { pendingCreatesOf, type Export } from './pending.ts'
import type { EngineOptions, Open, StackSession } from './session.ts'
import { stateFileOf, storedState } from './stored-state.ts'

const options = { color: 'never', showSecrets: false } as const

type Looking = { readonly open: Open; readonly log: EventLog; readonly at: LockedStack }
type Look = <T>(request: StackRequest, signal: AbortSignal, act: (looking: Looking) => Promise<T>) => Promise<T>
/** The same on a stack whose state lies elsewhere. */
export type LookApart = <T>(
  request: StackRequest,
  signal: AbortSignal,
  act: (looking: Looking) => Promise<T>,
  apart: Pick<EngineOptions, 'stateFolder' | 'backendUrl'>,
) => Promise<T>
type Looks = { readonly settings: EngineOptions; readonly look: Look; readonly lookApart: LookApart }

/** Engine.drift: all that can be looked at as one first, then the others, one after the other. */
export async function driftOf(
  looks: Looks,
  requests: readonly StackRequest[],
  kinds: readonly DriftKind[],
  signal: AbortSignal,
): Promise<readonly StackDrift[]> {
  const { look } = looks
  const states = await Promise.all(requests.map(async (request) => await look(request, signal, ({ at, open }) => storedState(at, open))))
  const standing = requests.flatMap((request, at) => (states[at] ? [{ request, state: states[at] }] : []))
  const { groups, alone } = together(standing)
  const found: StackDrift[] = []
  for (const group of groups) {
    try {
      found.push(...(await driftTogether(looks, group, kinds, signal)))
    } catch (error) {
      if (codeOf(error) !== 'provision-failed') throw error
      // One that cannot be looked at hides the others: then each says for itself what keeps it from it.
      alone.push(...group)
    }
  }
  for (const one of alone) found.push(await look(one.request, signal, ({ open, log }) => driftAlone(one, kinds, open, log)))
  return requests.map(({ stack }) => found.find((one) => one.stack === stack) ?? { stack, exists: false, differences: [] })
}

/** A stack that exists, with its state. */
type Standing = { readonly request: StackRequest; readonly state: Export }

/** Those that can be looked at as one: more than one, of one account, and with nothing in them that only one can read. */
function together(standing: readonly Standing[]): { readonly groups: readonly (readonly Standing[])[]; readonly alone: Standing[] } {
  const mixed = standing.filter((one) => !holdsSecrets(namedState(one)))
  const groups = [...Map.groupBy(mixed, ({ request }) => accountOf(request)).values()].filter(({ length }) => length > 1)
  return { groups, alone: standing.filter((one) => !groups.some((group) => group.includes(one))) }
}

/** Each Secret is an object of its own, the same for all stacks of a provider. */
const seen = new WeakMap<object, number>()
let last = 0
function accountOf({ environment }: StackRequest): string {
  const known = (value: object): number => {
    const number = seen.get(value) ?? (last += 1)
    seen.set(value, number)
    return number
  }
  return JSON.stringify(Object.entries(environment).map(([name, value]) => [name, typeof value === 'string' ? value : known(value)]))
}

function namedState({ request, state }: Standing): NamedState {
  return { stack: request.stack, resources: state.deployment?.resources ?? [] }
}

/** The stack itself, asked for each kind. */
async function driftAlone({ request, state }: Standing, kinds: readonly DriftKind[], open: Open, log: EventLog): Promise<StackDrift> {
  const session = await open.orNull()
  const found: Difference[] = [...unconfirmed(state, kinds)]
  if (session !== null) for (const kind of kinds) found.push(...(await differences(session, kind, log)).map(({ difference }) => difference))
  return { stack: request.stack, exists: session !== null, differences: found }
}

type Found = NonNullable<ReturnType<typeof differenceOf>>

async function differences({ stack }: StackSession, kind: DriftKind, log: EventLog): Promise<readonly Found[]> {
  const found: Found[] = []
  const onEvent: EventLog['onEvent'] = (event) => {
    log.onEvent(event)
    const one = differenceOf(kind, event)
    if (one !== null) found.push(one)
  }
  await (kind === 'cloud' ? stack.previewRefresh({ ...options, onEvent }) : stack.preview({ ...options, onEvent }))
  return found
}

/** A stack that exists only to be looked at, in a folder of its own that is swept before and after. */
async function driftTogether({ settings, lookApart }: Looks, group: readonly Standing[], kinds: readonly DriftKind[], signal: AbortSignal) {
  const [first] = group
  if (first === undefined) return []
  const folder = join(settings.stateFolder, 'drift')
  const backend = join(folder, 'backend')
  const merged = mergeStates(settings.project, group.map(namedState))
  const program = mergedProgram(
    group.map(({ request }) => request),
    merged.providers,
  )
  try {
    await rm(folder, { recursive: true, force: true })
    await writeState(backend, settings.project, merged)
    const request = { ...first.request, stack: mergedStack, program }
    const look = async ({ open, log }: Looking): Promise<readonly Found[]> => {
      const session = await open.orCreate()
      return (await Promise.all(kinds.map(async (kind) => await differences(session, kind, log)))).flat()
    }
    const found = await lookApart(request, signal, look, { stateFolder: folder, backendUrl: `file://${backend}` })
    return group.map(({ request: { stack }, state }) => ({ stack, exists: true, differences: [...unconfirmed(state, kinds), ...ofStack(stack, found)] }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeState(backend: string, project: string, { resources }: Merged): Promise<void> {
  const file = stateFileOf(backend, { project, stack: mergedStack })
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(join(backend, '.pulumi', 'meta.yaml'), 'version: 1\n')
  const latest = { manifest: { time: new Date(0).toISOString(), magic: '', version: '' }, resources }
  await writeFile(file, JSON.stringify({ version: 3, checkpoint: { stack: `organization/${project}/${mergedStack}`, latest } }), { mode: 0o600 })
}

function ofStack(stack: string, found: readonly Found[]): Difference[] {
  return found.flatMap(({ urn, difference }) => {
    const own = unmerge(urn)
    return own?.stack === stack ? [{ ...difference, resource: resourceOf(own.urn) }] : []
  })
}

function unconfirmed(state: Export, kinds: readonly DriftKind[]): Difference[] {
  if (!kinds.includes('cloud')) return []
  return pendingCreatesOf(state).map(({ urn }) => ({ kind: 'cloud', resource: resourceOf(urn), change: 'unconfirmed', properties: [] }))
}
