// A fresh look inside the source of a move that begins: what runs or is written there and is not named by the move.
import { readAnswer } from '../core/inside/answer.ts'
import { peersOf } from '../core/inside/hints.ts'
import { notNamed, pathsOf, writersNotNamed } from '../core/inside/not-named.ts'
import { parseInside } from '../core/inside/parse.ts'
import { readWriters } from '../core/inside/processes.ts'
import type { Inventory, Notice } from '../core/node.ts'
import type { MoveSettings } from '../core/stored-move.ts'
import { lookInside, type Line } from '../nodes/inside/look.ts'
import { sectionsForMove } from '../nodes/inside/script.ts'

/** The step that asks has 10 s. */
const deadlineMs = 8000

/** `inventory` says whose an address is. Fails as ssh does. */
export async function findNotNamed(line: Line, settings: MoveSettings, inventory: Inventory, signal: AbortSignal): Promise<readonly Notice[]> {
  const node = inventory.nodes.find(({ id }) => id === settings.from.id)
  if (node === undefined) return []
  const answer = await lookInside(line, { signal, deadlineMs, sections: sectionsForMove(pathsOf(settings)) })
  const writers = readAnswer(answer).get('writers')
  return [
    ...notNamed(settings, node, parseInside(answer, new Date().toISOString()), peersOf(inventory.nodes)),
    ...(writers === undefined ? [] : writersNotNamed(settings, readWriters(writers))),
  ]
}
