// Room on the disk of a state folder: without it the database cannot write, and not even the log can tell.
import { statfsSync } from 'node:fs'
import { LifeboatError } from '../core/errors.ts'
import type { Places } from './places.ts'

/** A piece of the database's own log; without room for another one it ends. */
const neededMiB = 16

/** Null: there is enough. */
export function lackOfSpace({ state }: Places): LifeboatError | null {
  const { bavail, bsize } = statfsSync(state)
  const leftMiB = Math.floor((bavail * bsize) / 1024 ** 2)
  if (leftMiB >= neededMiB) return null
  return new LifeboatError('state-disk-full', `The disk of ${state} has ${leftMiB} MiB left; the limit is ${neededMiB} MiB.`, { details: { state, leftMiB } })
}
