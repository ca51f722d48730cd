// After a controller was killed in the middle of an operation: its engine may still run, its lock stays, and creates may
// be pending, each of an object that exists or not. Only the provider can tell, by the tags that every object carries.
import { resourceOf } from './events.ts'
import { staleLocks } from './locks.ts'
import { endOrphans } from './operation.ts'
import { exportState, importState, pendingCreatesOf, type Export, type PendingCreate } from './pending.ts'
import type { Turn } from './engine.ts'
import type { Open } from './session.ts'
import { awaitLeft, isOf, pastLeftLocks, removed } from './turn.ts'
import type { Pending } from '../providers/provider.ts'

export type Recovery = Pick<Open, 'workDir' | 'orNull'> & {
  readonly project: string
  readonly stack: string
  readonly backendUrl: string
  readonly turn: Turn
  readonly graceMs?: number
  readonly find: (pending: Pending, signal: AbortSignal) => Promise<string | null>
  readonly signal: AbortSignal
}

/** Engine.recover: answers what it did, a sentence each; nothing to do: none. */
export async function recoverStack(recovery: Recovery): Promise<readonly string[]> {
  const { workDir, turn, signal } = recovery
  const report: string[] = []
  if (await endOrphans(workDir, recovery.graceMs ?? 60_000, signal)) report.push('Waited for the end of what an earlier controller had left running.')
  report.push(...(await awaitLeft(turn, workDir, signal)))
  const session = await recovery.orNull()
  if (session === null) return report

  const locks = await staleLocks(recovery, (lock) => isOf(turn, lock))
  // Removes every lock of the stack: staleLocks has made sure that all of them are dead.
  if (locks.length > 0) await session.run('cancel', '--yes')
  report.push(...locks.map(removed))

  const state = await exportState(session)
  if ((state.deployment?.pending_operations ?? []).length === 0) return report
  const resolved: Resolved[] = []
  for (const pending of pendingCreatesOf(state)) {
    signal.throwIfAborted()
    const id = await recovery.find(pending, signal)
    resolved.push({ pending, id })
    report.push(
      id === null ? `${resourceOf(pending.urn)} was never created.` : `Adopted ${resourceOf(pending.urn)} (${id}), which was created before the interruption.`,
    )
  }
  const past = { turn, session, tell: (text: string) => void report.push(text) }
  await pastLeftLocks(past, async () => await importState(withResolved(state, resolved), session))
  const adopted = resolved.filter(({ id }) => id !== null).map(({ pending }) => pending.urn)
  if (adopted.length > 0) await session.stack.refresh({ target: adopted, color: 'never', showSecrets: false, signal })
  return report
}

type Resolved = { readonly pending: PendingCreate; readonly id: string | null }

/**
 * The state without pending operations, and with those resources that turned out to exist. What was asked for stands in
 * for what they are until the refresh: without it, the provider would import them, and an import loses what cannot be
 * read back (the public key of a key pair), so that the next `up` would replace them.
 */
export function withResolved(state: Export, resolved: readonly Resolved[]): Export {
  const adopted = resolved.flatMap(({ pending, id }) => (id === null ? [] : [{ ...pending.resource, id, outputs: pending.inputs }]))
  const replacing = new Set(adopted.map(({ urn }) => urn))
  // Where the create was that of a replacement, the one before it stands there under the same name.
  const before = (state.deployment?.resources ?? []).map((resource) => (replacing.has(resource.urn) ? { ...resource, delete: true } : resource))
  return { ...state, deployment: { ...state.deployment, resources: [...before, ...adopted], pending_operations: [] } }
}
