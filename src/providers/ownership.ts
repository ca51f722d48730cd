// What tells our objects at a provider from others, and which of them a pending one is.
import { createHash } from 'node:crypto'
import { LifeboatError } from '../core/errors.ts'
import type { Ownership, Pending } from './provider.ts'

/** What is written on each object, where the kind has room for it. `object` is its name in its stack. */
export type Marks = { readonly project: string; readonly stack: string; readonly object: string }

/** The marks that a pending object got when it was asked for. */
export function marksOfPending({ urn, name }: Pending): Marks {
  const [stack = '', project = ''] = urn.split('::')
  return { project, stack: stack.split(':').slice(2).join(':'), object: name }
}

/** Which type of object is no type that this kind declares. */
export function unknownType({ name, type }: Pending): LifeboatError {
  return new LifeboatError('provision-failed', `Whether ${name} exists cannot be found out: ${type} is not known here.`)
}

/** The one object that carries the marks of a pending one; null: none. Fails with provision-failed when there are several. */
export function onlyOne(pending: Pending, ids: readonly string[]): string | null {
  if (ids.length <= 1) return ids[0] ?? null
  throw new LifeboatError('provision-failed', `There are ${ids.length} objects marked as ${pending.name}: ${ids.join(', ')}. Delete all but one.`, {
    details: { ids },
  })
}

const labelPattern = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/

/** A text as the value of a label (letters, digits, `-_.`, at most 63): itself where it is one, else its beginning and a hash of the whole. */
export function labelOf(text: string): string {
  if (labelPattern.test(text)) return text
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  const start = text.replaceAll(/[^A-Za-z0-9_.-]/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return `${start.slice(0, 48)}-${hash}`.replace(/^-/, '')
}

/** The name of an object where all projects of an account share the names. */
export function nameOf(owner: Pick<Ownership, 'project'>, object: string): string {
  return labelOf(`lifeboat-${owner.project}-${object}`)
}
