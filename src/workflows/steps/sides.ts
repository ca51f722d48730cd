// The two sides of a move as steps and movers use them, and the direction of a switch: the giver serves until it is
// sealed, the receiver from the commit on. Going back is the same with the sides exchanged.
import { LifeboatError } from '../../core/errors.ts'
import type { Pair, Side } from '../../movers/mover.ts'
import type { Means } from '../../nodes/checks.ts'
import type { Link } from '../../nodes/link.ts'
import { otherSide, type SideName } from '../../core/stored-move.ts'
import { reach, type Action, type Done, type Step } from '../run.ts'

export type Direction = { readonly giver: SideName; readonly receiver: SideName }

export const forth: Direction = { giver: 'source', receiver: 'target' }
export const back: Direction = { giver: 'target', receiver: 'source' }

/** The same act, bound to a direction. */
export function along(way: Direction, act: (step: Step, way: Direction) => Promise<Done>): Action {
  return async (step) => await act(step, way)
}

/** Data flows from the side that serves to the other one; `attempt`: within that attempt of a switch; `silent`: that side is asked for nothing, so nothing is claimed there. */
export async function pairFrom(
  step: Step,
  giver: SideName,
  { attempt, silent }: { readonly attempt?: number; readonly silent?: SideName } = {},
): Promise<Pair> {
  const { relayed } = step.facts
  const side = async (name: SideName): Promise<Side> => {
    const link = name === silent ? await step.run.ports.link(name, step.facts) : await reach(step, name)
    return { ...sideFrom(name, link, step.run.token, attempt), relayed: relayed?.[name] ?? false }
  }
  return { from: await side(giver), to: await side(otherSide(giver)) }
}

/** What checks use on this node: a `sql` one goes to the mover of its database. */
export function meansOf(step: Step, name: SideName, link: Link): Means {
  return {
    askDatabase: async (data, statement, signal) => {
      const mover = step.run.ports.movers.find((each) => each.name === data)?.mover
      if (mover?.ask === undefined) throw new LifeboatError('config-invalid', `${data} is no database that could be asked.`)
      await mover.ask(sideFrom(name, link, step.run.token), statement, signal)
    },
  }
}

/** Copies and databases may be at work for longer than helpers usually are. */
const patienceMs = 600_000
const dayMs = 24 * 3600_000

/** A side as movers use it; its token was accepted before, where it is to do anything. */
export function sideFrom(name: SideName, link: Link, token: number, attempt?: number): Side {
  return {
    name,
    address: link.address,
    port: link.port,
    user: link.user,
    folder: link.folder,
    run: link.run,
    sshConfig: link.sshConfig,
    ...(attempt === undefined ? {} : { attempt }),
    // A manifest reads a whole tree; a line that is lost ends it earlier.
    call: async (request, signal) =>
      await link.call({ token, ...request }, signal, request.op === 'manifest' ? dayMs : Math.max(patienceMs, Number(request['deadlineMs'] ?? 0) + 5000)),
  }
}
