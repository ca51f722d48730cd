// The process that bench/sse.ts measures: the TCP server of `lifeboat serve` over a journal in PostgreSQL that as many moves
// write to as it is told. On stdin `MOVES SECONDS` begins; on stdout stand its address, and then the numbers that were written.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'pg'
import type { App } from '../src/app/app.ts'
import { placesOf } from '../src/controller/places.ts'
import { startPostgres } from '../src/controller/postgres.ts'
import { createTcpServer } from '../src/server/api.ts'
import { openJournal, type Journal } from '../src/workflows/journal.ts'
import { createTables } from '../src/workflows/store.ts'

const everyMs = 5000
const [folder = '', token = ''] = process.argv.slice(2)
const nothing = async (): Promise<never> => await Promise.reject(new Error('Only events are asked for here.'))

/** Each of them a record every five seconds, one after the other. */
async function write(journal: Journal, moves: number, seconds: number): Promise<number[]> {
  const appended: Promise<number>[] = []
  const began = performance.now()
  const all = (moves * seconds * 1000) / everyMs
  while (appended.length < all) {
    await delay(1)
    for (let due = appended.length; due < all && began + (due * everyMs) / moves <= performance.now(); due += 1) {
      const entry = { move: `web-${due % moves}`, run: 1, step: 'keep-in-sync', state: 'progress', text: 'The copy is 2.4 s behind.' } as const
      appended.push(journal.append({ ...entry, details: { lagSeconds: 2.4, remainingBytes: 1_048_576, forecastPauseMs: 640 } }).then(({ seq }) => seq))
    }
  }
  return await Promise.all(appended)
}

const database = await startPostgres(placesOf(folder), AbortSignal.timeout(60_000))
const pool = new Pool({ connectionString: database.url, max: 20 })
await createTables(pool)
const journal = openJournal(pool)
const server = createTcpServer({ journal, status: nothing } as unknown as App, {
  door: {
    tokens: [{ name: 'bench', scope: 'read', hash: `sha256:${createHash('sha256').update(token).digest('hex')}` }],
    context: { config: { text: '', baseFolder: '/' }, secrets: {}, isComplete: true },
    audit: { write: async () => undefined, close: async () => undefined },
    limits: { perToken: 1_000_000, perStranger: 10 },
  },
  receiver: { receive: nothing, sources: [], close: () => undefined },
  evidence: { after: nothing, read: nothing, looks: nothing },
  touched: () => undefined,
  stop: () => undefined,
})
process.stdout.write(`${await server.listen({ host: '127.0.0.1', port: 0 })}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  const [moves = 0, seconds = 0] = line.split(' ').map(Number)
  process.stdout.write(`${JSON.stringify(await write(journal, moves, seconds))}\n`)
}
await server.close()
await pool.end()
await database.stop()
