// A vCenter as a place where nodes could run.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { Connection } from '../https-api.ts'
import type { Target } from '../provider.ts'
import { vsphereCatalog } from './catalog.ts'
import { dataProgram } from './data.ts'
import { findPending, holdsData, markHoldsData } from './find.ts'
import { nodeProgram } from './node.ts'
import { sharedPlace } from './place.ts'
import { pluginEnvironment, readVsphereFailure } from './plugin.ts'
import { machineOf } from './power.ts'
import { textOf } from './properties.ts'
import { retrieveOne } from './retrieve.ts'
import type { VsphereConfig } from './schema.ts'
import type { Session } from './soap.ts'

const addressSchema = z.object({ address: z.string().min(1) })

/** A target for one provider of lifeboat.yaml. Makes no call before it is asked for something. Fails with config-invalid. */
export function createVsphereTarget(name: string, config: VsphereConfig, { run }: Connection<Session>): Target {
  const place = config.target
  if (place === undefined) {
    throw new LifeboatError('config-invalid', `providers.${name}.target: a move leads to ${name}, so it has to say where new nodes are made there.`)
  }
  const ask = async <T>(work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T> => await run(work, signal).catch(asTarget)
  return {
    catalog: () => vsphereCatalog(place.rootGiB),
    shared: (given) => sharedPlace(name, place, given),
    data: (move, given) => dataProgram(name, place, move, given),
    component: (move, given) => nodeProgram(name, place, move, given),
    address: (outputs) => {
      const parsed = addressSchema.safeParse(outputs)
      if (!parsed.success) throw new LifeboatError('provision-failed', `The node at ${name} has no address yet.`)
      return { public: parsed.data.address, private: null }
    },
    engine: { environment: pluginEnvironment(name, config), readFailure: readVsphereFailure },
    find: async (pending, signal) => await ask(async (session) => await findPending(session, place.datacenter, pending, signal), signal),
    markHoldsData: async (outputs, signal) => await ask(async (session) => await markHoldsData(session, outputs, signal), signal),
    holdsData: async (outputs, signal) => await ask(async (session) => await holdsData(session, outputs, signal), signal),
    isOff: async (id, signal) =>
      await ask(async (session) => {
        const machine = await retrieveOne(session, machineOf(id), ['runtime.powerState'], { act: `say whether ${id} runs`, signal })
        return textOf(machine, 'runtime.powerState') === 'poweredOff'
      }, signal),
  }
}

/** The client is that of a source; here its failures are those of a target. */
function asTarget(error: unknown): never {
  if (!(error instanceof LifeboatError) || !error.code.startsWith('source-')) throw error
  throw new LifeboatError(error.code === 'source-refused' ? 'target-refused' : 'target-unreachable', error.message, { cause: error, details: error.details })
}
