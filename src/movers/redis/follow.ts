// Who follows whom, so that it holds after a restart, too. Facts: redis.io, REPLICAOF, CONFIG REWRITE, CLIENT PAUSE; tried
// with 7.0: a server that is made a replica goes on feeding its own, and one that followed it goes on from where they parted.
import { LifeboatError } from '../../core/errors.ts'
import { wayTo } from '../../core/way.ts'
import { act } from '../act.ts'
import type { Side } from '../mover.ts'
import { positionIn, readInfo, type Position } from './replies.ts'
import { quoted, talk, type Server } from './talk.ts'

/** A leader that nobody is: a server that waits for it cannot be written, whatever becomes of us. */
export const nobody = '127.0.0.1:1'

/** Should the commands that end it not come, it ends by itself. */
const pauseMs = 10_000

export function leaderOf(server: Server): string {
  return `127.0.0.1:${wayTo(server.port)}`
}

/** The configuration file that the server rewrites. Fails with node-failed when it was started without one. */
export async function configFile(server: Server, side: Side, signal: AbortSignal): Promise<string> {
  const file = readInfo(await talk(server, side, ['INFO server'], signal)).get('config_file') ?? ''
  if (file !== '') return file
  throw new LifeboatError('node-failed', `Redis ${server.name} on the ${side.name} runs without a configuration file: a restart would forget whom it follows.`)
}

/** Makes a closed side follow the other one, with the password of that one, which is the same here. */
export async function follow(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  await refuseOpen(server, side, signal)
  await keepPassword(server, side, signal)
  const login = [
    ...(server.password === undefined ? [] : [`CONFIG SET masterauth ${quoted(server.password.reveal())}`]),
    ...(server.user === undefined ? [] : [`CONFIG SET masteruser ${quoted(server.user)}`]),
  ]
  await talk(server, side, [...login, `REPLICAOF ${leaderOf(server).replace(':', ' ')}`, 'CONFIG REWRITE'], signal)
}

/** What follows loses what only it has: never the side that serves. */
async function refuseOpen(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  const { role } = await side.call({ op: 'hello' }, signal)
  if (role === 'closed') return
  throw new LifeboatError('gate-closed', `Redis ${server.name} of the ${side.name} ${side.address} serves; it is not made to follow the other side.`)
}

/** The undo of an attempt runs without us: the password waits for it beside the helper, for root alone. */
export async function keepPassword(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  if (server.password === undefined) return
  await act(side, ['sh', '-c', 'umask 077; cat > "$1"', 'sh', passwordFile(server, side)], { signal, input: server.password.reveal() })
}

export async function forgetPassword(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  await act(side, ['rm', '-f', passwordFile(server, side)], { signal })
}

function passwordFile(server: Server, side: Side): string {
  return `${side.folder}/redis-${server.name}`
}

/**
 * The command that makes a server follow `leader` again, or nobody (null), when an attempt is undone. A server that is down
 * reads it from its file when it starts; one that is neither down nor answers is tried again.
 */
export function backTo(server: Server, side: Side, file: string, leader: string | null): readonly string[] {
  const script = `[ -f "$3" ] && REDISCLI_AUTH=$(cat "$3") && export REDISCLI_AUTH
say() { timeout 10 redis-cli -h 127.0.0.1 -p "$1" --no-auth-warning \${2:+--user "$2"}; }
if [ "$(echo PING | say "$1" "$2")" = PONG ]; then
  printf 'REPLICAOF %s\\nCONFIG REWRITE\\nCLIENT UNPAUSE\\n' "\${6:-NO ONE}" | say "$1" "$2" | tee /dev/stderr | grep -c '^OK' | grep -qx 3
else
  case $(systemctl is-active "$4") in inactive|failed) ;; *) echo "$4 runs and does not answer" >&2; exit 1 ;; esac
  sed -i '/^replicaof /d' "$5" && if [ -n "$6" ]; then echo "replicaof $6" >>"$5"; fi
fi`
  return ['sh', '-c', script, 'sh', String(server.port), server.user ?? '', passwordFile(server, side), server.unit, file, leader?.replace(':', ' ') ?? '']
}

/**
 * Nobody can write to a frozen side any more, also after a restart; answers where that left it. Who waits with a write
 * learns that it was not taken, and asks again where it will be. A follower goes on reading what was written before.
 */
export async function closeWrites(server: Server, side: Side, file: string, signal: AbortSignal): Promise<Position> {
  const undo = { id: `redis ${server.name}`, command: backTo(server, side, file, null) }
  const commands = [
    `CLIENT PAUSE ${pauseMs} WRITE`,
    `REPLICAOF ${nobody.replace(':', ' ')}`,
    'CONFIG REWRITE',
    'CLIENT KILL TYPE normal SKIPME yes',
    'CLIENT UNPAUSE',
    'INFO',
  ]
  return positionIn(readInfo(await talk(server, side, commands, signal, undo)))
}
