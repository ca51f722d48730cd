// Part of our own simulator of Terremark vCloud Express (lab/terremark): the machines, their power, and the tasks that change it.

export type MachineSpec = {
  readonly name: string
  /** Becomes the data centre that it stands in. */
  readonly folder?: string
  readonly address?: string
  readonly cpus?: number
  readonly memoryMiB?: number
  /** As the service writes them: in KiB, without a unit. */
  readonly disksKiB?: readonly number[]
  readonly system?: string
  /** `new`: ordered, and not there yet. */
  readonly power?: 'on' | 'off' | 'suspended' | 'new'
  /** Its guest hears no request to shut down. */
  readonly deaf?: boolean
  /** What internet services lead to it. The public address is its own unless said otherwise: the lab translates none. */
  readonly services?: readonly { readonly port: number; readonly protocol: string; readonly publicAddress?: string; readonly publicPort?: number }[]
}

export type Machine = MachineSpec & { readonly id: number; readonly centre: number; status: number }
export type Task = { readonly id: number; readonly machine: Machine; status: 'queued' | 'running' | 'success' | 'error'; message: string | null }
export type Action = 'deploy' | 'powerOn' | 'powerOff' | 'shutdown'
/** What an action answers: a task (202), nothing (204), or a refusal. */
export type Ordered = { readonly task: Task } | { readonly task: null } | { readonly refused: number; readonly message: string }

export type Estate = {
  /** Names of the data centres; their ids are 1, 2, … */
  readonly centres: readonly string[]
  readonly machines: readonly Machine[]
  readonly task: (id: number) => Task | null
  readonly act: (machine: Machine, action: Action, failure: string | null) => Ordered
  /** As if its host reported it. */
  readonly setPower: (machine: Machine, power: 'on' | 'off') => void
  readonly stop: () => void
}

export type Pace = { readonly taskMs: number; readonly guestMs: number }

/** Of vCloud Express 0.8. */
const statuses = { new: 1, off: 2, suspended: 3, on: 4 } as const

/** `onPower` hears of changes only, not of what stands there. */
export function makeEstate(specs: readonly MachineSpec[], pace: Pace, onPower: (name: string, power: 'on' | 'off') => void): Estate {
  const centres = [...new Set(specs.map(({ folder }) => folder ?? 'main'))]
  const machines: Machine[] = specs.map((spec, index) => ({
    ...spec,
    id: 14_000 + index,
    centre: centres.indexOf(spec.folder ?? 'main') + 1,
    status: statuses[spec.power ?? 'on'],
  }))
  const tasks = new Map<number, Task>()
  const timers = new Set<NodeJS.Timeout>()
  const later = (ms: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, ms).unref()
    timers.add(timer)
  }

  const setPower: Estate['setPower'] = (machine, power) => {
    if (machine.status === statuses[power]) return
    machine.status = statuses[power]
    onPower(machine.name, power)
  }
  const run = (machine: Machine, failure: string | null, done: () => void): Ordered => {
    const task: Task = { id: 10_000 + tasks.size, machine, status: 'queued', message: failure }
    tasks.set(task.id, task)
    later(pace.taskMs / 2, () => (task.status = 'running'))
    later(pace.taskMs, () => {
      if (failure === null) done()
      task.status = failure === null ? 'success' : 'error'
    })
    return { task }
  }
  const act: Estate['act'] = (machine, action, failure) => {
    const busy = [...tasks.values()].some((task) => task.machine === machine && (task.status === 'queued' || task.status === 'running'))
    if (busy) return { refused: 409, message: 'Another task of this vApp is running' }
    const isOn = machine.status === statuses.on
    if (action === 'deploy') return machine.status === statuses.new ? run(machine, failure, () => (machine.status = statuses.off)) : refused(machine)
    if (action === 'powerOn') return isOn || machine.status === statuses.new ? refused(machine) : run(machine, failure, () => setPower(machine, 'on'))
    if (action === 'powerOff') return isOn ? run(machine, failure, () => setPower(machine, 'off')) : refused(machine)
    if (!isOn) return refused(machine)
    if (machine.deaf !== true) later(pace.guestMs, () => setPower(machine, 'off'))
    return { task: null }
  }
  return {
    centres,
    machines,
    act,
    setPower,
    task: (id) => tasks.get(id) ?? null,
    stop: () => timers.forEach((timer) => clearTimeout(timer)),
  }
}

function refused({ name, status }: Machine): Ordered {
  return { refused: 400, message: `${name} is in state ${status}, which does not allow that` }
}
