// Tasks: what a write answers. They take time, hold their machine meanwhile, and fail when that was ordered.
import type { Machine, State, Task } from './state.ts'

export type Work = {
  /** As the API calls it, such as `vappDeploy`; a failure is ordered by this name. */
  readonly operation: string
  readonly machine: Machine
  /** Why it cannot be done, or null; looked at when the task ends. */
  readonly refusal?: () => string | null
  readonly effect: () => void
  /** It goes on until it is cancelled. */
  readonly endless?: boolean
}

let made = 0

/** Begins a task on a machine. */
export function beginTask(state: State, { operation, machine, refusal, effect, endless = false }: Work): Task {
  const end = (status: Task['status'], error: string | null): void => {
    if (task.status !== 'running') return
    task.status = status
    task.error = error
    machine.task = null
  }
  const id = `task-${(made += 1)}`
  const task: Task = { id, operation, owner: machine.id, status: 'running', error: null, cancel: () => end('canceled', 'The task was cancelled.') }
  state.tasks.set(id, task)
  machine.task = task
  const finish = (): void => {
    if (task.status !== 'running') return
    const error = ordered(state, operation) ?? refusal?.() ?? null
    if (error === null) effect()
    end(error === null ? 'success' : 'error', error)
  }
  if (!endless) setTimeout(finish, state.faults.taskMs).unref()
  return task
}

function ordered(state: State, operation: string): string | null {
  const fault = state.faults.failing.get(operation)
  if (fault === undefined || fault.count < 1) return null
  fault.count -= 1
  return fault.message
}
