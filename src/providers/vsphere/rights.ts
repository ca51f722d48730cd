// Which rights a move needs of an account, which of them it lacks, and what a vSphere cannot tell.
import { codeOf } from '../../core/errors.ts'
import { childrenOf, escapeXml, textAt } from '../../io/xml.ts'
import type { LackingRight, Notes } from '../provider.ts'
import { isAtLeast } from './properties.ts'
import { referenceXml, type Session } from './soap.ts'

export const vsphereNotes: Notes = {
  rights: [
    { for: 'inventory, plan', right: 'System.Read' },
    { for: '`finish`: power the source off', right: 'VirtualMachine.Interact.PowerOff' },
    { for: '`finish`: unplug it, so that it cannot come back into the network', right: 'VirtualMachine.Interact.DeviceConnection' },
    { for: '`finish`: keep it unplugged at its next start', right: 'VirtualMachine.Config.EditDevice' },
    { for: 'power on again', right: 'VirtualMachine.Interact.PowerOn' },
    { for: 'snapshots', right: 'VirtualMachine.State.CreateSnapshot' },
  ],
  cannotTell: [
    'Addresses and host name, where VMware Tools do not run.',
    'How full a disk is, but from Tools, and not for every disk.',
    'What is inside a machine: services, ports, what writes where.',
  ],
}

/** HasPrivilegeOnEntities came with vSphere API 5.5. */
const since = '5.5'

/** Asks for the rights of this very session. Null: the server is too old to tell, or there is nothing to ask about. */
export async function lackingRights(session: Session, ids: readonly string[], signal: AbortSignal): Promise<readonly LackingRight[] | null> {
  const { key, authorizationManager, apiVersion } = session
  if (ids.length === 0 || key === null || authorizationManager === null || !isAtLeast(apiVersion, since)) return null
  const entities = ids.map((id) => referenceXml('entity', { type: 'VirtualMachine', id })).join('')
  const wanted = vsphereNotes.rights.map(({ right }) => `<privId>${right}</privId>`).join('')
  const inside = `${entities}<sessionId>${escapeXml(key)}</sessionId>${wanted}`
  const answer = await session
    .ask('HasPrivilegeOnEntities', authorizationManager, inside, { act: 'tell what this account may do', signal, repeatable: true })
    .catch((error: unknown) => {
      // An account may be refused even this question; that says nothing about its other rights.
      if (codeOf(error) !== 'source-refused') throw error
      return null
    })
  if (answer === null) return null
  return childrenOf(answer, 'returnval').flatMap((entity) => {
    const node = textAt(entity, 'entity') ?? '?'
    const availabilities = childrenOf(entity, 'privAvailability').filter((each) => textAt(each, 'isGranted') === 'false')
    return availabilities.map((each) => ({ node, right: textAt(each, 'privId') ?? '?' }))
  })
}
