// Server-sent events over a real journal: nothing is lost where moves write at the same time.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { after, before } from 'node:test'
import fastify from 'fastify'
import type { JournalRecord } from '../../src/core/records.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { streamEvents } from '../../src/server/events.ts'
import { openJournal, type Journal } from '../../src/workflows/journal.ts'
import { ownStore } from '../support/own-store.ts'

const { pool } = ownStore('events')
const server = fastify({ forceCloseConnections: true })
let opened: Journal | null = null
const journal = (): Journal => (opened ??= openJournal(pool()))
/** What listens to the journal, as who watches through this server. */
const listeners = new Set<(record: JournalRecord) => void>()

before(async () => {
  const listen: Journal['listen'] = (onRecord) => {
    listeners.add(onRecord)
    return journal().listen(onRecord)
  }
  server.get('/events', async (request, reply) => await streamEvents({ ...journal(), listen }, request, reply))
  await server.listen({ host: '127.0.0.1', port: 0 })
})

after(async () => await server.close())

const append = async (move: string, text: string) => await journal().append({ move, run: 1, step: 'move', state: 'progress', text })

/** Whoever listens from this record on, and the numbers that came so far. */
async function listen(from: number): Promise<{ readonly seqs: number[]; readonly close: () => void }> {
  const { port } = server.server.address() as AddressInfo
  const request = http.get({ host: '127.0.0.1', port, path: `/events?after=${from}` })
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
  const seqs: number[] = []
  answer.on('data', (chunk: Buffer) => seqs.push(...[...chunk.toString().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))))
  answer.on('error', () => undefined)
  return { seqs, close: () => request.destroy() }
}

const heard = async (seqs: readonly number[], wanted: readonly number[]) =>
  await waitUntil(async () => await Promise.resolve(wanted.every((seq) => seqs.includes(seq)) ? true : null), {
    what: `The records ${wanted.join(', ')} beside ${seqs.join(', ')}`,
    deadlineMs: 5000,
    everyMs: 10,
    signal: new AbortController().signal,
  })

test('the past comes first, then what is written, each once', async () => {
  const past = [await append('web-1', 'one'), await append('web-1', 'two')].map(({ seq }) => seq)
  const { seqs, close } = await listen(0)
  await heard(seqs, past)
  const next = [await append('web-1', 'three'), await append('db-1', 'one')].map(({ seq }) => seq)
  await heard(seqs, next)
  assert.deepEqual(seqs, [...past, ...next])
  close()
})

test('a record that was numbered before another one and is stored after it comes, too', async () => {
  // Its move has to wait for this lock with its number in hand.
  const lock = await pool().connect()
  await lock.query('select pg_advisory_lock(1)')
  await pool().query(`create function hold() returns trigger language plpgsql as $$ begin
    if new.move = 'slow' then perform pg_advisory_xact_lock(1); end if;
    return new;
  end $$; create trigger hold before insert on lifeboat.journal for each row execute function hold()`)
  const { seqs, close } = await listen(await journal().last())
  const slow = append('slow', 'one')
  const waits = async () => ((await pool().query(`select from pg_locks where locktype = 'advisory' and not granted`)).rowCount === 0 ? null : true)
  await waitUntil(waits, { what: 'The record of slow', deadlineMs: 5000, everyMs: 5, signal: new AbortController().signal })
  const quick = await append('quick', 'one')
  await heard(seqs, [quick.seq])
  await lock.query('select pg_advisory_unlock(1)')
  lock.release()
  const { seq } = await slow
  assert.ok(seq < quick.seq)
  await heard(seqs, [seq])
  assert.deepEqual(seqs, [quick.seq, seq])
  close()
})

test('what was stored before somebody listens is not told again when another process is heard late', async () => {
  const stored = await append('elsewhere', 'one')
  listeners.clear()
  const { seqs, close } = await listen((await append('web-1', 'more')).seq)
  const next = await append('web-1', 'on')
  await heard(seqs, [next.seq])
  for (const tell of listeners) tell(stored)
  const last = await append('web-1', 'end')
  await heard(seqs, [last.seq])
  assert.deepEqual(seqs, [next.seq, last.seq])
  close()
})
