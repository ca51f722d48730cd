// Redis by replication, through the way between the helpers. The side that does not serve is a replica, which cannot be
// written, and its configuration file says so: a restart makes no second writer. Tried with 7.0.
import { z } from 'zod'
import { codeOf, LifeboatError } from '../../core/errors.ts'
import { portField, secretField } from '../../core/fields.ts'
import { waitUntil } from '../../io/wait.ts'
import { look } from '../act.ts'
import type { Difference, Mover, MoverAdapter, Pair, Pass, PassKind, Side } from '../mover.ts'
import { backTo, closeWrites, configFile, follow, forgetPassword, keepPassword, leaderOf, nobody } from './follow.ts'
import { prepare } from './prepare.ts'
import type { Position } from './replies.ts'
import { salvage } from './salvage.ts'
import { ask, position, talk, type Server } from './talk.ts'

const schema = z.strictObject({
  kind: z.literal('redis').describe('A Redis server, by replication.'),
  name: z.string().optional().describe('How reports and checks name it; redis by default.'),
  port: portField.default(6379).describe('Where it listens on 127.0.0.1, the same on both sides.'),
  user: z.string().regex(/^\S+$/).optional().describe('ACL user with all rights; default: the default user.'),
  password: secretField.optional().describe('The same on both sides.'),
  unit: z
    .string()
    .regex(/^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*\.service$/, 'must be the name of a service unit')
    .default('redis-server.service')
    .describe('Its unit, the same on both sides.'),
  folder: z.string().startsWith('/').default('/var/lib/redis').describe('Where its data lies, the same on both sides.'),
})

/** In the freeze the budget of the switch ends the wait before this does. */
const patienceMs = { live: 24 * 3600_000, frozen: 10_000 } as const

export const redis: MoverAdapter<typeof schema> = {
  schema,
  connect: async ({ name = 'redis', port, user, password, unit, folder }) => redisMover({ name, port, user, password, unit, folder }),
  claims: ({ port, unit, folder }) => ({ port, units: [unit], folders: [folder] }),
}

function redisMover(server: Server): Mover {
  let received: number | null = null
  const files = new Map<Side['name'], string>()
  /** Of the last pass before a switch: in there each question makes clients wait. */
  const fileOf = async (side: Side, signal: AbortSignal) => files.get(side.name) ?? (await configFile(server, side, signal))
  return {
    prepare: async (pair, signal) => await prepare(server, pair, signal),
    sync: async (pair, kind, signal, onProgress) => {
      signal.throwIfAborted()
      const began = performance.now()
      if (kind !== 'final') for (const side of [pair.from, pair.to]) files.set(side.name, await configFile(server, side, signal))
      const before = received ?? (await position(server, pair.to, signal)).received
      const now = kind === 'final' ? await lastPass(server, pair, await fileOf(pair.from, signal), signal) : await livePass(server, pair, signal, onProgress)
      received = now.received
      return passOf(kind, received < before ? received : received - before, (performance.now() - began) / 1000)
    },
    verify: async (pair, signal) => await compare(server, pair, await fileOf(pair.from, signal), signal),
    promote: async ({ to }, signal) => {
      const undo = { id: `redis ${server.name}`, command: backTo(server, to, await fileOf(to, signal), leaderOf(server)) }
      await talk(server, to, ['REPLICAOF NO ONE', 'CONFIG REWRITE'], signal, undo)
    },
    reverse: async ({ from, to }, signal) => {
      await keepPassword(server, to, signal)
      await follow(server, from, signal)
    },
    salvage: async (pair, { label }, signal) => await salvage(server, pair, label, signal),
    catchUp: async (side, signal) => {
      const { history, offset, follows } = await position(server, side, signal)
      if (follows === null) throw new LifeboatError('sync-failed', `Redis ${server.name} of the ${side.name}, which is to take over, follows nobody.`)
      return { text: `has all writes up to offset ${offset} of history ${history}`, details: { history, offset } }
    },
    closing: async (side, signal) => {
      const file = await fileOf(side, signal)
      return { close: backTo(server, side, file, nobody), open: backTo(server, side, file, null) }
    },
    ask: async (side, statement, signal) => await ask(server, side, statement, signal),
    release: async (pair, signal) => await release(server, pair, signal),
  }
}

function passOf(kind: PassKind, movedBytes: number, seconds: number): Pass {
  // What is written while a pass waits for what was there before it comes with the next one.
  const isLast = kind === 'final'
  return { movedBytes, movedFiles: 0, remainingBytes: isLast ? 0 : null, lagSeconds: isLast ? 0 : seconds, seconds }
}

/** Follows if it does not yet, and waits for what was written before. Answers where the follower is. */
async function livePass(server: Server, { from, to }: Pair, signal: AbortSignal, onProgress: (text: string) => void): Promise<Position> {
  const { follows } = await position(server, to, signal)
  if (follows !== leaderOf(server)) {
    await keepPassword(server, from, signal)
    await follow(server, to, signal)
    onProgress(`${server.name}: the ${to.name} follows from now on; the first seconds pass in silence (repl-diskless-sync-delay).`)
  }
  // Its first follower gives a server a history: what it told before says nothing.
  await followed(server, to, ({ isLinked }) => isLinked, patienceMs.live, signal)
  return await followed(server, to, hasAll(await position(server, from, signal)), patienceMs.live, signal)
}

async function lastPass(server: Server, { from, to }: Pair, file: string, signal: AbortSignal): Promise<Position> {
  return await followed(server, to, hasAll(await closeWrites(server, from, file, signal)), patienceMs.frozen, signal)
}

const hasAll = (wanted: Position) => (there: Position) => there.isLinked && there.history === wanted.history && there.offset >= wanted.offset

/** Waits until the follower is as it should be. */
async function followed(server: Server, to: Side, isSo: (there: Position) => boolean, deadlineMs: number, signal: AbortSignal): Promise<Position> {
  const ask = async () => {
    const there = await position(server, to, signal)
    return isSo(there) ? there : null
  }
  const everyMs = to.attempt === undefined ? 100 : 2
  return await waitUntil(ask, { what: `That Redis ${server.name} of the ${to.name} has what the other side has`, deadlineMs, everyMs, signal })
}

/** Equal positions in one history, and a giver that stays closed. */
async function compare(server: Server, { from, to }: Pair, file: string, signal: AbortSignal): Promise<readonly Difference[]> {
  const [here, there, { stdout }] = await Promise.all([
    position(server, from, signal),
    position(server, to, signal),
    look(from, ['sed', '-n', 's/^replicaof //p', file], { signal }),
  ])
  const isClosed = here.follows === nobody && stdout.trim() === nobody.replace(':', ' ')
  return [
    ...(isClosed ? [] : [{ path: server.name, what: `may still be written on the ${from.name}` }]),
    ...(there.follows === leaderOf(server) ? [] : [{ path: server.name, what: `does not follow on the ${to.name}` }]),
    ...(here.history === there.history ? [] : [{ path: server.name, what: 'has another history on each side' }]),
    ...(here.offset === there.offset ? [] : [{ path: server.name, what: `is at ${here.offset} on the ${from.name} and at ${there.offset} on the ${to.name}` }]),
  ]
}

/** The side that does not serve waits for nobody from now on: what it holds stays, and cannot be written. */
async function release(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  const withoutLogin = [
    ...(server.password === undefined ? [] : ['CONFIG SET masterauth ""']),
    ...(server.user === undefined ? [] : ['CONFIG SET masteruser ""']),
  ]
  await talk(server, from, [...withoutLogin, 'CONFIG REWRITE'], signal)
  await forgetPassword(server, from, signal)
  const there = await position(server, to, signal).catch((error: unknown) => {
    // One that is down follows when it is up again: its file says so.
    if (codeOf(error) !== 'node-failed') throw error
    return null
  })
  if (there === null) return
  if (there.follows === null) throw new LifeboatError('gate-closed', `Redis ${server.name} of the ${to.name} may be written; it is left as it is.`)
  await talk(server, to, [...withoutLogin, `REPLICAOF ${nobody.replace(':', ' ')}`, 'CONFIG REWRITE'], signal)
  await forgetPassword(server, to, signal)
}
