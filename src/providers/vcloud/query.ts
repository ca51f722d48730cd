// The list of machines: one query, page by page. It says who there is; what they are made of says the vApp.
import { LifeboatError } from '../../core/errors.ts'
import type { Power } from '../../core/node.ts'
import type { XmlElement } from '../../io/xml.ts'
import { isOfOne } from '../said.ts'
import { attribute, boolean, idOf, integer } from './answer.ts'
import type { Session } from './session.ts'

/** What the query says of one machine. */
export type MachineRecord = {
  readonly id: string
  readonly name: string | null
  /** The id of its vApp or template. */
  readonly container: string | null
  readonly containerName: string | null
  readonly vdcName: string | null
  readonly isTemplate: boolean
  readonly isDeleted: boolean
  readonly power: Power | null
  readonly configuredOs: string | null
  readonly detectedOs: string | null
  readonly toolsVersion: string | null
}

/** 128 is the most that servers give. Templates carry machines too; they are looked for again in each record. */
const first = '/api/query?type=vm&format=records&page=1&pageSize=128&filter=isVAppTemplate%3D%3Dfalse'

export type MachineList = {
  readonly records: readonly MachineRecord[]
  /** Why a page after the first could not be had, and how many machines there are in all, if that was said. */
  readonly cut: { readonly error: unknown; readonly total: number | null } | null
}

/** All machines that the account may see. Fails with source-session-lost when the session ends on the way. */
export async function listMachines(session: Session, signal: AbortSignal): Promise<MachineList> {
  const records: MachineRecord[] = []
  const asked = new Set<string>()
  let total: number | null = null
  for (let place: string | null = first; place !== null;) {
    if (asked.has(place)) throw new LifeboatError('answer-malformed', `${session.service} answers a list of machines that leads back to itself.`)
    asked.add(place)
    try {
      const root = await readPage(session, place, signal)
      records.push(...recordsOf(root))
      total ??= integer(attribute(root, 'total'))
      place = nextPage(root)
    } catch (error) {
      if (asked.size === 1 || !isOfOne(error)) throw error
      return { records, cut: { error, total } }
    }
  }
  return { records, cut: null }
}

async function readPage(session: Session, place: string, signal: AbortSignal): Promise<XmlElement> {
  const { root } = await session.ask(place, { act: 'list its machines', signal })
  if (root.name !== 'QueryResultRecords') throw new LifeboatError('answer-malformed', `${session.service} answers a query with ${root.name}.`)
  return root
}

export function recordsOf(root: XmlElement): readonly MachineRecord[] {
  return root.children.filter(({ name }) => /^(?:Admin)?VMRecord$/.test(name)).flatMap(recordOf)
}

/** The address of the next page is given, never computed: servers shrink pages as they like. */
function nextPage(root: XmlElement): string | null {
  const link = root.children.find((child) => child.name === 'Link' && attribute(child, 'rel') === 'nextPage')
  return attribute(link ?? null, 'href')
}

const powers: Readonly<Record<string, Power>> = { POWERED_ON: 'on', POWERED_OFF: 'off', SUSPENDED: 'suspended' }

function recordOf(record: XmlElement): MachineRecord[] {
  const id = idOf(attribute(record, 'href') ?? attribute(record, 'id'))
  if (id === null) return []
  return [
    {
      id,
      name: attribute(record, 'name'),
      container: idOf(attribute(record, 'container')),
      containerName: attribute(record, 'containerName'),
      vdcName: attribute(record, 'vdcName'),
      isTemplate: boolean(attribute(record, 'isVAppTemplate')) === true,
      isDeleted: boolean(attribute(record, 'isDeleted')) === true,
      power: powers[attribute(record, 'status') ?? ''] ?? null,
      configuredOs: attribute(record, 'guestOs'),
      detectedOs: attribute(record, 'detectedGuestOs'),
      toolsVersion: attribute(record, 'vmToolsVersion'),
    },
  ]
}
