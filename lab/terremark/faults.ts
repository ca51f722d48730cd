// Part of our own simulator of Terremark vCloud Express (lab/terremark): what can be made to go wrong, by orders such as
// `POST /status {"code": 503, "count": 2}`. A fault hits requests whose path contains `path`, after `skip` of them, `count` times.
import { z } from 'zod'
import type { Estate } from './estate.ts'

const when = { path: z.string().default(''), skip: z.number().int().min(0).default(0), count: z.number().int().min(0).default(1) }
const orders = {
  /** Answers with this status and an error. */
  '/status': z.strictObject({ ...when, code: z.number().int(), message: z.string().default('ordered by the lab') }),
  /** Answers with this text, whatever it is. */
  '/body': z.strictObject({ ...when, code: z.number().int().default(200), body: z.string() }),
  /** Cuts the answer off in its middle. */
  '/cut': z.strictObject(when),
  /** Never answers. */
  '/silence': z.strictObject(when),
  /** Ends all log-ins when such a request comes, and refuses it. */
  '/expire': z.strictObject(when),
  /** The next tasks fail with this message. */
  '/fail': z.strictObject({ message: z.string(), count: z.number().int().default(1) }),
  /** Somebody else switches a machine. */
  '/power': z.strictObject({ vm: z.string(), state: z.enum(['on', 'off']) }),
  '/faults/clear': z.strictObject({}),
}

type When = { readonly path: string; skip: number; count: number }
export type Fault = When &
  (
    | { readonly kind: 'status'; readonly code: number; readonly message: string }
    | { readonly kind: 'body'; readonly code: number; readonly body: string }
    | { readonly kind: 'cut' | 'silence' | 'expire' }
  )

export type Faults = {
  /** The fault that this request meets, used up by it; null: none. */
  readonly next: (path: string) => Fault | null
  /** The message with which the next task fails, or null. */
  readonly nextFailure: () => string | null
  /** Obeys an order; throws a sentence when it is none. */
  readonly obey: (where: string, order: unknown) => void
}

export function makeFaults(estate: Estate): Faults {
  let faults: Fault[] = []
  let failures: string[] = []
  return {
    next: (path) => {
      for (const fault of faults) {
        if (fault.count === 0 || !path.includes(fault.path)) continue
        if (fault.skip > 0) fault.skip -= 1
        else {
          fault.count -= 1
          return fault
        }
      }
      return null
    },
    nextFailure: () => failures.shift() ?? null,
    obey: (where, order) => {
      switch (where) {
        case '/faults/clear':
          faults = []
          failures = []
          return
        case '/fail': {
          const { message, count } = orders['/fail'].parse(order)
          failures.push(...Array.from({ length: count }, () => message))
          return
        }
        case '/power': {
          const { vm, state } = orders['/power'].parse(order)
          const machine = estate.machines.find(({ name }) => name === vm)
          if (!machine) throw new Error(`There is no vApp ${vm}.`)
          return estate.setPower(machine, state)
        }
        case '/status':
          return void faults.push({ kind: 'status', ...orders['/status'].parse(order) })
        case '/body':
          return void faults.push({ kind: 'body', ...orders['/body'].parse(order) })
        case '/cut':
        case '/silence':
        case '/expire':
          return void faults.push({ kind: where.slice(1) as 'cut' | 'silence' | 'expire', ...orders[where].parse(order) })
        default:
          throw new Error(`There is no order ${where}. There are: ${Object.keys(orders).join(', ')}.`)
      }
    },
  }
}
