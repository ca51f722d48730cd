// MariaDB by replication with GTID, through the way between the helpers. The side that does not serve is read-only, and a
// file of its configuration says so: a restart makes no second writer. Tried with MariaDB 10.11; MySQL is refused.
import { z } from 'zod'
import { codeOf, LifeboatError } from '../../core/errors.ts'
import { portField, secretField } from '../../core/fields.ts'
import { wayTo } from '../../core/way.ts'
import { act } from '../act.ts'
import type { Difference, Mover, MoverAdapter, Pair, Side } from '../mover.ts'
import { dismiss, follow, forget, hasReached, seed } from './follow.ts'
import { guard } from './guard.ts'
import { isClosed, prepare } from './prepare.ts'
import { isAhead, readGtids, sameGtids, type Following } from './replies.ts'
import { following, position, query, type Server } from './talk.ts'

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
      const seeded = kind === 'final' ? await lastPass(server, pair, signal) : await livePass(server, pair, signal, onProgress)
      const now = await following(server, pair.to, signal)
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
      await follow(server, { from: to, to: from }, signal)
    },
    ask: async (side, statement, signal) => void (await query(server, side, statement, signal)),
    release: async (pair, signal) => await release(server, pair, signal),
  }
}

/** Of the leader's binary log; what of it lies in another file than before is not known. */
function bytesBetween(before: Following['done'] | null, now: Following['done']): number {
  return before?.file === now.file ? Math.max(0, now.at - before.at) : 0
}

/** Copies or follows where that is needed, and waits for what was written before. Answers the bytes of a copy. */
async function livePass(server: Server, pair: Pair, signal: AbortSignal, onProgress: (text: string) => void): Promise<number> {
  const { from, to } = pair
  const seeded = await connect(server, pair, signal, onProgress)
  const wanted = await position(server, from, signal)
  while (!(await hasReached(server, to, wanted, waitSeconds.live, signal))) {
    const state = await following(server, to, signal)
    if (state?.isRunning !== true)
      throw new LifeboatError('sync-failed', `MariaDB ${server.name} of the ${to.name} does not follow: ${state?.error ?? 'it has no leader'}.`)
    onProgress(`${server.name}: the ${to.name} is ${state.behindSeconds} s behind.`)
  }
  return seeded
}

async function connect(server: Server, pair: Pair, signal: AbortSignal, onProgress: (text: string) => void): Promise<number> {
  const { from, to } = pair
  const state = await following(server, to, signal)
  const why = await whyParted(server, pair, state, signal)
  if (why === null) {
    if (state?.isRunning !== true || !isLed(server, state)) await follow(server, pair, signal)
    return 0
  }
  // Only the target is made anew by itself: whatever became of the source, it was the only copy once.
  if (to.name === 'source')
    throw new LifeboatError('sync-failed', `MariaDB ${server.name} of the source cannot follow the target: ${why}. It is left as it is.`)
  onProgress(`${server.name}: the target gets a whole copy: ${why}.`)
  const bytes = await seed(server, { from, to }, signal)
  await follow(server, pair, signal)
  return bytes
}

/** Why a side cannot go on from where it stands; null: it can. */
async function whyParted(server: Server, { from, to }: Pair, state: Following | null, signal: AbortSignal): Promise<string | null> {
  if (state?.hasParted === true) return state.error
  if (!(await isClosed(server, to, signal))) return to.name === 'target' ? 'it was never closed' : null
  // The follower first: what comes meanwhile it does not have yet.
  const there = readGtids(await position(server, to, signal))
  const here = readGtids(await position(server, from, signal))
  if (there.size === 0 && here.size > 0) return 'it has no position'
  return isAhead(there, here) ? 'it has transactions that the other side has not' : null
}

function isLed(server: Server, state: Following): boolean {
  return state.leader === `127.0.0.1:${wayTo(server.port)}`
}

/** The giver is closed in this attempt; the node opens it again when the attempt is undone. */
async function lastPass(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<number> {
  const wanted = (await act(from, guard('close', server, from), { signal, ...undoneBy(server, from, 'open') })).trim()
  if (await hasReached(server, to, wanted, waitSeconds.frozen, signal)) return 0
  const state = await following(server, to, signal)
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
  const [here, there, closed, state] = await Promise.all([
    position(server, from, signal),
    position(server, to, signal),
    Promise.all([isClosed(server, from, signal), isClosed(server, to, signal)]),
    following(server, to, signal),
  ])
  const open = [from, to].filter((_, index) => closed[index] === false)
  return [
    ...open.map((side) => ({ path: server.name, what: `may still be written on the ${side.name}` })),
    ...(state?.isRunning === true ? [] : [{ path: server.name, what: `does not follow on the ${to.name}` }]),
    ...(sameGtids(readGtids(here), readGtids(there))
      ? []
      : [{ path: server.name, what: `is at ${here} on the ${from.name} and at ${there} on the ${to.name}` }]),
  ]
}

/** The side that does not serve stays closed, with what it holds. */
async function release(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  await dismiss(server, from, signal)
  await forget(server, from, signal)
  const isUp = await query(server, to, 'select 1', signal).then(
    () => true,
    (error: unknown) => {
      // One that is down is read-only when it is up again: its file says so.
      if (codeOf(error) !== 'node-failed') throw error
      return false
    },
  )
  if (!isUp) return
  if (!(await isClosed(server, to, signal)))
    throw new LifeboatError('gate-closed', `MariaDB ${server.name} of the ${to.name} may be written; it is left as it is.`)
  await query(server, to, 'stop slave; reset slave all', signal)
  await forget(server, to, signal)
}
