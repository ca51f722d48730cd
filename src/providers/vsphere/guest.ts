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
  const family = familyOfId(id) ?? (part === 'guest' ? familyOf(textOf(machine, 'guest.guestFamily')) : null)
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

function familyOf(guestFamily: string | null): Os['family'] | null {
  switch (guestFamily) {
    case 'linuxGuest':
      return 'linux'
    case 'windowsGuest':
      return 'windows'
    case 'darwinGuestFamily':
    case 'solarisGuest':
    case 'netwareGuest':
      return 'other'
    default:
      return null
  }
}

export function toolsOf(machine: VimObject): Node['tools'] {
  switch (textOf(machine, 'guest.toolsRunningStatus')) {
    case 'guestToolsRunning':
    case 'guestToolsExecutingScripts':
      return 'running'
    case 'guestToolsNotRunning':
      return textOf(machine, 'guest.toolsVersionStatus2') === 'guestToolsNotInstalled' ? 'absent' : 'stopped'
    default:
      return 'unknown'
  }
}
