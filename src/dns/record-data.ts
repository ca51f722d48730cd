// The data part of a resource record. Kinds that Lifeboat reads or writes are decoded; any other stays as bytes.
import { LifeboatError } from '../core/errors.ts'
import { addressBytes, addressText } from './address.ts'
import { malformed, nameBytes, readName, type Reader } from './wire-name.ts'

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SSHFP: 44,
  RRSIG: 46,
  TLSA: 52,
  HTTPS: 65,
  TSIG: 250,
  ANY: 255,
  CAA: 257,
} as const

export type RecordData =
  /** UPDATE says with it "the whole set" or "no such set" (RFC 2136 §2.4, §2.5). */
  | { readonly kind: 'empty' }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'mail'; readonly preference: number; readonly name: string }
  | { readonly kind: 'text'; readonly strings: readonly Buffer[] }
  | ({ readonly kind: 'soa'; readonly server: string; readonly mailbox: string } & SoaNumbers)
  /** As it stands in the message; a compressed name inside is not resolved, so this is for types that have none. */
  | { readonly kind: 'raw'; readonly bytes: Buffer }

type SoaNumbers = { readonly serial: number; readonly refresh: number; readonly retry: number; readonly expire: number; readonly minimum: number }

/** The bytes of a record's data. */
export function dataBytes(data: RecordData): Buffer {
  switch (data.kind) {
    case 'empty':
      return Buffer.alloc(0)
    case 'address': {
      const bytes = addressBytes(data.address)
      if (bytes === null) throw new LifeboatError('names-unfit', `${JSON.stringify(data.address)} is not an IP address.`)
      return bytes
    }
    case 'name':
      return nameBytes(data.name)
    case 'mail': {
      const preference = Buffer.alloc(2)
      preference.writeUInt16BE(data.preference)
      return Buffer.concat([preference, nameBytes(data.name)])
    }
    case 'text':
      return Buffer.concat(data.strings.flatMap((one) => [Buffer.from([one.length]), one]))
    case 'soa': {
      const numbers = Buffer.alloc(20)
      const values = [data.serial, data.refresh, data.retry, data.expire, data.minimum]
      values.forEach((value, at) => numbers.writeUInt32BE(value, 4 * at))
      return Buffer.concat([nameBytes(data.server), nameBytes(data.mailbox), numbers])
    }
    case 'raw':
      return data.bytes
  }
}

/** Reads the data of a record of this type, which has `length` bytes. Every byte must be used. */
export function readData(reader: Reader, type: number, length: number): RecordData {
  const end = reader.at + length
  if (end > reader.bytes.length) throw malformed('a record does not end', reader)
  if (length === 0) return { kind: 'empty' }
  const data = readKind(reader, type, end)
  if (reader.at !== end) throw malformed('the data of a record has the wrong length', reader)
  return data
}

function readKind(reader: Reader, type: number, end: number): RecordData {
  switch (type) {
    case types.A:
    case types.AAAA: {
      const bytes = take(reader, type === types.A ? 4 : 16, end)
      return { kind: 'address', address: addressText(bytes) }
    }
    case types.NS:
    case types.CNAME:
      return { kind: 'name', name: readName(reader) }
    case types.MX:
      return { kind: 'mail', preference: take(reader, 2, end).readUInt16BE(), name: readName(reader) }
    case types.TXT:
      return { kind: 'text', strings: readStrings(reader, end) }
    case types.SOA: {
      const server = readName(reader)
      const mailbox = readName(reader)
      const numbers = take(reader, 20, end)
      const number = (at: number) => numbers.readUInt32BE(4 * at)
      return { kind: 'soa', server, mailbox, serial: number(0), refresh: number(1), retry: number(2), expire: number(3), minimum: number(4) }
    }
    default:
      return { kind: 'raw', bytes: take(reader, end - reader.at, end) }
  }
}

function readStrings(reader: Reader, end: number): Buffer[] {
  const strings: Buffer[] = []
  while (reader.at < end) {
    const [size = 0] = take(reader, 1, end)
    strings.push(take(reader, size, end))
  }
  return strings
}

function take(reader: Reader, count: number, end: number): Buffer {
  if (reader.at + count > end) throw malformed('the data of a record is too short', reader)
  const bytes = Buffer.from(reader.bytes.subarray(reader.at, reader.at + count))
  reader.at += count
  return bytes
}
