// What runs inside a machine: the detected operating system before the configured one.
import type { Node } from '../../core/node.ts'
import { textOf, type VimObject } from './properties.ts'

type Os = Node['os']

/**
 * The operating system. While Tools run they know it; the configured one is what somebody chose when the machine was
 * made, and often wrong in real inventories.
 */
export function osOf(machine: VimObject): Os {
  const detected = osFrom(machine, 'guest')
  const configured = osFrom(machine, 'config')
  const isDetected = toolsOf(machine) === 'running' && detected.id !== null
  return isDetected || configured.id === null ? detected : configured
}

function osFrom(machine: VimObject, part: 'guest' | 'config'): Os {
  const id = textOf(machine, `${part}.guestId`)
  const name = textOf(machine, `${part}.guestFullName`)
  const family = familyOfId(id) ?? (part === 'guest' ? guestFamilies[textOf(machine, 'guest.guestFamily') ?? ''] : null)
  return { family: family ?? 'unknown', id, name }
}

/** The identifiers are those of VirtualMachineGuestOsIdentifier; new ones appear with every release. */
const idFamilies: readonly (readonly [pattern: RegExp, family: Os['family']])[] = [
  [/^win/i, 'windows'],
  [/bsd/i, 'bsd'],
  [/linux|photon|^(?:debian|ubuntu|centos|rhel|fedora|sles|suse|opensuse|redhat|asianux|coreos|flatcar|crx|mandrake|mandriva|nld9|oes|sjds)/i, 'linux'],
  [/^(?:darwin|solaris|netware|os2|dos|eComStation|unixWare|openServer|vmkernel)/i, 'other'],
]

function familyOfId(id: string | null): Os['family'] | null {
  if (id === null) return null
  return idFamilies.find(([pattern]) => pattern.test(id))?.[1] ?? null
}

/** Only what a family says by itself; `otherGuestFamily` is where every BSD stands, and more. */
const guestFamilies: Readonly<Record<string, Os['family']>> = {
  linuxGuest: 'linux',
  windowsGuest: 'windows',
  darwinGuestFamily: 'other',
  solarisGuest: 'other',
  netwareGuest: 'other',
}

export function toolsOf(machine: VimObject): Node['tools'] {
  const status = textOf(machine, 'guest.toolsRunningStatus')
  if (status === 'guestToolsRunning' || status === 'guestToolsExecutingScripts') return 'running'
  const version = textOf(machine, 'guest.toolsVersionStatus2')
  // Servers before 5.0 do not tell Tools that do not run from none.
  if (status !== 'guestToolsNotRunning' || version === null) return 'unknown'
  return version === 'guestToolsNotInstalled' ? 'absent' : 'stopped'
}
