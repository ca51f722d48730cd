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
import { failureOf, httpStatusOf } from '../../src/server/failures.ts'
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
  server.setErrorHandler(async (error, _request, reply) => await reply.code(httpStatusOf(error)).send(failureOf(error)))
  await server.listen({ host: '127.0.0.1', port: 0 })
})

after(async () => await server.close())

const append = async (move: string, text: string) => await journal().append({ move, run: 1, step: 'move', state: 'progress', text })

type Listener = {
  readonly seqs: number[]
  /** Of the last event. */ readonly place: () => string

  readonly close: () => void
}

/** Whoever listens from this place on, and the numbers that came so far. */
async function listen(from: number | string): Promise<Listener> {
  const { port } = server.server.address() as AddressInfo
  const request = http.get({ host: '127.0.0.1', port, path: '/events', headers: { 'last-event-id': from } })
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
  assert.equal(answer.statusCode, 200)
  const seqs: number[] = []
  let [place, rest] = [String(from), '']
  answer.on('data', (chunk: Buffer) => {
    const events = (rest + chunk.toString('latin1')).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const [, id, seq] = /^id: (\S+)\ndata: \{"schema":"lifeboat.journal\/1","seq":(\d+),/.exec(event) ?? []
      if (id === undefined) continue
      place = id
      seqs.push(Number(seq))
    }
  })
  answer.on('error', () => undefined)
  return { seqs, place: () => place, close: () => request.destroy() }
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

test('who is cut off before such a record comes hears it when it comes again, before or after it is stored', async (t) => {
  const lock = await pool().connect()
  // Its end gives the lock back.
  t.after(() => lock.release(true))
  const waits = async (many: number) => {
    const isSo = async () => ((await pool().query(`select from pg_locks where locktype = 'advisory' and not granted`)).rowCount === many ? true : null)
    await waitUntil(isSo, { what: 'The records of slow', deadlineMs: 5000, everyMs: 5, signal: new AbortController().signal })
  }
  await lock.query('select pg_advisory_lock(1)')
  const slow = append('slow', 'one')
  await waits(1)
  const { seq: before } = await append('quick', 'one')
  const first = await listen(before - 2)
  await heard(first.seqs, [before])
  first.close()
  // It is not stored yet.
  const second = await listen(first.place())
  await lock.query('select pg_advisory_unlock(1)')
  const { seq } = await slow
  await heard(second.seqs, [seq])
  // It is stored by now.
  const third = await listen(first.place())
  const last = await append('quick', 'two')
  await heard(third.seqs, [last.seq])
  await heard(second.seqs, [last.seq])
  const fourth = await listen(third.place())
  const end = await append('quick', 'three')
  await heard(fourth.seqs, [end.seq])
  await heard(second.seqs, [end.seq])
  await heard(third.seqs, [end.seq])
  assert.deepEqual([first.seqs, second.seqs, third.seqs, fourth.seqs], [[before], [seq, last.seq, end.seq], [seq, last.seq, end.seq], [end.seq]])
  for (const { close } of [second, third, fourth]) close()
})

test('who reads more slowly than it is written is cut off, and misses nothing by it', async () => {
  const { port } = server.server.address() as AddressInfo
  const from = await journal().last()
  const request = http.get({ host: '127.0.0.1', port, path: `/events?after=${from}` })
  request.on('error', () => undefined)
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
  answer.on('error', () => undefined)
  const text = 'x'.repeat(100_000)
  const written: number[] = []
  for (let nth = 0; nth < 100; nth += 1) written.push((await append('web-1', text)).seq)
  // What the kernel took is read; the rest was never sent.
  let bytes = 0
  answer.on('data', (chunk: Buffer) => void (bytes += chunk.length))
  const cut = async () => await Promise.resolve(answer.closed ? true : null)
  await waitUntil(cut, { what: 'The end of the slow reader', deadlineMs: 20_000, everyMs: 10, signal: AbortSignal.timeout(30_000) }).finally(() =>
    request.destroy(),
  )
  assert.ok(bytes < 100 * text.length, String(bytes))
  const again = await listen(from)
  await heard(again.seqs, written)
  assert.deepEqual(again.seqs, written)
  again.close()
})

test('what is no place in the events is refused', async () => {
  const { port } = server.server.address() as AddressInfo
  for (const place of ['-1', 'x', '1-', '1--2', '9'.repeat(16)]) {
    const answer = await fetch(`http://127.0.0.1:${port}/events?after=${place}`)
    assert.equal(answer.status, 400, place)
    await answer.body?.cancel()
  }
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
