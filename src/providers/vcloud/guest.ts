// What runs inside a machine, as far as vCloud Director says.
import type { Node, Power } from '../../core/node.ts'
import { childOf, textAt, type XmlElement } from '../../io/xml.ts'
import { attribute, given, sectionOf } from './answer.ts'
import type { MachineRecord } from './query.ts'

type Os = Node['os']

/** The operating system that is configured, else what the query says was detected. `ovf:id` means nothing: 102 stands for four of them. */
export function osOf(machine: XmlElement, record: MachineRecord | null): Os {
  const section = sectionOf(machine, 'OperatingSystemSection')
  const id = attribute(section, 'osType')
  const name = given(textAt(section, 'Description')) ?? record?.detectedOs ?? record?.configuredOs ?? null
  return { family: familyOf(id) ?? familyOf(name) ?? 'unknown', id, name }
}

/** Identifiers are those of vSphere (`debian12_64Guest`), names those that people read ("Microsoft Windows 10 (64-bit)"). */
const families: readonly (readonly [pattern: RegExp, family: Os['family']])[] = [
  [/^(?:microsoft )?win/i, 'windows'],
  [/bsd/i, 'bsd'],
  [/^(?:darwin|apple|mac ?os|.*solaris|.*netware|os2|dos|ms-dos|eComStation|unixWare|sco |openServer|vmkernel|vmware esx)/i, 'other'],
  [/linux|photon|^(?:debian|ubuntu|centos|rhel|red ?hat|fedora|sles|suse|opensuse|asianux|coreos|flatcar|crx|mandrake|mandriva|nld9|oes|sjds)/i, 'linux'],
]

function familyOf(text: string | null): Os['family'] | null {
  return text === null ? null : (families.find(([pattern]) => pattern.test(text))?.[1] ?? null)
}

/** Which version of VMware Tools it has: 0 for none, null when nobody says. Whether they run is never said. */
function toolsVersion(machine: XmlElement, record: MachineRecord | null): string | null {
  const runtime = attribute(childOf(childOf(machine, 'RuntimeInfoSection'), 'VMWareTools'), 'version')
  return runtime ?? given(textAt(machine, 'VmSpecSection', 'VmToolsVersion')) ?? record?.toolsVersion ?? null
}

export function toolsOf(machine: XmlElement, record: MachineRecord | null, power: Power): Node['tools'] {
  const version = toolsVersion(machine, record)
  if (version === null) return 'unknown'
  if (version === '0') return 'absent'
  return power === 'off' ? 'stopped' : 'unknown'
}
