// Data of simulated machines: names with contents. A pass carries what the recorders of both sides named, or all there is.
import type { Details } from '../../src/core/errors.ts'
import { authorize } from './attempt.ts'
import { refusal, type Machine } from './machine.ts'

type Copy = (from: Machine, to: Machine, args: Details) => Details

function bytesOf(machine: Machine, names: Iterable<string>): number {
  return [...names].reduce((sum, name) => sum + (machine.files.get(name)?.length ?? 0), 0)
}

function everyName(from: Machine, to: Machine): Set<string> {
  return new Set([...from.files.keys(), ...to.files.keys()])
}

function differing(from: Machine, to: Machine, names: Iterable<string>): string[] {
  return [...names].filter((name) => from.files.get(name) !== to.files.get(name))
}

function sync(from: Machine, to: Machine, args: Details): Details {
  const receiver = to.helper
  // An open side receives nothing (V10), nor one that is promoted: nobody is let in then.
  if (receiver?.role !== 'closed' || to.running.size > 0) throw refusal('gate-closed', `${to.address} receives no copies`)
  authorize({ helper: receiver, args })
  receiver.admitted++
  const isWhole = args['kind'] === 'first' || args['kind'] === 'audit'
  const moved = differing(from, to, isWhole ? everyName(from, to) : new Set([...from.changed, ...to.changed]))
  const movedBytes = moved.reduce((sum, name) => sum + Math.max(1, from.files.get(name)?.length ?? 0), 0)
  for (const name of moved) {
    const [wanted, old] = [from.files.get(name), to.files.get(name)]
    if (old !== undefined) to.aside.set(name, old)
    if (wanted === undefined) to.files.delete(name)
    else to.files.set(name, wanted)
  }
  from.changed.clear()
  to.changed.clear()
  return { movedBytes, movedFiles: moved.length, remainingBytes: 0, lagSeconds: 0 }
}

/** What changes while it is in use, and the recorders name, is no difference. */
function audit(from: Machine, to: Machine): Details {
  const names = everyName(from, to)
  const different = differing(from, to, names).filter((name) => !from.changed.has(name) && !to.changed.has(name))
  return { files: names.size, differences: different.map((path) => ({ path, what: 'differs' })) }
}

export const copies: Readonly<Record<string, Copy>> = {
  prepare: (from) => ({ files: from.files.size, bytes: bytesOf(from, from.files.keys()) }),
  sync,
  audit,
  verify: (from, to) => ({ differences: differing(from, to, everyName(from, to)).map((path) => ({ path, what: 'differs' })) }),
}
