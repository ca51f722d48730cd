// A controller of its own, to be killed: `provision-in-child.ts STATE_FOLDER AWS_URL MOVE` makes the target of a move with
// all its layers, and prints each event as a line of JSON.
import { provisioning } from '../../src/app/provisioning.ts'
import { authorizedKeys, engineOn, plannedMove, targetAt } from './world.ts'

const [stateFolder = '', url = '', name = ''] = process.argv.slice(2)
const plan = plannedMove(name, { volumeGiB: 10, ports: [80] })
const keys = async () => await Promise.resolve(authorizedKeys)
const { provision } = provisioning({ engine: engineOn(stateFolder), target: targetAt(url), plan, identity: 'killed', authorizedKeys: keys })
await provision((event) => process.stdout.write(`${JSON.stringify(event)}\n`), AbortSignal.timeout(240_000))
