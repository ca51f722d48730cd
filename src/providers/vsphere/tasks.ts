// What vSphere does in the background: a call answers a task, and the task its end.
import { childOf } from '../../io/xml.ts'
import { sleep } from '../../io/wait.ts'
import { LifeboatError } from '../../core/errors.ts'
import { localizedFault, type Fault } from './faults.ts'
import { textOf, valueAt } from './properties.ts'
import { retrieveOne } from './retrieve.ts'
import { referenceOf, type CallOptions, type Reference, type Session } from './soap.ts'

const taskMs = 300_000
const firstPauseMs = 100
const longestPauseMs = 2_000

/** Calls a method that answers a task and waits for its end. Answers the fault of either, or null when it is done. */
export async function runTask(session: Session, method: string, target: Reference, inside: string, options: CallOptions): Promise<Fault | null> {
  const reply = await session.call(method, target, inside, options)
  if (reply.fault !== null) return reply.fault
  const task = referenceOf(childOf(reply.answer, 'returnval'))
  if (task === null) throw new LifeboatError('answer-malformed', `${session.service} answered ${method} without a task.`)
  const end = performance.now() + taskMs
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const object = await retrieveOne(session, task, ['info.state', 'info.error'], options)
    const state = textOf(object, 'info.state')
    if (state === 'success') return null
    if (state === 'error') return localizedFault(valueAt(object, 'info.error'))
    if (performance.now() >= end) {
      throw new LifeboatError('source-refused', `${session.service} did not ${options.act} within ${taskMs / 1000} s; its task is ${state ?? 'unknown'}.`)
    }
    await sleep(pause, options.signal)
  }
}
