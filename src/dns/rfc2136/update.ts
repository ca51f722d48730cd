// UPDATE messages (RFC 2136): what must be so, and what shall be so, in one transaction.
import { classes, emptyMessage, opcodes, type Message, type ResourceRecord } from '../codec.ts'
import { epochName, epochText } from '../epoch.ts'
import type { Epoch, NameState, Wanted } from '../provider.ts'
import { types, type RecordData } from '../record-data.ts'

/** A name with what it must hold before, and after; `to: null` only asks whether it holds `from`. */
type Update = { readonly from: NameState; readonly to: Wanted | null }

/** One transaction over all changes. Every prerequisite compares a whole set (RFC 2136 §2.4), TTLs aside. */
export function updateMessage(id: number, zone: string, changes: readonly Update[]): Message {
  return {
    ...emptyMessage(id, opcodes.update),
    questions: [{ name: zone, type: types.SOA, class: classes.IN }],
    answers: changes.flatMap((change) => mustHold(change.from)),
    authorities: changes.flatMap((change) => (change.to === null ? [] : replaced(change.from.name, change.to))),
  }
}

/**
 * An UPDATE without effect that needs the same rights as a swap: it removes single records which nobody has. Servers
 * check the rights for every record of the update section (RFC 2136 §3.3) and pass over what is not there (§3.4.2.4).
 */
export function permissionMessage(id: number, zone: string, names: readonly string[]): Message {
  const nobodys = (name: string): ResourceRecord[] => [
    { ...absentRecord(name, types.A), data: { kind: 'address', address: '0.0.0.0' } },
    { ...absentRecord(name, types.AAAA), data: { kind: 'address', address: '::' } },
    { ...absentRecord(epochName(name), types.TXT), data: textData('v=1 permission') },
  ]
  return {
    ...emptyMessage(id, opcodes.update),
    questions: [{ name: zone, type: types.SOA, class: classes.IN }],
    authorities: names.flatMap(nobodys),
  }
}

function mustHold(state: NameState): ResourceRecord[] {
  const { name } = state
  return [
    ...wholeSet(name, types.A, addressData(state.a)),
    ...wholeSet(name, types.AAAA, addressData(state.aaaa)),
    ...wholeSet(epochName(name), types.TXT, epochData(state.epoch)),
    // Beside a CNAME a server drops added addresses in silence (RFC 2136 §3.4.2.2).
    absentRecord(name, types.CNAME),
    absentRecord(epochName(name), types.CNAME),
  ]
}

function replaced(name: string, to: Wanted): ResourceRecord[] {
  const sets = [
    { owner: name, type: types.A, all: addressData(to.a) },
    { owner: name, type: types.AAAA, all: addressData(to.aaaa) },
    { owner: epochName(name), type: types.TXT, all: epochData(to.epoch) },
  ]
  return sets.flatMap(({ owner, type, all }) => [
    { name: owner, type, class: classes.ANY, ttl: 0, data: { kind: 'empty' } },
    ...all.map((data): ResourceRecord => ({ name: owner, type, class: classes.IN, ttl: to.ttl, data })),
  ])
}

function wholeSet(name: string, type: number, all: readonly RecordData[]): ResourceRecord[] {
  if (all.length === 0) return [absentRecord(name, type)]
  return all.map((data) => ({ name, type, class: classes.IN, ttl: 0, data }))
}

/** In the prerequisites: no such set. In the update section, with data: remove this one record. */
function absentRecord(name: string, type: number): ResourceRecord {
  return { name, type, class: classes.NONE, ttl: 0, data: { kind: 'empty' } }
}

function addressData(addresses: readonly string[]): RecordData[] {
  return addresses.map((address) => ({ kind: 'address', address }))
}

function epochData(epoch: Epoch | null): RecordData[] {
  return epoch === null ? [] : [textData(epochText(epoch))]
}

function textData(text: string): RecordData {
  return { kind: 'text', strings: [Buffer.from(text)] }
}
