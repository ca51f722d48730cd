// EC2 as a place where nodes could run.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { Target } from '../provider.ts'
import { checkCredentials, createClient, placeOf, pluginEnvironment } from './account.ts'
import { awsCatalog } from './catalog.ts'
import { dataProgram } from './data.ts'
import { examineAws } from './examine.ts'
import { readAwsFailure } from './failures.ts'
import { findPending, holdsData, markHoldsData, type Patience } from './find.ts'
import { held } from './gate.ts'
import { isOff } from './power.ts'
import { sharedNetwork } from './network.ts'
import { nodeProgram } from './node.ts'
import type { AwsConfig } from './schema.ts'

const addressSchema = z.object({ publicAddress: z.string().min(1), privateAddress: z.string().min(1) })

/** A target for one provider of lifeboat.yaml. Makes no call before it is asked for something. */
export function createAwsTarget(name: string, config: AwsConfig): Target {
  checkCredentials(name, config)
  const client = createClient(config)
  // A simulated AWS answers consistently.
  const patience: Patience = config.endpoint === undefined ? { tries: 6, everyMs: 5000 } : { tries: 2, everyMs: 200 }
  return {
    catalog: () => awsCatalog(config),
    // Who may log in is what network.sshFrom says.
    shared: (given) => held({ openPorts: [22] }, () => sharedNetwork(name, config, given)),
    data: (move, given) => held({ openPorts: [] }, () => dataProgram(name, config, move, given)),
    component: (move, given) => held({ openPorts: move.ports.map(({ port }) => port) }, () => nodeProgram(name, config, move, given)),
    address: (outputs) => {
      const parsed = addressSchema.safeParse(outputs)
      if (!parsed.success) throw new LifeboatError('provision-failed', `The node at ${name} has no address yet.`)
      return { public: parsed.data.publicAddress, private: parsed.data.privateAddress }
    },
    engine: { environment: pluginEnvironment(config), readFailure: readAwsFailure },
    find: (pending, signal) => findPending(client, pending, patience, signal),
    markHoldsData: (outputs, signal) => markHoldsData(client, outputs, signal),
    holdsData: (outputs, signal) => holdsData(client, outputs, signal),
    place: (signal) => placeOf(client, config.region, signal),
    isOff: (id, signal) => isOff(client, id, signal),
    examine: (moves, signal) => examineAws({ client, config, moves, signal }),
  }
}
