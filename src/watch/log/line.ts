// One line of a segment: a record or raw bytes, with its number and the hash that links it to the line before it.
import { hash } from 'node:crypto'
import type { Evidence } from '../../core/evidence.ts'

/** A place in the chain: the number and the hash of the last line. */
export type Link = { readonly seq: number; readonly hash: string }

export type Line = Link & { readonly body: string }

/** What a line holds, without its link: a record, or bytes as they came. */
export type Content =
  | { readonly evidence: Evidence; readonly raw?: undefined }
  | { readonly raw: { readonly sha256: string; readonly base64: string }; readonly evidence?: undefined }

/** Before the first line. */
export const nothing: Link = { seq: 0, hash: '' }

export function bodyOf({ evidence, raw }: Content): string {
  return raw === undefined ? `"evidence":${JSON.stringify(evidence)}` : `"raw":${JSON.stringify({ sha256: raw.sha256, base64: raw.base64 })}`
}

/** SHA-256 over three lines: the hash before it (empty for the first), its number, and its body as it is written. */
export function linkTo(before: Link, body: string): Link {
  const seq = before.seq + 1
  return { seq, hash: hash('sha256', `${before.hash}\n${seq}\n${body}`) }
}

/** The line is JSON with its keys in this order, so that whoever checks it needs no other form than the bytes that are there. */
export function writeLine({ seq, hash }: Link, body: string): string {
  return `{"seq":${seq},"hash":"${hash}",${body}}\n`
}

const written = /^\{"seq":(\d{1,15}),"hash":"([0-9a-f]{64})",("(?:evidence|raw)":\{.*\})\}$/

/** Null: no line of ours. */
export function readLine(text: string): Line | null {
  const [, seq, found, body] = written.exec(text) ?? []
  return seq === undefined || found === undefined || body === undefined ? null : { seq: Number(seq), hash: found, body }
}

export function contentOf(line: Line): Content {
  return JSON.parse(`{${line.body}}`) as Content
}

/** The first line of a segment: where its chain goes on from. */
export function writeHeader(before: Link): string {
  return `{"schema":"lifeboat.evidence/1","first":${before.seq + 1},"before":"${before.hash}"}\n`
}
