// Transaction signatures (RFC 8945): a keyed digest over a message, as the last record of it.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { classes, decodeMessage, encodeMessage, type Message, type ResourceRecord } from '../codec.ts'
import { types } from '../record-data.ts'
import { lowerName, malformed, nameBytes, readName, type Reader } from '../wire-name.ts'

export const algorithms = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512', 'hmac-sha1'] as const

export type TsigKey = {
  readonly name: string
  readonly algorithm: (typeof algorithms)[number]
  /** Base64, as `tsig-keygen` and `keymgr` print it. */
  readonly secret: Secret
}

export const tsigErrors = { badSignature: 16, badKey: 17, badTime: 18, badTruncation: 22 } as const

/** How far the two clocks may be apart, in seconds (RFC 8945 §10). */
const fudge = 300

/** `error` is the code inside the signature record, 0 for none; `serverTime` (Unix seconds) comes with BADTIME. */
export type Checked = {
  readonly message: Message
  readonly signed: boolean
  readonly error: number
  readonly serverTime: number | null
}

type SignatureData = {
  readonly algorithm: string
  /** Unix seconds. */
  readonly time: number
  readonly fudge: number
  readonly mac: Buffer
  readonly originalId: number
  readonly error: number
  readonly other: Buffer
}

/** The bytes of a request with its signature, and the digest that its answer must build upon. `now` in Unix seconds. */
export function signMessage(message: Message, key: TsigKey, now: number): { readonly bytes: Buffer; readonly mac: Buffer } {
  return signReply(message, key, now, null)
}

/** The same for an answer, whose digest covers that of its request. Public for tests that play a server. */
export function signReply(message: Message, key: TsigKey, now: number, requestMac: Buffer | null, error = 0): { readonly bytes: Buffer; readonly mac: Buffer } {
  const unsigned: SignatureData = { algorithm: key.algorithm, time: now, fudge, mac: Buffer.alloc(0), originalId: message.id, error, other: Buffer.alloc(0) }
  const mac = digest(encodeMessage(message), key, unsigned, requestMac)
  const record: ResourceRecord = {
    name: key.name,
    type: types.TSIG,
    class: classes.ANY,
    ttl: 0,
    data: { kind: 'raw', bytes: signatureBytes({ ...unsigned, mac }) },
  }
  return { bytes: encodeMessage({ ...message, additionals: [...message.additionals, record] }), mac }
}

/**
 * Takes the signature off a reply and checks it. A reply without one, or with an empty one, comes back as not signed:
 * it proves nothing, and the caller decides what it may be used for. A wrong digest, key, or time fails with
 * answer-malformed. `now` in Unix seconds.
 */
export function checkReply(bytes: Buffer, key: TsigKey, requestMac: Buffer, now: number): Checked {
  const { message, lastRecordAt } = decodeMessage(bytes)
  const record = message.additionals.at(-1)
  const elsewhere = [...message.answers, ...message.authorities, ...message.additionals.slice(0, -1)]
  if (elsewhere.some((one) => one.type === types.TSIG)) throw forged('its signature is not the last record')
  if (record?.type !== types.TSIG || lastRecordAt === null) return { message, signed: false, error: 0, serverTime: null }
  if (record.class !== classes.ANY || record.ttl !== 0) throw forged('its signature record has a class or TTL that none has')
  const signature = readSignature(record)
  const bare = { ...message, additionals: message.additionals.slice(0, -1) }
  if (signature.mac.length === 0) return { message: bare, signed: false, error: signature.error, serverTime: null }
  if (lowerName(record.name) !== lowerName(key.name) || signature.algorithm !== key.algorithm) {
    throw forged(`it is signed with ${record.name} (${signature.algorithm}), not with ${key.name} (${key.algorithm})`)
  }
  const expected = digest(withoutLastRecord(bytes, lastRecordAt, signature.originalId), key, signature, requestMac)
  // A shortened digest is allowed by the protocol; nobody asked for one here.
  if (expected.length !== signature.mac.length || !timingSafeEqual(expected, signature.mac)) throw forged('its signature is wrong')
  return { message: bare, signed: true, error: signature.error, serverTime: checkedTime(signature, now) }
}

/** The bytes of a base64 secret, or null when it is none. */
export function secretBytes(secret: Secret): Buffer | null {
  const text = secret.reveal().trim()
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) && text !== ''
  return isBase64 ? Buffer.from(text, 'base64') : null
}

/** RFC 8945 §4.3.3: the request's digest with its length, the message, then the variables in canonical form. */
function digest(message: Buffer, key: TsigKey, signature: SignatureData, requestMac: Buffer | null): Buffer {
  const secret = secretBytes(key.secret)
  if (secret === null) throw new LifeboatError('secret-unavailable', `The secret of the TSIG key ${key.name} is not base64.`)
  const hmac = createHmac(key.algorithm.replace('hmac-', ''), secret)
  if (requestMac !== null) hmac.update(counted(requestMac))
  // Class ANY and TTL 0 of the signature record.
  const classAndTtl = Buffer.from([0, classes.ANY, 0, 0, 0, 0])
  const codes = Buffer.alloc(2)
  codes.writeUInt16BE(signature.error)
  hmac
    .update(message)
    .update(nameBytes(lowerName(key.name)))
    .update(classAndTtl)
    .update(nameBytes(signature.algorithm))
    .update(timeBytes(signature))
  return hmac.update(codes).update(counted(signature.other)).digest()
}

/** With BADTIME the server repeats our own time and tells its own beside it (RFC 8945 §5.2.3). Null otherwise. */
function checkedTime(signature: SignatureData, now: number): number | null {
  if (signature.error === tsigErrors.badTime) return signature.other.length === 6 ? signature.other.readUIntBE(0, 6) : null
  const apart = Math.abs(now - signature.time)
  if (apart > Math.min(signature.fudge, fudge)) throw forged(`it was signed ${apart} s away from this clock; the limit is ${fudge} s`)
  return null
}

function signatureBytes(signature: SignatureData): Buffer {
  const codes = Buffer.alloc(4)
  codes.writeUInt16BE(signature.originalId)
  codes.writeUInt16BE(signature.error, 2)
  return Buffer.concat([nameBytes(signature.algorithm), timeBytes(signature), counted(signature.mac), codes, counted(signature.other)])
}

function readSignature(record: ResourceRecord): SignatureData {
  const bytes = record.data.kind === 'raw' ? record.data.bytes : Buffer.alloc(0)
  const reader: Reader = { bytes, at: 0 }
  const algorithm = lowerName(readName(reader))
  const take = (count: number) => {
    if (reader.at + count > bytes.length) throw malformed('a signature does not end', reader)
    reader.at += count
    return bytes.subarray(reader.at - count, reader.at)
  }
  const time = take(6).readUIntBE(0, 6)
  const allowed = take(2).readUInt16BE()
  const mac = take(take(2).readUInt16BE())
  const originalId = take(2).readUInt16BE()
  const error = take(2).readUInt16BE()
  const other = take(take(2).readUInt16BE())
  if (reader.at !== bytes.length) throw malformed('bytes are left over in a signature', reader)
  return { algorithm, time, fudge: allowed, mac, originalId, error, other }
}

/** What was signed: the message as it was before the signature was added, under its original identifier. */
function withoutLastRecord(bytes: Buffer, lastRecordAt: number, originalId: number): Buffer {
  const before = Buffer.from(bytes.subarray(0, lastRecordAt))
  before.writeUInt16BE(originalId)
  before.writeUInt16BE(before.readUInt16BE(10) - 1, 10)
  return before
}

function timeBytes(signature: SignatureData): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUIntBE(signature.time, 0, 6)
  bytes.writeUInt16BE(signature.fudge, 6)
  return bytes
}

function counted(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function forged(why: string): LifeboatError {
  return new LifeboatError('answer-malformed', `The name server's answer cannot be trusted: ${why}.`)
}
