// A server that was given up gets a whole copy of the other one, as its transactions are none of that one's history. Before
// that its folder is copied, while it does not run; a mark says that this was done.
import { act } from '../act.ts'
import type { Pair, Salvaged, Side } from '../mover.ts'
import { query, type Server } from './talk.ts'

const copyMs = 24 * 3_600_000

/** The copy is there as a whole or not at all. */
const keep = `set -e
if [ ! -e "$3" ]; then
  systemctl stop "$1"
  rm -rf "$3.part"; cp -a "$2" "$3.part"; sync -f "$3.part"; mv "$3.part" "$3"
fi
systemctl start "$1"
touch "$4"; sync "$4"`

export async function salvage(server: Server, { from, to }: Pair, label: string, signal: AbortSignal): Promise<Salvaged> {
  const [parted, ended] = await Promise.all([query(server, from, 'select @@gtid_slave_pos', signal), query(server, to, 'select @@gtid_current_pos', signal)])
  const place = `${server.folder}.${label}`
  await act(to, ['sh', '-c', keep, 'sh', server.unit, server.folder, place, markOf(server, to)], { signal, role: 'closed', deadlineMs: copyMs })
  const text = `the target went on from transaction ${parted.trim()}, the source ended at ${ended.trim()}; its folder is kept as ${place}.`
  return { count: 1, bytes: 0, items: [], place, text }
}

/** Whether what this side had is kept, and it may be made anew. */
export async function isSalvaged(server: Server, side: Side, signal: AbortSignal): Promise<boolean> {
  return (await side.run(['test', '-e', markOf(server, side)], { signal })).exitCode === 0
}

export async function forgetSalvage(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  await act(side, ['rm', '-f', markOf(server, side)], { signal })
}

function markOf(server: Server, side: Side): string {
  return `${side.folder}/mysql-${server.name}-salvaged`
}
