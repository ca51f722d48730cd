// What vCloud Director does in the background: a write answers a task, which is asked until it ends.
import { LifeboatError } from '../../core/errors.ts'
import { sleep } from '../../io/wait.ts'
import { childOf, type XmlElement } from '../../io/xml.ts'
import { attribute } from './answer.ts'
import { isBusy, saidBy } from './failures.ts'
import type { Asking, Session } from './session.ts'

export type Task = {
  readonly href: string | null
  readonly state: 'running' | 'done' | 'failed'
  /** What it does, in the words of the server: "Starting Virtual Application web". */
  readonly operation: string
  /** Why it failed; null when that is not said. */
  readonly error: string | null
}

const deadlineMs = 300_000
const firstPauseMs = 100
const longestPauseMs = 2_000

const states: Readonly<Record<string, Task['state']>> = {
  queued: 'running',
  preRunning: 'running',
  running: 'running',
  success: 'done',
  error: 'failed',
  canceled: 'failed',
  aborted: 'failed',
}

export function taskOf(element: XmlElement): Task {
  const status = attribute(element, 'status') ?? 'no status'
  const endTime = attribute(element, 'endTime')
  // The year 9999 is how a server of 1.0 says that there is no end yet.
  const ended = endTime !== null && !endTime.startsWith('9999-')
  return {
    href: attribute(element, 'href'),
    state: states[status] ?? (ended ? 'failed' : 'running'),
    operation: attribute(element, 'operation') ?? attribute(element, 'operationName') ?? 'a task without a name',
    error: saidBy(childOf(element, 'Error')) ?? (states[status] === undefined ? `its status is ${status}` : null),
  }
}

/** Sends what begins a task; one that waits for another task's entity is sent again until it is free. */
export async function startTask(session: Session, place: string, asking: Asking, withinMs = deadlineMs): Promise<Task> {
  const end = performance.now() + withinMs
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      const { root } = await session.ask(place, { method: 'POST', ...asking })
      if (root.name !== 'Task') throw new LifeboatError('answer-malformed', `${session.service} answers ${root.name} in place of a task.`)
      return taskOf(root)
    } catch (error) {
      if (!isBusy(error) || performance.now() >= end) throw error
      await sleep(pause, asking.signal)
    }
  }
}

/** Starts a task and waits for its end. Fails with source-refused, in the words of the task, or when it does not end in time. */
export async function runTask(session: Session, place: string, asking: Asking, withinMs = deadlineMs): Promise<void> {
  const end = performance.now() + withinMs
  let task = await startTask(session, place, asking, withinMs)
  for (let pause = firstPauseMs; task.state === 'running'; pause = Math.min(pause * 2, longestPauseMs)) {
    if (performance.now() >= end) {
      throw new LifeboatError('source-refused', `${session.service} did not ${asking.act} within ${withinMs / 1000} s; its task still runs.`)
    }
    await sleep(pause, asking.signal)
    task = await readTask(session, task, asking)
  }
  if (task.state === 'failed') throw new LifeboatError('source-refused', `${session.service} failed to ${asking.act} (${task.error ?? 'no reason is given'}).`)
}

/** The task as it is now. One without an address cannot be asked: it stays as it was. */
export async function readTask(session: Session, task: Task, { act, signal }: Asking): Promise<Task> {
  if (task.href === null) throw new LifeboatError('answer-malformed', `${session.service} answers a task without an address.`)
  return taskOf((await session.ask(task.href, { act, signal })).root)
}
