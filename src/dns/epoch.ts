// The text of the epoch record: `v=1 epoch=7 owner=web-1/3f2a`. One character string, one spelling for one value,
// because a prerequisite compares bytes.
import { LifeboatError } from '../core/errors.ts'
import type { Epoch } from './provider.ts'

const shape = /^v=1 epoch=(0|[1-9][0-9]{0,15}) owner=([!#-[\]-~]{1,200})$/

/** The text of an epoch. A value without a text is a defect of the caller. */
export function epochText(epoch: Epoch): string {
  const text = `v=1 epoch=${epoch.token} owner=${epoch.owner}`
  if (parseEpoch(text) === null) throw new LifeboatError('defect', `No epoch record can hold ${JSON.stringify(text)}.`)
  return text
}

/** The epoch of a text, or null when Lifeboat did not write it. */
export function parseEpoch(text: string): Epoch | null {
  const [, token, owner] = shape.exec(text) ?? []
  if (token === undefined || owner === undefined || !Number.isSafeInteger(Number(token))) return null
  return { token: Number(token), owner }
}

/** The epoch in the TXT records at `_lifeboat.NAME`, each a list of character strings; null: there are none. Fails with names-changed for one that is not ours. */
export function epochOf(where: string, name: string, texts: readonly (readonly string[])[]): Epoch | null {
  if (texts.length === 0) return null
  const [only] = texts
  const epoch = texts.length === 1 && only?.length === 1 ? parseEpoch(only[0] ?? '') : null
  if (epoch !== null) return epoch
  const found = texts.map((strings) => JSON.stringify(strings.join('')).slice(0, 120)).join(', ')
  throw new LifeboatError('names-changed', `The TXT record ${epochName(name)} at ${where} is not one that Lifeboat wrote: ${found}.`, {
    details: { name, found },
  })
}

/** Where the epoch of a name is kept. */
export function epochName(name: string): string {
  return `_lifeboat.${name}`
}
