// DigitalOcean as a place where nodes could run.
import { addressOf, holdsData, markHoldsData } from '../node-outputs.ts'
import type { Target } from '../provider.ts'
import { catalogOf } from '../size-list.ts'
import { readDigitaloceanFailure } from './account.ts'
import { digitaloceanObjects } from './objects.ts'
import { dataProgram, nodeProgram, sharedProgram } from './programs.ts'
import type { DigitaloceanConfig } from './schema.ts'
import { digitaloceanSizes } from './sizes.ts'

/** A target for one provider of lifeboat.yaml. Makes no call before it is asked for something. */
export function createDigitaloceanTarget(name: string, config: DigitaloceanConfig): Target {
  const { find, isOff, mark } = digitaloceanObjects(config)
  return {
    catalog: () => catalogOf(digitaloceanSizes, config),
    shared: (given) => sharedProgram(name, config, given),
    data: (move, given) => dataProgram(name, config, move, given),
    component: (move, given) => nodeProgram(name, config, move, given),
    address: (outputs) => addressOf(name, outputs),
    engine: { environment: { DIGITALOCEAN_TOKEN: config.token }, readFailure: readDigitaloceanFailure },
    find,
    markHoldsData: (outputs, signal) => markHoldsData(mark, outputs, signal),
    holdsData: (outputs, signal) => holdsData(mark, outputs, signal),
    isOff,
  }
}
