// Hetzner Cloud as a place where nodes could run.
import { addressOf, holdsData, markHoldsData } from '../node-outputs.ts'
import type { Target } from '../provider.ts'
import { catalogOf } from '../size-list.ts'
import { readHcloudFailure } from './account.ts'
import { hcloudObjects } from './objects.ts'
import { dataProgram, nodeProgram, sharedProgram } from './programs.ts'
import type { HcloudConfig } from './schema.ts'
import { hcloudSizes } from './sizes.ts'

/** A target for one provider of lifeboat.yaml. Makes no call before it is asked for something. */
export function createHcloudTarget(name: string, config: HcloudConfig): Target {
  const { find, isOff, mark } = hcloudObjects(config)
  return {
    catalog: () => catalogOf(hcloudSizes, config),
    shared: (given) => sharedProgram(name, config, given),
    data: (move, given) => dataProgram(name, config, move, given),
    component: (move, given) => nodeProgram(name, config, move, given),
    address: (outputs) => addressOf(name, outputs),
    engine: { environment: { HCLOUD_TOKEN: config.token }, readFailure: readHcloudFailure },
    find,
    markHoldsData: (outputs, signal) => markHoldsData(mark, outputs, signal),
    holdsData: (outputs, signal) => holdsData(mark, outputs, signal),
    isOff,
  }
}
