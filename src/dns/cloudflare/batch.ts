// What one batch says. Cloudflare compares nothing but whether a record of this id is there, so the epoch record is the
// lock: it is deleted by its id and made anew each time, and a batch that names an old one is refused whole. Addresses are
// changed in place: the batch is one transaction in its database, but not on its way to the servers, and a name whose
// address was deleted and made anew could be empty there for a moment.
import { isIPv6 } from 'node:net'
import type { Change } from '../compare-and-swap.ts'
import { epochName, epochText } from '../epoch.ts'
import type { FoundRecords, ListedRecord } from '../listed.ts'
import { splitFamilies } from '../names.ts'
import type { Batch, NewRecord } from './api.ts'

export type IdRecord = ListedRecord & { readonly id: string }

/** The batch of these changes; each must have been found with an epoch record, or a seed in its place. */
export function batchOf(changes: readonly Change<FoundRecords<IdRecord>>[]): Batch {
  const parts = changes.map(({ from, to }): Batch => {
    const { name } = from.state
    const addresses = inPlace(name, from.addresses, [...to.a, ...to.aaaa], to.ttl)
    const epoch = newRecord(epochName(name), 'TXT', `"${epochText(to.epoch)}"`, to.ttl)
    return { ...addresses, deletes: [...from.epochs.map(({ id }) => ({ id })), ...addresses.deletes], posts: [...addresses.posts, epoch] }
  })
  return { deletes: parts.flatMap(({ deletes }) => deletes), patches: parts.flatMap(({ patches }) => patches), posts: parts.flatMap(({ posts }) => posts) }
}

export function newRecord(name: string, type: string, content: string, ttl: number): NewRecord {
  return { type, name, content, ttl, proxied: false }
}

/** Records that are right stay, others get an address that is still missing; each is named, so one that is gone is noticed. */
function inPlace(name: string, found: readonly IdRecord[], wanted: readonly string[], ttl: number): Batch {
  const now = found.map((record) => ({ ...record, value: canonical(record.value) }))
  const right = now.filter(({ value }) => wanted.includes(value))
  const wrong = now.filter(({ value }) => !wanted.includes(value))
  const missing = wanted.filter((address) => !right.some(({ value }) => value === address))
  const [patches, deletes, posts]: [Batch['patches'][number][], { id: string }[], NewRecord[]] = [[], [], []]
  for (const { id, value } of right) patches.push({ id, content: value, ttl })
  for (const { id, type } of wrong) {
    const at = missing.findIndex((address) => typeOf(address) === type)
    const [address] = at < 0 ? [] : missing.splice(at, 1)
    if (address === undefined) deletes.push({ id })
    else patches.push({ id, content: address, ttl })
  }
  for (const address of missing) posts.push(newRecord(name, typeOf(address), address, ttl))
  return { deletes, patches, posts }
}

function typeOf(address: string): 'A' | 'AAAA' {
  return isIPv6(address) ? 'AAAA' : 'A'
}

function canonical(address: string): string {
  const { a, aaaa } = splitFamilies([address])
  return a[0] ?? aaaa[0] ?? address
}
