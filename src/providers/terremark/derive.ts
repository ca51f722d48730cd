// From the answer about a vApp to a node: pure, total, and honest about what was not given.
import { withGapsNamed } from '../../core/gaps.ts'
import type { Node, Notice, Power } from '../../core/node.ts'
import { childOf, childrenOf, type XmlElement } from '../../io/xml.ts'
import { hasNetwork, nicHazards, nicsOf } from './cards.ts'
import { attribute, given, sectionsOf } from './elements.ts'
import { cpusOf, diskHazards, disksOf, hasHardware, memoryMiBOf } from './hardware.ts'
import { hintsOf, type Forwarding } from './services.ts'

/** A vApp as the list of its data centre names it. */
export type Listed = { readonly id: string; readonly name: string | null; readonly path: string; readonly place: readonly string[] }

/** The status of vCloud Express 0.8; 2 is off there, which vCloud Director writes as 8. 0, 1 and 7 say nothing about power. */
const powers: ReadonlyMap<string | null, Power> = new Map([
  ['2', 'off'],
  ['3', 'suspended'],
  ['4', 'on'],
])

export function powerOf(vapp: XmlElement): Power {
  return powers.get(attribute(vapp, 'status')) ?? 'unknown'
}

/** Whether it was made but never started, so that it has to be deployed first. */
export function isUndeployed(vapp: XmlElement): boolean {
  return attribute(vapp, 'status') === '1'
}

/** The id of something is the last part of its address; the extensions write it as an element, too. */
export function idIn(path: string | null): string | null {
  return (
    path
      ?.split('?', 1)[0]
      ?.split('/')
      .findLast((part) => part !== '') ?? null
  )
}

function nameOf(vapp: XmlElement): string | null {
  return attribute(vapp, 'name') ?? given(vapp, 'Name')
}

/** Stands for the answer about a vApp that could not be had: nothing in it is given. */
const nothing: XmlElement = { name: 'VApp', namespace: '', type: null, typeNamespace: '', attributes: new Map(), children: [], text: '' }

/** One node. `answer` and `forwardings` are null when they could not be had. */
export function nodeOf(listed: Listed, answer: XmlElement | null, forwardings: readonly Forwarding[] | null): Node {
  const vapp = answer ?? nothing
  const name = nameOf(vapp) ?? listed.name
  const nics = [...nicsOf(vapp)]
  const addresses = [...new Set(nics.flatMap((nic) => nic.addresses))]
  const node: Node = {
    id: listed.id,
    name: name ?? listed.id,
    path: name === null || listed.place.length === 0 ? null : `/${[...listed.place, name].join('/')}`,
    power: powerOf(vapp),
    template: false,
    cpus: cpusOf(vapp),
    memoryMiB: memoryMiBOf(vapp),
    disks: [...disksOf(vapp)],
    nics,
    os: osOf(vapp),
    // What the service calls host name is the name that the machine was ordered with; the inside may differ.
    hostname: null,
    addresses,
    firmware: null,
    tools: 'unknown',
    snapshots: null,
    labels: labelsOf(vapp),
    hazards: [...hazardsOf(vapp)],
    hints: [...hintsOf(addresses, forwardings ?? [])],
    unknown: [],
  }
  const nothingGiven: readonly (readonly [field: string, isGiven: boolean])[] = [
    ['disks', hasHardware(vapp)],
    ['nics', hasNetwork(vapp)],
    ['addresses', addresses.length > 0],
    ['name', name !== null],
    ['hazards', answer !== null],
    ['labels', answer !== null],
    ['hints', forwardings !== null],
  ]
  const fields = nothingGiven.flatMap(([field, isGiven]) => (isGiven ? [] : [field]))
  return withGapsNamed(node, fields)
}

/** The number beside the system's name is not read: the same one was seen for quite different systems. */
function osOf(vapp: XmlElement): Node['os'] {
  const section = sectionsOf(vapp, 'OperatingSystemSection')[0]
  const id = section === undefined ? null : attribute(section, 'osType')
  const name = given(section, 'Description')
  return { family: families.find(([pattern]) => pattern.test(`${id ?? ''} ${name ?? ''}`))?.[1] ?? 'unknown', id, name }
}

const families: readonly (readonly [pattern: RegExp, family: Node['os']['family']])[] = [
  [/\bwin(?:dows|net|xp|lh)/i, 'windows'],
  [/bsd/i, 'bsd'],
  [/linux|centos|rhel|red ?hat|ubuntu|debian|suse|sles|fedora/i, 'linux'],
  [/solaris|darwin|netware|dos\b/i, 'other'],
]

/** eCloud has tags and pools; vCloud Express has nothing of the kind. */
function labelsOf(vapp: XmlElement): Record<string, string> {
  const pool = given(vapp, 'ComputePoolReference', 'Name')
  const tags = childrenOf(childOf(vapp, 'Tags'), 'Tag').flatMap((tag) => given(tag, 'Name') ?? given(tag) ?? [])
  return { ...(pool === null ? {} : { computePool: pool }), ...(tags.length === 0 ? {} : { tags: tags.join(', ') }) }
}

function hazardsOf(vapp: XmlElement): readonly Notice[] {
  const status = attribute(vapp, 'status')
  const state: Notice[] = []
  if (powerOf(vapp) === 'suspended') {
    state.push({ code: 'suspended', severity: 'warning', text: 'It is suspended: its memory is on disk and would be lost by a power-off.' })
  }
  if (status === '0' || status === '1') {
    state.push({
      code: 'not-ready',
      severity: 'warning',
      text: `It was ordered and is not there yet (status ${status}): it has no hardware or no power to speak of.`,
    })
  }
  return [...state, ...diskHazards(vapp), ...nicHazards(vapp)]
}
