// Server-sent events: journal records as they are written, from any place on. `id` is that place (event-cursor.ts), so a
// client that reconnects with Last-Event-ID goes on there, and misses nothing.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JournalRecord } from '../core/records.ts'
import type { Journal } from '../workflows/journal.ts'
import { lookBack, openCursor, readCursor, type Cursor } from './event-cursor.ts'

const heartbeatMs = 15_000
const pageSize = 1000
/** So much waits in memory for one client; who reads more slowly is cut off, and comes again for the rest. */
const mostWaitingBytes = 1024 * 1024

/** Streams until the client goes. `?after=` or Last-Event-ID says where to begin; without either, from now on. Fails with usage where that is no place. */
export async function streamEvents(journal: Journal, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = request.query as Readonly<Record<string, string | undefined>>
  const from = request.headers['last-event-id'] ?? query['after']
  const place = from === undefined ? { top: await journal.last(), owed: [] } : readCursor(String(from))
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' })
  reply.raw.flushHeaders()
  // Whoever is left in the middle believes that nothing happens; who is cut off comes again.
  await follow(journal, place, reply.raw).catch(() => reply.raw.destroy())
}

async function follow(journal: Journal, { top, owed }: Cursor, raw: ServerResponse): Promise<void> {
  // What is written while the past is read waits here, so that the order holds.
  const waiting: JournalRecord[] = []
  let live = false
  const cursor = openCursor({ top, owed })
  const send = (record: JournalRecord): void => {
    const id = cursor.pass(record.seq)
    if (id === null || raw.destroyed) return
    raw.write(`id: ${id}\n${textOf(record)}`)
    if (live && raw.writableLength > mostWaitingBytes) raw.destroy()
  }
  const stop = journal.listen((record) => (live ? send(record) : void waiting.push(record)))
  const heartbeat = setInterval(() => raw.write(': still here\n\n'), heartbeatMs)
  const closed = new Promise<void>((resolve) => {
    raw.once('close', () => {
      stop()
      clearInterval(heartbeat)
      resolve()
    })
  })
  // What other processes wrote is heard a little later: what is stored by now and not behind `top` was not asked for.
  const before = await journal.after(Math.max(0, top - lookBack), { limit: lookBack })
  for (const record of before) if (record.seq <= top && owed.includes(record.seq)) send(record)
  cursor.skip(before.map(({ seq }) => seq).filter((seq) => seq <= top))
  for (let seen = top; ;) {
    const page = await journal.after(seen, { limit: pageSize })
    page.forEach(send)
    if (raw.destroyed) return
    if (page.length === 0) break
    seen = page.at(-1)?.seq ?? seen
    if (raw.writableNeedDrain) await Promise.race([once(raw, 'drain'), closed])
  }
  live = true
  waiting.forEach(send)
}

const texts = new WeakMap<JournalRecord, string>()

/** Made once for all who listen. */
function textOf(record: JournalRecord): string {
  const known = texts.get(record)
  if (known !== undefined) return known
  const text = `data: ${JSON.stringify(record)}\n\n`
  texts.set(record, text)
  return text
}
