// What one transaction of Route 53 says: what was read is deleted to the letter, what is wanted is created. Route 53 makes
// all of it or nothing, and refuses a deletion that does not quote the current values, so the batch compares and swaps.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
import type { Change as AwsChange, ResourceRecordSet, RRType } from '@aws-sdk/client-route-53'
import { LifeboatError } from '../../core/errors.ts'
import type { Change } from '../compare-and-swap.ts'
import { epochName, epochText } from '../epoch.ts'
import type { FoundRecords, ListedRecord } from '../listed.ts'

/** A record, and the set that it was listed in. */
export type SetRecord = ListedRecord & { readonly set: ResourceRecordSet }

const mostRecords = 1000
const mostCharacters = 32_000

/**
 * The batch of these changes. A set that is absent and stays so is not in it: nobody could tell a change of it in between
 * from one right after. The epoch always is. Fails with names-unfit beyond what one batch may hold.
 */
export function batchOf(changes: readonly Change<FoundRecords<SetRecord>>[]): AwsChange[] {
  const old = changes.flatMap(({ from }) => [...new Set([...from.addresses, ...from.epochs].map(({ set }) => set))])
  const wanted = changes.flatMap(({ from: { state }, to }) => [
    setOf(state.name, 'A', to.ttl, to.a),
    setOf(state.name, 'AAAA', to.ttl, to.aaaa),
    setOf(epochName(state.name), 'TXT', to.ttl, [`"${epochText(to.epoch)}"`]),
  ])
  const batch = [...deletions(old), ...wanted.filter((set) => valuesOf(set).length > 0).map((set): AwsChange => ({ Action: 'CREATE', ResourceRecordSet: set }))]
  const values = batch.flatMap(({ ResourceRecordSet: set }) => valuesOf(set))
  const characters = values.join('').length
  if (values.length > mostRecords || characters > mostCharacters) {
    throw new LifeboatError(
      'names-unfit',
      `One transaction for ${changes.length} names would have ${values.length} records with ${characters} characters; Route 53 takes ${mostRecords} and ${mostCharacters}.`,
    )
  }
  return batch
}

/** A batch that Route 53 must refuse, as nobody has such records, and does so only to who may make changes. */
export function permissionBatch(names: readonly string[]): AwsChange[] {
  return deletions(
    names.flatMap((name) => [setOf(name, 'A', 1, ['0.0.0.0']), setOf(name, 'AAAA', 1, ['::']), setOf(epochName(name), 'TXT', 1, ['"v=1 permission"'])]),
  )
}

function deletions(sets: readonly ResourceRecordSet[]): AwsChange[] {
  return sets.map((set) => ({ Action: 'DELETE', ResourceRecordSet: set }))
}

function setOf(name: string, type: RRType, ttl: number, values: readonly string[]): ResourceRecordSet {
  return { Name: `${name}.`, Type: type, TTL: ttl, ResourceRecords: values.map((value) => ({ Value: value })) }
}

function valuesOf(set: ResourceRecordSet | undefined): string[] {
  return (set?.ResourceRecords ?? []).map(({ Value }) => Value ?? '')
}
