// PostgreSQL by logical replication, for a change of its version on the way: rows go over, into a cluster that was made with
// the schema of the old one. The switch shuts the giving side, sees that the other one has confirmed its last record,
// carries the sequences over, compares, and opens the receiving side, which keeps what it writes for the way back.
import { LifeboatError } from '../../../core/errors.ts'
import { act } from '../../act.ts'
import type { Mover, Pair } from '../../mover.ts'
import { query, unitOf } from '../cluster.ts'
import { checkpoint } from '../checkpoint.ts'
import { parseLsn } from '../lsn.ts'
import { pausePooler } from '../pooler.ts'
import { discard } from '../scripts.ts'
import { logicalPlaces, type Both } from './both.ts'
import { differentRows, questions, refuseChangedSchema, whole } from './compare.ts'
import { confirmed, ensureFollowing, systemIdOf, turnRound, type Say, type Seen } from './follow.ts'
import { prepare } from './prepare.ts'
import { close, demote, feed, forget, promote, reopen, rest, sequences } from './scripts.ts'

/** A pass waits so long for the other side; what is missing still is told as its lag. */
const passMs = 10_000
const finalMs = 20_000
const discardMs = 10 * 60_000

/** `database`: where checks are asked; `pgbouncer`: the port of one in front of both clusters. */
export function logicalMover(both: Both, { database, pgbouncer }: { readonly database: string; readonly pgbouncer?: number | undefined }): Mover {
  let passed: bigint | null = null
  let asked: Awaited<ReturnType<typeof questions>> | null = null
  return {
    prepare: async (pair, signal) => await prepare(both, pair, signal),
    sync: async (pair, kind, signal, say) => {
      signal.throwIfAborted()
      const began = performance.now()
      if (kind === 'final' && pgbouncer !== undefined) await pausePooler(pair.from, pgbouncer, signal)
      const { copied, reached, missing, lagSeconds } = kind === 'final' ? await lastRows(both, pair, signal) : await pass(both, pair, signal, say)
      const position = parseLsn(reached)
      const moved = passed === null || copied > 0 ? copied : Number(position - passed)
      passed = position
      return { movedBytes: Math.max(0, moved), movedFiles: 0, remainingBytes: missing, lagSeconds, seconds: (performance.now() - began) / 1000 }
    },
    brace: async (pair, signal) => {
      await refuseChangedSchema(both, pair, signal)
      asked = await questions(both, pair.from, signal)
      await Promise.all([checkpoint(both[pair.from.name], pair.from, 'open', signal), checkpoint(both[pair.to.name], pair.to, 'closed', signal)])
    },
    verify: async (pair, signal, say) => {
      const { sql, leftOut } = asked ?? (await questions(both, pair.from, signal))
      const [differences] = await Promise.all([differentRows(both, pair, sql, signal), refuseChangedSchema(both, pair, signal)])
      if (leftOut > 0) say(`${leftOut} large tables were not compared row by row.`)
      return differences
    },
    promote: async ({ to }, signal) =>
      void (await act(to, promote(both, to), { signal, deadlineMs: 30_000, undo: { id: `promoted ${unitOf(both[to.name])}`, command: demote(both, to) } })),
    reverse: async (pair, signal) => await turnRound(both, { from: pair.to, to: pair.from }, signal),
    closing: async (side) => await Promise.resolve({ close: rest(both, side), open: reopen(both, side) }),
    needsGiver: 'rows alone are replicated, and what its sequences have come to is carried over in a switch',
    ask: async (side, statement, signal) => void (await query(both[side.name], side, statement, signal, database)),
    release: async ({ from, to }, signal) => {
      // The other side may be dead: then only what its copies of tables left here is not known.
      const subscriber = await systemIdOf(both, to, signal).catch(() => '')
      signal.throwIfAborted()
      await act(from, forget(both, from, subscriber), { signal })
      // A target that serves is released by the end of the move alone; until then nothing that was there is deleted (V12).
      if (from.name === 'target') await act(from, discard(both.target, from, logicalPlaces(both, from).before), { signal, role: 'open', deadlineMs: discardMs })
      await act(to, forget(both, to, ''), { signal })
      await act(to, rest(both, to), { signal, role: 'closed' })
    },
  }
}

/** A pass: the other side follows, and has what was written when the pass began, or that is told. */
async function pass(both: Both, pair: Pair, signal: AbortSignal, say: Say): Promise<Seen & { readonly copied: number }> {
  const copied = await ensureFollowing(both, pair, signal, say)
  const [row] = await query(both[pair.from.name], pair.from, 'select pg_current_wal_flush_lsn()', signal)
  return { copied, ...(await confirmed(both, pair, row?.[0] ?? '0/0', passMs, signal)) }
}

/** In the freeze: nobody writes any more, and the other side has confirmed the last record, and the sequences. */
async function lastRows(both: Both, pair: Pair, signal: AbortSignal): Promise<Seen & { readonly copied: number }> {
  const { from, to } = pair
  const undo = { id: `closed ${unitOf(both[from.name])}`, command: reopen(both, from) }
  const [position = '', prepared] = (await act(from, close(both, from), { signal, deadlineMs: finalMs, ...(from.attempt === undefined ? {} : { undo }) }))
    .trim()
    .split('\t')
  if (prepared !== '0') throw new LifeboatError('gate-closed', `${prepared} prepared transactions wait on ${from.address}; they would not be carried over.`)
  const seen = await confirmed(both, pair, position, finalMs, signal)
  if (seen.missing > 0)
    throw new LifeboatError('gate-closed', `${to.address} has not confirmed ${seen.missing} bytes of the log of ${from.address} within ${finalMs / 1000} s.`)
  const values = await act(from, sequences(both, from), { signal })
  await act(to, feed(both, to), { signal, input: whole(values).join('\n') })
  return { copied: 0, ...seen }
}
