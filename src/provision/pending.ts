// The exported state of a stack: creates that were begun and never confirmed, and what protects its objects. The export
// is made without --show-secrets: what is secret in it stays ciphertext.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { LifeboatError } from '../core/errors.ts'
import type { Pending } from '../providers/provider.ts'
import { resourceOf } from './events.ts'
import { staleLocks, type LockedStack } from './locks.ts'

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().optional(),
  delete: z.boolean().optional(),
  id: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
})

const operationSchema = z.looseObject({ type: z.string(), resource: resourceSchema })

/** The exported state: everything that is not named here is kept as it came. */
export const exportSchema = z.looseObject({
  deployment: z.looseObject({ resources: z.array(resourceSchema).nullish(), pending_operations: z.array(operationSchema).nullish() }).nullish(),
})

export type Export = z.infer<typeof exportSchema>
export type Resource = z.infer<typeof resourceSchema>
export type PendingCreate = Pending & { readonly resource: Resource }
type CanRun = { readonly run: (...args: string[]) => Promise<string> }

export async function exportState(session: CanRun): Promise<Export> {
  return exportSchema.parse(JSON.parse(await session.run('stack', 'export')))
}

export async function importState(state: Export, { run, workDir }: CanRun & { readonly workDir: string }): Promise<void> {
  const file = join(workDir, 'imported-state.json')
  try {
    await writeFile(file, JSON.stringify(state), { mode: 0o600 })
    await run('stack', 'import', '--file', file)
  } finally {
    await rm(file, { force: true })
  }
}

/** The state in which nothing is protected, and nothing is to stay at the provider. */
export function released(state: Export): Export {
  const resources = (state.deployment?.resources ?? []).map(({ protect: _protect, retainOnDelete: _retain, ...resource }) => resource)
  return { ...state, deployment: { ...state.deployment, resources } }
}

/** The pending creates that matter: those of objects at a provider. */
export function pendingCreatesOf({ deployment }: Export): readonly PendingCreate[] {
  return (deployment?.pending_operations ?? [])
    .filter(({ type, resource }) => type === 'creating' && resource.custom === true && !resource.type.startsWith('pulumi:'))
    .map(({ resource }) => ({
      urn: resource.urn,
      type: resource.type,
      name: resource.urn.split('::').slice(3).join('::'),
      inputs: resource.inputs ?? {},
      resource,
    }))
}

/**
 * The engine itself only warns about pending creates and would create a second object beside the first. Fails with
 * provision-busy while somebody is at work on the stack, else with provision-failed, naming them.
 */
export async function refusePending(at: LockedStack, session: CanRun): Promise<void> {
  const pending = pendingCreatesOf(await exportState(session))
  if (pending.length === 0) return
  await staleLocks(at)
  const names = pending.map(({ urn }) => resourceOf(urn)).join(', ')
  throw new LifeboatError('provision-failed', `Stack ${at.stack} has ${pending.length} unresolved create${pending.length === 1 ? '' : 's'}: ${names}.`, {
    details: { stack: at.stack, pending: pending.map(({ urn }) => urn) },
  })
}
