// What a tenant can do to a machine: power, undeploy, snapshot, cards, metadata. Each begins a task, or says why not.
import { childrenOf, readXml, textAt, attributeOf, type XmlElement } from '../../src/io/xml.ts'
import { setCables, switchPower, type Machine, type State } from './state.ts'
import { beginTask, type Work } from './tasks.ts'
import type { Task } from './state.ts'

export type Refusal = { readonly status: number; readonly minor: string; readonly message: string }
export type Asked = { readonly method: string; readonly action: string; readonly type: string; readonly body: string }

const noTools =
  'Error in powering off or suspending virtual machines. - Failed to shutdown guest os as required VM tools were found unavailable. ' +
  '- Cannot complete operation because VMware Tools is not running in this virtual machine.'

/** Begins what was asked for, or refuses it. */
export function act(state: State, machine: Machine, asked: Asked): Task | Refusal {
  const work = workOf(state, machine, asked)
  if (work === null) return badRequest(`${asked.method} ${asked.action} is nothing that this machine can do.`)
  if ('status' in work) return work
  if (machine.task !== null) {
    return { status: 400, minor: 'BUSY_ENTITY', message: `The entity ${machine.id} is busy completing an operation ${machine.task.operation}.` }
  }
  return beginTask(state, { machine, ...work })
}

type Doing = Omit<Work, 'machine'>

function workOf(state: State, machine: Machine, asked: Asked): Doing | Refusal | null {
  switch (`${asked.method} ${asked.action}`) {
    case 'POST power/action/powerOn':
      if (machine.power === 'on') return badRequest('The requested operation could not be executed since it is already powered on.')
      return { operation: 'vappDeploy', effect: () => switchPower(state, machine, 'on') }
    case 'POST power/action/powerOff':
      // It stays deployed: "partially powered off".
      return { operation: 'vappPowerOff', effect: () => switchPower(state, machine, 'off', true) }
    case 'POST power/action/suspend':
      return { operation: 'vappSuspend', effect: () => switchPower(state, machine, 'suspended') }
    case 'POST power/action/shutdown':
      return shutdown(state, machine)
    case 'POST action/undeploy':
      return undeploy(state, machine, asked)
    case 'POST action/createSnapshot':
      return createSnapshot(machine, asked)
    case 'POST metadata':
      return metadata(machine, asked)
    case 'PUT networkConnectionSection':
      return network(state, machine, asked)
    default:
      return null
  }
}

function shutdown(state: State, machine: Machine): Doing | Refusal {
  if (machine.power !== 'on') return badRequest('The requested operation could not be executed since it is not powered on.')
  return {
    operation: 'vappShutdown',
    refusal: () => (machine.spec.tools === false ? noTools : null),
    effect: () => switchPower(state, machine, 'off', true),
    endless: state.faults.deaf.has(machine.spec.name),
  }
}

function undeploy(state: State, machine: Machine, asked: Asked): Doing | Refusal {
  const params = typed(asked, 'undeployVAppParams', 'UndeployVAppParams')
  if ('status' in params) return params
  if (!machine.deployed) return badRequest('The requested operation could not be executed since it is not deployed.')
  const wish = textAt(params, 'UndeployPowerAction') ?? 'default'
  return {
    operation: 'vappUndeployPowerOff',
    refusal: () => (wish === 'shutdown' && machine.power === 'on' && machine.spec.tools === false ? noTools : null),
    effect: () => switchPower(state, machine, wish === 'suspend' ? 'suspended' : 'off', false),
  }
}

/** One user snapshot: a new one takes the place of the old. Its name is forgotten, as the API has no place for it. */
function createSnapshot(machine: Machine, asked: Asked): Doing | Refusal {
  const params = typed(asked, 'createSnapshotParams', 'CreateSnapshotParams')
  if ('status' in params) return params
  const quiesce = attributeOf(params, 'quiesce') === 'true'
  return {
    operation: 'vappCreateSnapshot',
    refusal: () => (quiesce && machine.spec.tools === false ? 'Cannot quiesce this virtual machine because VMware Tools is not currently available.' : null),
    effect: () => (machine.snapshot = { created: new Date().toISOString() }),
  }
}

function metadata(machine: Machine, asked: Asked): Doing | Refusal {
  const params = typed(asked, 'metadata', 'Metadata')
  if ('status' in params) return params
  return {
    operation: 'metadataUpdate',
    effect: () => {
      for (const entry of childrenOf(params, 'MetadataEntry')) {
        const value = textAt(entry, 'TypedValue', 'Value') ?? textAt(entry, 'Value') ?? ''
        machine.metadata.set(textAt(entry, 'Key') ?? '', value)
      }
    },
  }
}

/** The section has to come back whole: a card that is left out would be removed. */
function network(state: State, machine: Machine, asked: Asked): Doing | Refusal {
  const section = typed(asked, 'networkConnectionSection', 'NetworkConnectionSection')
  if ('status' in section) return section
  const cards = childrenOf(section, 'NetworkConnection')
  const whole = machine.cards.every(({ index, mac }) =>
    cards.some((card) => textAt(card, 'NetworkConnectionIndex') === String(index) && textAt(card, 'MACAddress') === mac),
  )
  if (!whole || cards.length !== machine.cards.length) return badRequest('The section does not name the cards of this machine.')
  const wanted = new Map(cards.map((card) => [Number(textAt(card, 'NetworkConnectionIndex')), textAt(card, 'IsConnected') === 'true']))
  return { operation: 'vappUpdateVm', effect: () => setCables(state, machine, wanted) }
}

/** The body, if it is of that type and reads as that element. */
function typed({ type, body }: Asked, wanted: string, root: string): XmlElement | Refusal {
  if (type !== `application/vnd.vmware.vcloud.${wanted}+xml`) {
    return { status: 415, minor: 'UNSUPPORTED_MEDIA_TYPE', message: `This wants ${wanted}, not ${type}.` }
  }
  try {
    const element = readXml(body, 'The client')
    return element.name === root && element.namespace === 'http://www.vmware.com/vcloud/v1.5' ? element : badRequest(`A ${root} was expected.`)
  } catch {
    return badRequest('The body is not valid XML.')
  }
}

function badRequest(message: string): Refusal {
  return { status: 400, minor: 'BAD_REQUEST', message }
}
