// Faults on command, as lab/vcsim has them. Also over HTTP, at /control on the simulator's own address:
//
//   POST /power          {"vm":"web-1","state":"off"}              as the provider itself would do it
//   POST /status         {"code":503,"count":3,"retryAfter":"2"}   the next requests get this status instead of an answer
//   POST /task           {"operation":"vappShutdown","message":"…","count":1}   the next tasks of that name fail
//   POST /tasks          {"ms":2000}                               how long tasks take
//   POST /vapp           {"name":"shop","answer":"forbidden"}      or "broken" (its XML ends early), or "well"
//   POST /deaf           {"vm":"web-1"}                            its guest hears the shutdown and does not end
//   POST /snapshot       {"vm":"web-1","created":"2026-…"}         somebody else takes one
//   POST /sessions/end   {"after":3}                               sessions end after so many requests; now without it;
//                                                                  with "always" each one does
//   POST /faults/clear
import { z } from 'zod'
import type { Sessions } from './sessions.ts'
import { machinesIn, switchPower, type Machine, type State } from './state.ts'

export type StatusFault = { code: number; count: number; retryAfter: string | null }

export type Control = (where: string, order?: unknown) => Promise<unknown>

export function controlOf(state: State, sessions: Sessions, status: StatusFault): Control {
  const machine = (name: string): Machine => {
    const found = machinesIn(state).find(({ spec }) => spec.name === name)
    if (!found) throw new Error(`There is no machine ${name}.`)
    return found
  }
  const { faults } = state
  const orders: Readonly<Record<string, (order: unknown) => void>> = {
    '/power': (order) => {
      const { vm, state: wanted } = z.object({ vm: z.string(), state: z.enum(['on', 'off', 'suspended']) }).parse(order)
      switchPower(state, machine(vm), wanted)
    },
    '/status': (order) => {
      const given = z.object({ code: z.number(), count: z.number().default(1), retryAfter: z.string().nullable().default(null) }).parse(order)
      Object.assign(status, given)
    },
    '/task': (order) => {
      const { operation, message, count } = z.object({ operation: z.string(), message: z.string(), count: z.number().default(1) }).parse(order)
      faults.failing.set(operation, { message, count })
    },
    '/tasks': (order) => void (faults.taskMs = z.object({ ms: z.number() }).parse(order).ms),
    '/vapp': (order) => {
      const { name, answer } = z.object({ name: z.string(), answer: z.enum(['forbidden', 'broken', 'well']) }).parse(order)
      for (const kind of ['forbidden', 'broken'] as const) {
        if (answer === kind) faults[kind].add(name)
        else faults[kind].delete(name)
      }
    },
    '/deaf': (order) => void faults.deaf.add(z.object({ vm: z.string() }).parse(order).vm),
    '/snapshot': (order) => {
      const { vm, created } = z.object({ vm: z.string(), created: z.string().default('2026-01-01T00:00:00.000Z') }).parse(order)
      machine(vm).snapshot = { created }
    },
    '/sessions/end': (order) => {
      const { after, always } = z.object({ after: z.number().optional(), always: z.boolean().default(false) }).parse(order ?? {})
      if (after === undefined) sessions.endAll()
      else sessions.endAfter(after, always)
    },
    '/faults/clear': () => {
      status.count = 0
      sessions.endAfter(Number.POSITIVE_INFINITY, false)
      faults.failing.clear()
      for (const set of [faults.forbidden, faults.broken, faults.deaf]) set.clear()
    },
  }
  return async (where, order) => {
    const carryOut = orders[where]
    if (!carryOut) throw new Error(`The simulator knows no order ${where}.`)
    carryOut(order)
    return await Promise.resolve({})
  }
}
