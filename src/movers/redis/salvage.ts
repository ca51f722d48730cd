// A server that was given up loses all that it has when it follows: before that it saves it, and its folder is copied.
import { codeOf } from '../../core/errors.ts'
import { waitUntil } from '../../io/wait.ts'
import { act } from '../act.ts'
import type { Pair, Salvaged, Side } from '../mover.ts'
import { readInfo } from './replies.ts'
import { position, talk, type Server } from './talk.ts'

const saveMs = 3_600_000
const copyMs = 24 * 3_600_000

/** `bytes`: of its stream of writes, from where the other side went on by itself. */
export async function salvage(server: Server, { from, to }: Pair, label: string, signal: AbortSignal): Promise<Salvaged> {
  const parted = Number(readInfo(await talk(server, from, ['INFO replication'], signal)).get('second_repl_offset'))
  const { offset } = await position(server, to, signal)
  await save(server, to, signal)
  const place = `${server.folder}.${label}`
  await act(to, copied(server.folder, place), { signal, role: 'closed', deadlineMs: copyMs })
  const text = `the target went on from offset ${parted}, the source ended at ${offset}; its folder is kept as ${place}.`
  return { count: 1, bytes: Math.max(0, offset - parted), items: [], place, text }
}

/** One that is saving by itself is asked again. */
async function save(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  const ask = async (): Promise<true | null> => {
    try {
      await talk(server, side, ['SAVE'], signal)
      return true
    } catch (error) {
      if (codeOf(error) === 'node-failed' && String(error).includes('in progress')) return null
      throw error
    }
  }
  await waitUntil(ask, { what: `That Redis ${server.name} of the ${side.name} has saved what it has`, deadlineMs: saveMs, everyMs: 500, signal })
}

/** The copy is there as a whole or not at all. */
function copied(folder: string, place: string): readonly string[] {
  return ['sh', '-c', '[ -e "$2" ] || { rm -rf "$2.part" && cp -a "$1" "$2.part" && sync -f "$2.part" && mv "$2.part" "$2"; }', 'sh', folder, place]
}
