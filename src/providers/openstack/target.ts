// OpenStack as a place where nodes could run.
import { addressOf, holdsData, markHoldsData } from '../node-outputs.ts'
import type { Target } from '../provider.ts'
import { catalogOf, type SizeList } from '../size-list.ts'
import { pluginEnvironment, readOpenstackFailure } from './account.ts'
import { sharedProgram } from './network.ts'
import { dataProgram, nodeProgram } from './node.ts'
import { openstackObjects } from './objects.ts'
import type { OpenstackConfig } from './schema.ts'

/** Every OpenStack has flavors and prices of its own. */
const openstackSizes: SizeList = {
  kind: 'openstack',
  takenAt: '2026-11-28',
  origin: 'no built-in sizes or prices',
  currency: 'USD',
  volumePerGiB: null,
  address: null,
  smallestVolumeGiB: 1,
  maxNics: 8,
  maxVolumes: 26,
  sizes: [],
}

/** A target for one provider of lifeboat.yaml. Makes no call before it is asked for something. */
export function createOpenstackTarget(name: string, config: OpenstackConfig): Target {
  const { find, isOff, mark } = openstackObjects(config)
  return {
    catalog: () => catalogOf(openstackSizes, config),
    shared: (given) => sharedProgram(name, config, given),
    data: (move, given) => dataProgram(name, config, move, given),
    component: (move, given) => nodeProgram(name, config, move, given),
    address: (outputs) => addressOf(name, outputs),
    engine: { environment: pluginEnvironment(config), readFailure: readOpenstackFailure },
    find,
    markHoldsData: (outputs, signal) => markHoldsData(mark, outputs, signal),
    holdsData: (outputs, signal) => holdsData(mark, outputs, signal),
    isOff,
  }
}
