// DNS messages between values and bytes (RFC 1035 §4, RFC 2136 §2). Small on purpose: what a query and an UPDATE need.
import { LifeboatError } from '../core/errors.ts'
import { dataBytes, readData, type RecordData } from './record-data.ts'
import { malformed, nameBytes, readName, type Reader } from './wire-name.ts'

export const classes = { IN: 1, NONE: 254, ANY: 255 } as const
export const opcodes = { query: 0, update: 5 } as const

const rcodeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET', 'NXRRSET', 'NOTAUTH', 'NOTZONE']

export type Question = { readonly name: string; readonly type: number; readonly class: number }

export type ResourceRecord = {
  readonly name: string
  readonly type: number
  readonly class: number
  /** Seconds. */
  readonly ttl: number
  readonly data: RecordData
}

/** In an UPDATE the four sections are called zone, prerequisites, update, additional; their form is the same. */
export type Message = {
  readonly id: number
  readonly response: boolean
  readonly opcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly rcode: number
  readonly questions: readonly Question[]
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  readonly additionals: readonly ResourceRecord[]
}

/** `lastRecordAt`: where the last additional record begins (a signature covers what stands before it); null: there is none. */
export type Decoded = { readonly message: Message; readonly lastRecordAt: number | null }

/** A request without anything in it. */
export function emptyMessage(id: number, opcode: number): Message {
  const none = { questions: [], answers: [], authorities: [], additionals: [] }
  return { id, response: false, opcode, authoritative: false, truncated: false, recursionDesired: false, rcode: 0, ...none }
}

/** The bytes of a message, without name compression. Fails when it is longer than TCP can carry (65,535 bytes). */
export function encodeMessage(message: Message): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(message.id)
  header.writeUInt16BE(flagsOf(message), 2)
  const sections = [message.answers, message.authorities, message.additionals]
  header.writeUInt16BE(message.questions.length, 4)
  sections.forEach((section, at) => header.writeUInt16BE(section.length, 6 + 2 * at))
  const bytes = Buffer.concat([header, ...message.questions.map(questionBytes), ...sections.flat().map(recordBytes)])
  if (bytes.length > 65_535)
    throw new LifeboatError('names-unfit', `One DNS message would have ${bytes.length} bytes, the limit is 65535: too many names at once.`)
  return bytes
}

/** The message that the bytes hold. Fails with answer-malformed, also when bytes are left over. */
export function decodeMessage(bytes: Buffer): Decoded {
  const reader: Reader = { bytes, at: 12 }
  if (bytes.length < 12) throw malformed('the header is too short', { bytes, at: bytes.length })
  const flags = bytes.readUInt16BE(2)
  const questions = repeat(bytes.readUInt16BE(4), () => readQuestion(reader))
  const answers = repeat(bytes.readUInt16BE(6), () => readRecord(reader))
  const authorities = repeat(bytes.readUInt16BE(8), () => readRecord(reader))
  let lastRecordAt: number | null = null
  const additionals = repeat(bytes.readUInt16BE(10), () => {
    lastRecordAt = reader.at
    return readRecord(reader)
  })
  if (reader.at !== bytes.length) throw malformed('bytes are left over', reader)
  const message = { id: bytes.readUInt16BE(0), ...flagFields(flags), questions, answers, authorities, additionals }
  return { message, lastRecordAt }
}

/** The bytes of one record. */
function recordBytes(record: ResourceRecord): Buffer {
  const data = dataBytes(record.data)
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(record.type)
  fixed.writeUInt16BE(record.class, 2)
  fixed.writeUInt32BE(record.ttl, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([nameBytes(record.name), fixed, data])
}

/** What people call a response code. */
export function rcodeText(rcode: number): string {
  return rcodeNames[rcode] ?? `RCODE ${rcode}`
}

/** The number of a response code. */
export function rcodeOf(name: 'NOERROR' | 'NXDOMAIN' | 'REFUSED' | 'YXDOMAIN' | 'YXRRSET' | 'NXRRSET' | 'NOTAUTH'): number {
  return rcodeNames.indexOf(name)
}

function flagsOf(message: Message): number {
  const bit = (is: boolean, at: number) => (is ? 1 << at : 0)
  const low = bit(message.authoritative, 10) | bit(message.truncated, 9) | bit(message.recursionDesired, 8)
  return bit(message.response, 15) | ((message.opcode & 0xf) << 11) | low | (message.rcode & 0xf)
}

function flagFields(flags: number) {
  const bit = (at: number) => (flags & (1 << at)) !== 0
  return { response: bit(15), opcode: (flags >> 11) & 0xf, authoritative: bit(10), truncated: bit(9), recursionDesired: bit(8), rcode: flags & 0xf }
}

function questionBytes(question: Question): Buffer {
  const fixed = Buffer.alloc(4)
  fixed.writeUInt16BE(question.type)
  fixed.writeUInt16BE(question.class, 2)
  return Buffer.concat([nameBytes(question.name), fixed])
}

function readQuestion(reader: Reader): Question {
  const name = readName(reader)
  if (reader.at + 4 > reader.bytes.length) throw malformed('a question does not end', reader)
  const question = { name, type: reader.bytes.readUInt16BE(reader.at), class: reader.bytes.readUInt16BE(reader.at + 2) }
  reader.at += 4
  return question
}

function readRecord(reader: Reader): ResourceRecord {
  const name = readName(reader)
  const { bytes, at } = reader
  if (at + 10 > bytes.length) throw malformed('a record does not end', reader)
  const type = bytes.readUInt16BE(at)
  reader.at += 10
  const data = readData(reader, type, bytes.readUInt16BE(at + 8))
  return { name, type, class: bytes.readUInt16BE(at + 2), ttl: bytes.readUInt32BE(at + 4), data }
}

/** Ends early by itself: each turn either uses bytes or fails. */
function repeat<T>(count: number, read: () => T): T[] {
  return Array.from({ length: count }, read)
}
