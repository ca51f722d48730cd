// What the service does in the background: an order answers a task, and the task its end.
import { LifeboatError } from '../../core/errors.ts'
import { sleep } from '../../io/wait.ts'
import { childOf, type XmlElement } from '../../io/xml.ts'
import { attribute, hrefOf, linksOf } from './elements.ts'
import type { Call, Session } from './session.ts'

export type Task = {
  /** queued, preRunning and running go on; success, error, canceled and aborted are ends. */
  readonly status: string | null
  readonly path: string | null
  readonly message: string | null
}

const taskMs = 300_000
const firstPauseMs = 100
const longestPauseMs = 2_000
const failed: ReadonlySet<string | null> = new Set(['error', 'canceled', 'cancelled', 'aborted'])

/** Some answers name the task in a link to itself only. */
export function taskOf(root: XmlElement): Task {
  const path = hrefOf(root) ?? linksOf(root).find(({ rel }) => rel === 'self')?.path ?? null
  return { status: attribute(root, 'status')?.toLowerCase() ?? null, path, message: attribute(childOf(root, 'Error'), 'message') }
}

/** Posts an order and waits for the end of its task, if it answers one. Fails with source-refused when the task fails or takes longer than 300 s. */
export async function runOrder(session: Session, path: string, call: Call): Promise<void> {
  const answer = await session.order(path, call)
  if (answer?.name !== 'Task') return
  const end = performance.now() + taskMs
  let task = taskOf(answer)
  for (let pause = firstPauseMs; task.status !== 'success'; pause = Math.min(pause * 2, longestPauseMs)) {
    if (failed.has(task.status)) {
      const said = session.quoted(task.message)
      throw new LifeboatError('source-refused', `${session.service} failed to ${call.act} (${task.status}${said === null ? '' : `: ${said}`}).`)
    }
    // Nothing to ask for: what became of it shows in the machine itself.
    if (task.path === null) return
    if (performance.now() >= end) {
      throw new LifeboatError('source-refused', `${session.service} did not ${call.act} within ${taskMs / 1000} s; its task is ${task.status ?? 'unknown'}.`)
    }
    await sleep(pause, call.signal)
    task = taskOf(await session.read(task.path, call))
  }
}
