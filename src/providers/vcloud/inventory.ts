// The whole inventory: the list of machines, then one call for each vApp, which carries all its machines.
import { messageOf } from '../../core/errors.ts'
import type { Node, Notice } from '../../core/node.ts'
import { inTurns } from '../../io/in-turns.ts'
import type { SourceAnswer } from '../provider.ts'
import { isOfOne } from '../said.ts'
import { nodeOf } from './derive.ts'
import { machinesOf } from './machine.ts'
import { listMachines, type MachineList, type MachineRecord } from './query.ts'
import type { Session } from './session.ts'

const atOnce = 4

/**
 * All nodes that the account may see. A vApp that is listed but refused or unreadable is left out and told; when that
 * is true of all of them, its failure is thrown. Fails with source-session-lost when the session ends on the way.
 */
export async function readInventory(session: Session, signal: AbortSignal): Promise<SourceAnswer> {
  const list = await listMachines(session, signal)
  const records = list.records.filter(({ isTemplate, isDeleted }) => !isTemplate && !isDeleted)
  // A machine outside of any vApp answers by itself.
  const groups = Map.groupBy(records, ({ container, id }) => container ?? id)
  const warnings: Notice[] = list.cut === null ? [] : [cutShort(list)]
  const failures: unknown[] = []
  // An inventory moves while it is read, and a machine can come twice: the later answer counts.
  const nodes = new Map<string, Node>()
  await inTurns([...groups], atOnce, async ([place, listed]) => {
    try {
      const found = await readGroup(session, place, listed, signal)
      for (const node of found) {
        if (nodes.has(node.id)) warnings.push(twice(node))
        nodes.set(node.id, node)
      }
      const absent = listed.filter(({ id }) => !found.some((node) => node.id === id))
      if (absent.length > 0) warnings.push(leftOut('machine-gone', place, absent, 'its answer does not hold them'))
    } catch (error) {
      if (!isOfOne(error)) throw error
      failures.push(error)
      warnings.push(leftOut('vapp-unreadable', place, listed, messageOf(error)))
    }
  })
  if (failures.length > 0 && failures.length === groups.size) throw failures[0]
  const sorted = warnings.toSorted((one, other) => one.text.localeCompare(other.text, 'en'))
  return { nodes: [...nodes.values()].toSorted(byId), complete: warnings.length === 0, warnings: sorted }
}

async function readGroup(session: Session, place: string, listed: readonly MachineRecord[], signal: AbortSignal): Promise<readonly Node[]> {
  const { root } = await session.ask(`/api/vApp/${encodeURIComponent(place)}`, { act: `show ${place}`, signal })
  const vApp = root.name === 'Vm' ? null : root
  return machinesOf(root).map((element) => {
    const bare = nodeOf({ element, vApp, record: null })
    const record = listed.find(({ id }) => id === bare.id) ?? null
    return record === null ? bare : nodeOf({ element, vApp, record })
  })
}

/** Only the query names machines, so of those that it did not come to nothing but their number is known. */
function cutShort({ records, cut }: MachineList): Notice {
  const text = `The list of machines ends after ${records.length} of ${cut?.total ?? 'an unknown number'}; the rest is left out: ${messageOf(cut?.error)}`
  return { code: 'list-cut', severity: 'warning', text }
}

function leftOut(code: string, place: string, listed: readonly MachineRecord[], why: string): Notice {
  const names = listed.slice(0, 5).map(({ id, name }) => (name === null ? id : `${name} (${id})`))
  const more = listed.length > names.length ? ` and ${listed.length - names.length} more` : ''
  return { code, severity: 'warning', text: `${listed[0]?.containerName ?? place} with ${names.join(', ')}${more} is left out: ${why}` }
}

function twice({ id, name }: Node): Notice {
  return { code: 'machine-twice', severity: 'warning', text: `${name} (${id}) is in two vApps at once; the last one that was read counts.` }
}

function byId(one: Node, other: Node): number {
  return one.id.localeCompare(other.id, 'en')
}
