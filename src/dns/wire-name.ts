// Domain names between text and wire form (RFC 1035 §3.1, §4.1.4). Text has no last dot, the root is `.`; bytes that are
// no printable ASCII are written `\ddd`, a dot or backslash inside a label with a backslash before it.
import { LifeboatError } from '../core/errors.ts'

const longestLabel = 63
const longestName = 255

/** A message being read; `at` moves on. */
export type Reader = { readonly bytes: Buffer; at: number }

/** What a broken message fails with. */
export function malformed(what: string, reader: Reader): LifeboatError {
  return new LifeboatError('answer-malformed', `A DNS message is broken: ${what} at byte ${reader.at} of ${reader.bytes.length}.`)
}

/** The bytes of a name, never compressed. A text that is no name fails with names-unfit. */
export function nameBytes(name: string): Buffer {
  const labels = labelsOf(name)
  const bytes = Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])])
  if (bytes.length > longestName) throw unfit(name, `it is ${bytes.length} bytes long, the limit is ${longestName}`)
  return bytes
}

/**
 * Reads a name. A pointer must lead to bytes before the name that holds it: that is so in every honest message, and it
 * makes an endless chain impossible.
 */
export function readName(reader: Reader): string {
  const labels: string[] = []
  let length = 1
  let before = reader.at
  let end: number | null = null
  let at = reader.at
  for (let size = byteAt(reader, at); size !== 0; size = byteAt(reader, at)) {
    if (size >= 0xc0) {
      end ??= at + 2
      at = ((size & 0x3f) << 8) | byteAt(reader, at + 1)
      if (at >= before) throw malformed('a name points forward', reader)
      before = at
      continue
    }
    if (size > longestLabel) throw malformed('a label of unknown kind', reader)
    length += size + 1
    if (length > longestName) throw malformed('a name is too long', reader)
    byteAt(reader, at + size)
    labels.push(labelText(reader.bytes.subarray(at + 1, at + 1 + size)))
    at += size + 1
  }
  reader.at = end ?? at + 1
  return labels.length === 0 ? '.' : labels.join('.')
}

/** Upper and lower case are one name; only ASCII letters have case here (RFC 4343). */
export function lowerName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function byteAt(reader: Reader, at: number): number {
  const byte = reader.bytes[at]
  if (byte === undefined) throw malformed('a name does not end', reader)
  return byte
}

function labelsOf(name: string): Buffer[] {
  if (name === '.') return []
  const labels: number[][] = [[]]
  const token = /(\.)|\\([0-9]{3})|\\([\x21-\x7e])|([\x21-\x5b\x5d-\x7e])/gy
  while (token.lastIndex < name.length) {
    const [, dot, code, quoted, plain] = token.exec(name) ?? []
    const byte = code === undefined ? ((quoted ?? plain)?.charCodeAt(0) ?? 256) : Number(code)
    if (dot !== undefined) labels.push([])
    else if (byte > 255) throw unfit(name, 'a character in it is not allowed')
    else labels.at(-1)?.push(byte)
  }
  return labels.map((label) => checkedLabel(name, Buffer.from(label)))
}

function checkedLabel(name: string, label: Buffer): Buffer {
  if (label.length === 0) throw unfit(name, 'a label in it is empty')
  if (label.length > longestLabel) throw unfit(name, `a label in it has ${label.length} bytes, the limit is ${longestLabel}`)
  return label
}

function labelText(bytes: Buffer): string {
  let text = ''
  for (const byte of bytes) {
    const letter = String.fromCharCode(byte)
    if (letter === '.' || letter === '\\') text += `\\${letter}`
    else if (byte > 0x20 && byte < 0x7f) text += letter
    else text += `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

function unfit(name: string, why: string): LifeboatError {
  return new LifeboatError('names-unfit', `${JSON.stringify(name)} is not a domain name: ${why}.`)
}
