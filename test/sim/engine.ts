// The engine of the simulated world: it asks for an object, and stores what came in a second step, as Pulumi does; a
// controller that dies in between leaves a pending create behind, over which it never goes on.
import { z } from 'zod'
import type { Difference } from '../../src/core/drift.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import type { Changes, Engine, StackRequest } from '../../src/provision/engine.ts'
import type { Ask, Question } from './asking.ts'

const none: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 }
const outputsSchema = z.object({ outputs: z.record(z.string(), z.unknown()).nullable(), isChanged: z.boolean() })

export function engineOf(ask: Ask): Engine {
  const question = async ({ stack }: StackRequest, op: string, signal: AbortSignal, args: Question['args'] = {}) =>
    await ask({ part: 'stack', of: stack, op, move: stack.startsWith('node-') ? stack.slice(5) : '', args }, signal)
  const look = async (request: StackRequest, signal: AbortSignal) => outputsSchema.parse(await question(request, 'outputs', signal))
  const drift: Engine['drift'] = async (requests, _kinds, signal) =>
    await Promise.all(
      requests.map(async (request) => {
        const { outputs, isChanged } = await look(request, signal)
        const difference: Difference = { kind: 'cloud', resource: `machine of ${request.stack}`, change: 'changed', properties: [] }
        return { stack: request.stack, exists: outputs !== null, differences: isChanged ? [difference] : [] }
      }),
    )
  return {
    preview: async (request, signal) => {
      const { outputs, isChanged } = await look(request, signal)
      return { ...none, ...(outputs === null ? { create: 1 } : isChanged ? { update: 1 } : { same: 1 }) }
    },
    up: async (request, listen, signal) => {
      signal.throwIfAborted()
      const declared = await request.program()
      const resource = `machine of ${request.stack}`
      listen({ resource, state: 'running', text: 'is made' })
      const { made, repaired } = await question(request, 'create', signal, { declared, provider: declared['provider'] ?? null })
      const { outputs } = await question(request, 'confirm', signal, { declared })
      listen({ resource, state: 'done', text: 'is there' })
      const changes = { ...none, create: Number(made), update: Number(repaired), same: made === 0 && repaired === 0 ? 1 : 0 }
      return { changes, outputs: z.record(z.string(), z.unknown()).parse(outputs) }
    },
    drift,
    outputs: async (request, signal) => (await look(request, signal)).outputs,
    destroy: async (request, _listen, signal) => {
      const { pending } = await question(request, 'pending', signal)
      if (pending !== null) throw new LifeboatError('provision-failed', `${request.stack} has an unresolved pending create.`)
      return { ...none, delete: Number((await question(request, 'destroy', signal))['deleted']) }
    },
    // A machine is all that there is, and nothing protects it.
    release: async () => await Promise.resolve(),
    recover: async (request, find, signal) => {
      const { pending } = await question(request, 'pending', signal)
      if (typeof pending !== 'string') return []
      const id = await find({ urn: request.stack, type: 'machine', name: request.stack, inputs: {} }, signal)
      // What moves share has no tags: it is asked for once more.
      if (id === null) await question(request, 'forget', signal)
      else await question(request, 'confirm', signal, { declared: await request.program() })
      return [`${request.stack} was ${id === null ? 'forgotten' : 'adopted'}.`]
    },
  }
}
