// MariaDB by replication with GTID, through the way between the helpers. The side that does not serve is read-only, and a
// file of its configuration says so: a restart makes no second writer. Tried with MariaDB 10.11; MySQL is refused.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { portField, secretField } from '../../core/fields.ts'
import { wayTo } from '../../core/way.ts'
import { act } from '../act.ts'
import type { Difference, Mover, MoverAdapter, Pair, Side } from '../mover.ts'
import { catchUp, dismiss, follow, forget, hasReached, seed, standing } from './follow.ts'
import { guard } from './guard.ts'
import { prepare } from './prepare.ts'
import { forgetSalvage, isSalvaged, salvage } from './salvage.ts'
import { isAhead, readGtids, sameGtids, type Following, type Standing } from './replies.ts'
import { position, query, type Server } from './talk.ts'

const schema = z.strictObject({
  kind: z.literal('mysql').describe('A MariaDB server, by replication. MySQL is untried and refused.'),
  name: z.string().optional().describe('How reports and checks name it; mysql by default.'),
  port: portField.default(3306).describe('Where it listens on 127.0.0.1, the same on both sides.'),
  user: z
    .string()
    .regex(/^[\w.-]+$/)
    .default('root')
    .describe('Who has all rights over the socket.'),
  password: secretField.optional().describe('Where the socket alone does not prove that user; the same on both sides.'),
  unit: z
    .string()
    .regex(/^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*\.service$/, 'must be the name of a service unit')
    .default('mariadb.service')
    .describe('Its unit, the same on both sides.'),
  folder: z.string().startsWith('/').default('/var/lib/mysql').describe('Where its data lies.'),
})

/** Seconds of one wait on the follower; a live pass waits again. */
const waitSeconds = { live: 20, frozen: 10 } as const

export const mysql: MoverAdapter<typeof schema> = {
  schema,
  connect: async ({ name = 'mysql', port, user, password, unit, folder }) => mysqlMover({ name, port, user, password, unit, folder }),
  claims: ({ port, unit, folder }) => ({ port, units: [unit], folders: [folder] }),
}

function mysqlMover(server: Server): Mover {
  let last: Following['done'] | null = null
  return {
    prepare: async (pair, signal) => await prepare(server, pair, signal),
    sync: async (pair, kind, signal, onProgress) => {
      signal.throwIfAborted()
      const began = performance.now()
      const { seeded, now } = kind === 'final' ? await lastPass(server, pair, signal) : await livePass(server, pair, signal, onProgress)
      const movedBytes = seeded + (now === null ? 0 : bytesBetween(last, now.done))
      last = now?.done ?? null
      const seconds = (performance.now() - began) / 1000
      return {
        movedBytes,
        movedFiles: 0,
        seconds,
        ...(kind === 'final' ? { remainingBytes: 0, lagSeconds: 0 } : { remainingBytes: null, lagSeconds: (now?.behindSeconds ?? 0) + seconds }),
      }
    },
    verify: async (pair, signal) => await compare(server, pair, signal),
    promote: async ({ to }, signal) => {
      await act(to, guard('promote', server, to), { signal, ...undoneBy(server, to, 'demote') })
    },
    reverse: async ({ from, to }, signal) => {
      await query(server, to, 'stop slave; reset slave all', signal)
      // What was given up gets a whole copy with the next pass.
      if (!(await isSalvaged(server, from, signal))) await follow(server, { from: to, to: from }, signal)
    },
    salvage: async (pair, { label }, signal) => await salvage(server, pair, label, signal),
    catchUp: async (side, signal) => await catchUp(server, side, signal),
    closing: async (side) => await Promise.resolve({ close: guard('over', server, side), open: guard('open', server, side) }),
    ask: async (side, statement, signal) => void (await query(server, side, statement, signal)),
    release: async (pair, signal) => await release(server, pair, signal),
  }
}

/** Of the leader's binary log; what of it lies in another file than before is not known. */
function bytesBetween(before: Following['done'] | null, now: Following['done']): number {
  return before?.file === now.file ? Math.max(0, now.at - before.at) : 0
}

type Passed = { readonly seeded: number; readonly now: Following | null }

/** Copies or follows where that is needed, and waits for what was written before. Answers the bytes of a copy. */
async function livePass(server: Server, pair: Pair, signal: AbortSignal, onProgress: (text: string) => void): Promise<Passed> {
  const { from, to } = pair
  const seeded = await connect(server, pair, signal, onProgress)
  const wanted = await position(server, from, signal)
  for (;;) {
    const { isThere, state } = await hasReached(server, to, wanted, waitSeconds.live, signal)
    if (isThere) return { seeded, now: state }
    if (state?.isRunning !== true)
      throw new LifeboatError('sync-failed', `MariaDB ${server.name} of the ${to.name} does not follow: ${state?.error ?? 'it has no leader'}.`)
    onProgress(`${server.name}: the ${to.name} is ${state.behindSeconds} s behind.`)
  }
}

async function connect(server: Server, pair: Pair, signal: AbortSignal, onProgress: (text: string) => void): Promise<number> {
  const { from, to } = pair
  const there = await standing(server, to, signal)
  const state = there?.follows
  const isKept = await isSalvaged(server, to, signal)
  const why = isKept ? 'it was given up, and what it had is kept aside' : await whyParted(server, pair, there, signal)
  if (why === null) {
    if (state?.isRunning !== true || !isLed(server, state)) await follow(server, pair, signal)
    return 0
  }
  // Only the target is made anew by itself: whatever became of the source, it was the only copy once.
  if (to.name === 'source' && !isKept)
    throw new LifeboatError('cannot-follow', `MariaDB ${server.name} of the source cannot follow the target: ${why}. It is left as it is.`)
  onProgress(`${server.name}: the ${to.name} gets a whole copy: ${why}.`)
  const bytes = await seed(server, { from, to }, signal)
  await follow(server, pair, signal)
  if (isKept) await forgetSalvage(server, to, signal)
  return bytes
}

/** Why a side cannot go on from where it stood a moment ago; null: it can. */
async function whyParted(server: Server, { from, to }: Pair, stood: Standing | null, signal: AbortSignal): Promise<string | null> {
  if (stood?.follows?.hasParted === true) return stood.follows.error
  if (stood?.isClosed !== true) return to.name === 'target' ? 'it was never closed' : null
  const there = readGtids(stood.position)
  const here = readGtids(await position(server, from, signal))
  if (there.size === 0 && here.size > 0) return 'it has no position'
  return isAhead(there, here) ? 'it has transactions that the other side has not' : null
}

function isLed(server: Server, state: Following): boolean {
  return state.leader === `127.0.0.1:${wayTo(server.port)}`
}

/** The giver is closed in this attempt; the node opens it again when the attempt is undone. */
async function lastPass(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<Passed> {
  const wanted = (await act(from, guard('close', server, from), { signal, ...undoneBy(server, from, 'open') })).trim()
  const { isThere, state } = await hasReached(server, to, wanted, waitSeconds.frozen, signal)
  if (isThere) return { seeded: 0, now: state }
  throw new LifeboatError(
    'sync-failed',
    `MariaDB ${server.name} of the ${to.name} did not get to ${wanted} within ${waitSeconds.frozen} s: ${state?.error || 'it is too far behind'}.`,
  )
}

/** Only what is done within an attempt is undone. */
function undoneBy(server: Server, side: Side, how: 'open' | 'demote') {
  return side.attempt === undefined ? {} : { undo: { id: `mysql ${server.name}`, command: guard(how, server, side) } }
}

/** Equal positions, and a giver that stays closed. */
async function compare(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<readonly Difference[]> {
  const sides = [from, to]
  const [here, there] = await Promise.all(sides.map(async (side) => await standing(server, side, signal)))
  if (!here || !there)
    return sides.filter((_, index) => ![here, there][index]).map((side) => ({ path: server.name, what: `does not answer on the ${side.name}` }))
  const open = sides.filter((_, index) => ![here, there][index]?.isClosed)
  return [
    ...open.map((side) => ({ path: server.name, what: `may still be written on the ${side.name}` })),
    ...(there.follows?.isRunning === true ? [] : [{ path: server.name, what: `does not follow on the ${to.name}` }]),
    ...(sameGtids(readGtids(here.position), readGtids(there.position))
      ? []
      : [{ path: server.name, what: `is at ${here.position} on the ${from.name} and at ${there.position} on the ${to.name}` }]),
  ]
}

/** The side that does not serve stays closed, with what it holds. */
async function release(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  await dismiss(server, from, signal)
  await forget(server, from, signal)
  const there = await standing(server, to, signal)
  // One that is down is read-only when it is up again: its file says so.
  if (there === null) return
  if (!there.isClosed) throw new LifeboatError('gate-closed', `MariaDB ${server.name} of the ${to.name} may be written; it is left as it is.`)
  await query(server, to, 'stop slave; reset slave all', signal)
  await forget(server, to, signal)
}
