// What a vCenter says when it refuses: SOAP faults, and the errors of tasks, which have the same shape.
import { LifeboatError } from '../../core/errors.ts'
import { at, childOf, textAt, type XmlElement } from '../../io/xml.ts'
import { quoted } from '../said.ts'

export type Fault = {
  /** The fault's type in the API, such as `InvalidLogin`. */
  readonly type: string
  /** In the language of the server; often empty. */
  readonly message: string
  /** The privilege that NoPermission misses, such as `VirtualMachine.Interact.PowerOff`. */
  readonly privilege: string | null
  /** The property path that InvalidProperty does not know. */
  readonly property: string | null
}

/** The fault inside an envelope, or null when it carries an answer. */
export function faultOf(envelope: XmlElement): Fault | null {
  const fault = at(envelope, 'Body', 'Fault')
  if (fault === null) return null
  const detail = childOf(fault, 'detail')?.children[0] ?? null
  return faultFrom(detail, textAt(fault, 'faultstring') ?? '')
}

/** The fault of a `LocalizedMethodFault`: the error of a task, or of a value that was not given. */
export function localizedFault(element: XmlElement | null): Fault {
  return faultFrom(childOf(element, 'fault'), textAt(element, 'localizedMessage') ?? '')
}

function faultFrom(detail: XmlElement | null, message: string): Fault {
  const type = detail?.type ?? detail?.name.replace(/Fault$/, '') ?? ''
  return {
    type: /^\w{1,100}$/.test(type) ? type : 'unknown fault',
    message: message.trim(),
    privilege: quoted(textAt(detail, 'privilegeId')),
    property: textAt(detail, 'name'),
  }
}

/** The failure that a fault means to the user. `service` begins the sentence, `act` says what was asked ("start vm-42"). */
export function errorOf(fault: Fault, service: string, act: string): LifeboatError {
  const details = { fault: fault.type }
  const words = quoted(fault.message)
  const said = words === null ? fault.type : `${fault.type}: ${words}`
  switch (fault.type) {
    case 'InvalidLogin':
      return new LifeboatError('source-login', `${service} refuses the log-in: user or password is wrong.`, { details })
    case 'NotAuthenticated':
      return new LifeboatError('source-session-lost', `${service} ended the session while it was to ${act}.`, { details })
    case 'NoPermission':
      return new LifeboatError('source-refused', `${service} does not let this account ${act}: it needs ${fault.privilege ?? 'another privilege'}.`, {
        details,
      })
    case 'ManagedObjectNotFound':
      return new LifeboatError('source-refused', `${service} cannot ${act}: the object is not there any more (${fault.type}).`, { details })
    default:
      return new LifeboatError('source-refused', `${service} refuses to ${act} (${said}).`, { details })
  }
}
