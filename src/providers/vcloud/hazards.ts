// What about a machine makes moving it harder than copying files: one row each.
import type { Notice } from '../../core/node.ts'
import { originHazards, type Origin } from '../../core/not-moved.ts'
import { childOf, textAt } from '../../io/xml.ts'
import { attribute, given, integer, sectionOf } from './answer.ts'
import { cardConflicts, cardsOf } from './cards.ts'
import { osOf } from './guest.ts'
import { hardwareConflicts, hardwareOf } from './hardware.ts'
import { powerOf, snapshotsOf, type Machine } from './machine.ts'
import { taskOf } from './tasks.ts'

type Row = readonly [code: string, severity: Notice['severity'], text: (machine: Machine) => string | null]

const twoTiBInMiB = 2 * 1024 ** 2

/** A row applies when it has something to say. */
const rows: readonly Row[] = [
  ['nic-sections-differ', 'warning', nicSections],
  ['hardware-sections-differ', 'warning', ({ element }) => listed(hardwareConflicts(element), 'Its hardware is described twice, and differently')],
  ['suspended', 'warning', ({ element }) => when(powerOf(element) === 'suspended', 'It is suspended: its memory is on disk and would be lost by a power-off.')],
  ['state', 'warning', oddState],
  ['busy', 'info', busy],
  ['lease', 'warning', lease],
  ['snapshots', 'warning', snapshot],
  ['nat', 'info', translated],
  ['guest-unknown', 'warning', guestUnknown],
  ['guest-differs', 'info', guestDiffers],
  ['power-differs', 'info', powerDiffers],
  ['disk-over-2tib', 'warning', largeDisk],
]

export function hazardsOf(machine: Machine): readonly Notice[] {
  const found = rows.flatMap(([code, severity, say]) => {
    const text = say(machine)
    return text === null ? [] : [{ code, severity, text }]
  })
  return [...found, ...originHazards(originOf(machine))]
}

/** The machine's own product section, else that of its vApp. One that only carries properties for the guest has no name. */
function originOf({ element, vApp }: Machine): Origin {
  const sections = [element, vApp].map((owner) => sectionOf(owner, 'ProductSection'))
  const named = sections.find((section) => given(textAt(section, 'Product')) !== null) ?? null
  return { product: given(textAt(named, 'Product')), vendor: given(textAt(named, 'Vendor')), managedBy: null }
}

function when(holds: boolean, text: string): string | null {
  return holds ? text : null
}

function listed(facts: readonly string[], text: string): string | null {
  return when(facts.length > 0, `${text}: ${facts.join('; ')}.`)
}

function nicSections({ element }: Machine): string | null {
  return listed(cardConflicts(element), 'The hardware section and the network section (which counts here) contradict each other')
}

/** States of `status` in which a machine is no working one. */
const oddStates: Readonly<Record<number, string>> = {
  [-1]: 'its creation failed',
  0: 'it is not resolved yet',
  1: 'it is resolved, but not complete',
  5: 'it waits for input',
  6: 'unknown',
  7: 'unrecognised',
  9: 'inconsistent',
}

function oddState({ element }: Machine): string | null {
  const state = oddStates[integer(attribute(element, 'status')) ?? Number.NaN]
  return state === undefined ? null : `vCloud Director says of its state: ${state}.`
}

function busy({ element, vApp }: Machine): string | null {
  const tasks = [element, vApp].flatMap((owner) => childOf(owner, 'Tasks')?.children ?? []).map(taskOf)
  return listed(
    tasks.filter(({ state }) => state === 'running').map(({ operation }) => operation),
    'A task is under way',
  )
}

/** What happens at the end of a lease is the provider's choice: to stop, to move away, or to delete. */
function lease({ vApp }: Machine): string | null {
  const settings = childOf(vApp, 'LeaseSettingsSection')
  const kinds = [
    ['runtime', 'DeploymentLeaseInSeconds'],
    ['storage', 'StorageLeaseInSeconds'],
  ] as const
  const leases = kinds.flatMap(([kind, name]) => {
    const seconds = integer(textAt(settings, name)) ?? 0
    return seconds > 0 ? [`${kind} ${seconds < 86_400 ? `${Math.ceil(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`}`] : []
  })
  return listed(leases, 'Its vApp has leases, and is stopped or removed when they end')
}

function snapshot({ element }: Machine): string | null {
  const [taken] = snapshotsOf(element) ?? []
  return taken === undefined ? null : `It has a snapshot (${taken}). vCloud Director keeps one only, so Lifeboat takes none over it.`
}

function translated({ element }: Machine): string | null {
  const pairs = (cardsOf(element) ?? []).flatMap(({ address, external }) => (external === null ? [] : [`${address ?? '?'} as ${external}`]))
  return listed(pairs, 'The edge of its vApp translates addresses')
}

function guestUnknown({ element, record }: Machine): string | null {
  const { family, id, name } = osOf(element, record)
  return when(family === 'unknown', `Its operating system is not known (${id ?? name ?? 'nothing is given'}).`)
}

function guestDiffers({ element, record }: Machine): string | null {
  const { id, name } = osOf(element, record)
  const other = record?.detectedOs ?? record?.configuredOs ?? null
  return when(other !== null && name !== null && other !== name, `It is configured as ${id ?? name}, and the list of machines says ${other}.`)
}

function powerDiffers({ element, record }: Machine): string | null {
  const listedAs = record?.power ?? null
  const own = powerOf(element)
  return when(listedAs !== null && own !== 'unknown' && listedAs !== own, `The list of machines says that its power is ${listedAs}, its own answer ${own}.`)
}

function largeDisk({ element }: Machine): string | null {
  const large = (hardwareOf(element).disks ?? []).flatMap(({ label, sizeMiB }) =>
    (sizeMiB ?? 0) > twoTiBInMiB ? [`${label} has ${((sizeMiB ?? 0) / 1024 ** 2).toFixed(1)} TiB`] : [],
  )
  return listed(large, 'The limit of an MBR partition table is 2 TiB')
}
