// One execution of a run: what it has at hand, whom it takes over from, and how it ends.
import { randomUUID } from 'node:crypto'
import { DBOS } from '@dbos-inc/dbos-sdk'
import { LifeboatError, codeOf, messageOf } from '../core/errors.ts'
import { sides, type MoveFacts, type SideName } from '../core/stored-move.ts'
import { replaced } from './alive.ts'
import { isJournalTrouble } from './journal-pool.ts'
import type { Drain } from './drain.ts'
import { dropLease } from './lease.ts'
import { migrate, type Ending, type Verbs } from './migrate.ts'
import type { OpenPorts } from './ports.ts'
import { askedBack, askedOver, type Run, type Services } from './run.ts'
import { never, unlessStopped, type Stoppable } from './stopped.ts'
import type { StoredMove } from './store.ts'
import { takeOver } from './take-over.ts'
import { verbsOf } from './verbs.ts'

export type MoveInput = { readonly move: string } & Pick<Run, 'run' | 'want' | 'approval' | 'notBefore' | 'rehearse'>

export type Execution = Stoppable & {
  /** A new one for each start of a process. */
  readonly executor: string
  readonly services: Services
  readonly openPorts: OpenPorts
  readonly drain: Drain
}

/** One execution: again from the top after a crash, with a new token; steps that are stored are not repeated. */
export async function execute(input: MoveInput, options: Execution): Promise<Ending> {
  const leavable = options.drain.enter()
  const stop = AbortSignal.any([options.stop, leavable.left])
  try {
    const here = { ...options, stop }
    return await unlessStopped(here, async () => await executeHere(input, here, leavable.watch))
  } finally {
    leavable.end()
  }
}

async function executeHere(input: MoveInput, options: Execution, watch: (verbs: Verbs) => Verbs): Promise<Ending> {
  const { services, stop } = options
  const stored = await services.store.move(input.move)
  if (stored === null) throw new LifeboatError('move-unknown', `The move ${input.move} is not stored.`)
  const token = await services.store.claimToken(input.move, options.executor)
  if (token === null) {
    options.onLost(replaced())
    return await never()
  }
  const ended = new AbortController()
  try {
    const opening = openRun(input, stored, token, options, AbortSignal.any([stop, ended.signal]))
    const run = await opening.catch((error: unknown) => failedToOpen(error, stop))
    if ('state' in run) {
      await tellEnding({ ...input, token }, services, run)
      return run
    }
    const refusal = await takeOver(run)
    if (refusal !== null) {
      await close(run, refusal)
      return refusal
    }
    const ending = await migrate(watch(verbsOf(run)), input.want, input.rehearse)
    await DBOS.runStep(async () => await unlessStopped(run, async () => await close(run, ending)), { name: 'close-run' })
    return ending
  } finally {
    ended.abort()
  }
}

async function openRun(input: MoveInput, stored: StoredMove, token: number, { services, openPorts, onLost }: Execution, stop: AbortSignal): Promise<Run> {
  const onWait = (reference: string): void => {
    const text = `Waiting for ${reference}: run a command where it can be resolved.`
    const details = { waitingFor: 'credentials', reference }
    services.journal.append({ move: input.move, run: input.run, step: 'credentials', state: 'waiting', text, details }).catch(() => undefined)
  }
  const ports = await openPorts(stored.settings, stored.plan, { signal: stop, onWait })
  let rollbackAsked = watchForWords(input, services, stop)
  const rearm = (): void => void (rollbackAsked = watchForWords(input, services, stop))
  return { ...input, token, execution: randomUUID(), ports, services, stop, onLost, rollbackAsked: () => rollbackAsked, rearm, claimed: new Set() }
}

/** Aborts once a word waits for this run to go back, or to fail over. */
function watchForWords(input: MoveInput, services: Services, until: AbortSignal): AbortSignal {
  const asked = new AbortController()
  const either = AbortSignal.any([until, asked.signal])
  const hear = async (kind: 'rollback' | 'failover', reason: LifeboatError): Promise<void> => {
    await services.signals.heard(input.move, input.run, kind, either)
    asked.abort(reason)
  }
  for (const [kind, reason] of [['rollback', askedBack] as const, ['failover', askedOver] as const]) hear(kind, reason).catch(() => undefined)
  return asked.signal
}

/** What cannot even be opened (a stored configuration that no longer parses) ends here; a move must not seem to run for ever. */
function failedToOpen(error: unknown, stop: AbortSignal): Ending {
  stop.throwIfAborted()
  if (isJournalTrouble(error)) throw error
  const text = messageOf(error)
  return { state: 'failed', step: 'check-source', code: codeOf(error), text: error instanceof LifeboatError ? text : `Unexpected: ${text}` }
}

async function tellEnding({ move, run, token }: Pick<Run, 'move' | 'run' | 'token'>, { store, journal }: Services, ending: Ending): Promise<void> {
  await store.setState(move, ending.state, token)
  const text = { finished: 'Finished.', 'rolled-back': 'Rolled back; the source serves.', failed: ending.state === 'failed' ? ending.text : '' }[ending.state]
  const details = ending.state === 'failed' ? { code: ending.code, at: ending.step } : {}
  const state = ending.state === 'finished' ? ('done' as const) : ending.state === 'failed' ? ('failed' as const) : ('undone' as const)
  await journal.append({ move, run, step: 'move', state, text, details: { ...details, ending: ending.state } })
}

async function close(run: Run, ending: Ending): Promise<void> {
  dropLease(run.move)
  await run.services.store.dropSlots(run.move)
  await tellEnding(run, run.services, ending)
  for (const side of sides) {
    const facts = (await run.services.store.move(run.move))?.facts
    if (facts !== undefined && (side === 'source' || facts.target !== null)) await hangUp(run, side, facts)
  }
}

/** A side that we could not even try to log in to has no connection to end; the step that failed on it has told why. */
async function hangUp(run: Run, side: SideName, facts: MoveFacts): Promise<void> {
  const link = await run.ports.link(side, facts).catch(() => null)
  await link?.close()
}
