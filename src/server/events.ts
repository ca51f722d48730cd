// Server-sent events: journal records as they are written, from any sequence number on. `id` is the sequence, so a
// client that reconnects with Last-Event-ID goes on there.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JournalRecord } from '../core/records.ts'
import type { Journal } from '../workflows/journal.ts'

const heartbeatMs = 15_000
const pageSize = 1000
const mostRemembered = 10_000
/** A record with a number so much lower was stored long before. */
const lookBack = 500

/** Streams until the client goes. `?after=` or Last-Event-ID says where to begin; without either, from now on. */
export async function streamEvents(journal: Journal, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = request.query as Readonly<Record<string, string | undefined>>
  const from = request.headers['last-event-id'] ?? query['after']
  let seen = from === undefined ? await journal.last() : Number(from)
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' })
  reply.raw.flushHeaders()

  // What is written while the past is read waits here, so that the order holds.
  const waiting: JournalRecord[] = []
  let live = false
  // Moves write at the same time, so that one with a lower number may come later. What may come twice came just now.
  const sent = new Set<number>()
  const send = (record: JournalRecord): void => {
    if (sent.has(record.seq)) return
    sent.add(record.seq)
    if (sent.size > mostRemembered) sent.delete(sent.values().next().value ?? 0)
    reply.raw.write(`id: ${record.seq}\ndata: ${JSON.stringify(record)}\n\n`)
  }
  const stop = journal.listen((record) => (live ? send(record) : void waiting.push(record)))
  const heartbeat = setInterval(() => reply.raw.write(': still here\n\n'), heartbeatMs)
  reply.raw.once('close', () => {
    stop()
    clearInterval(heartbeat)
  })
  // What other processes wrote is heard a little later: what is stored by now and not after `seen` was not asked for.
  for (const { seq } of await journal.after(Math.max(0, seen - lookBack), { limit: lookBack })) if (seq <= seen) sent.add(seq)
  for (let page = await journal.after(seen, { limit: pageSize }); page.length > 0; page = await journal.after(seen, { limit: pageSize })) {
    page.forEach(send)
    seen = page.at(-1)?.seq ?? seen
  }
  live = true
  waiting.forEach(send)
}
