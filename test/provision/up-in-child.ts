// A controller of its own, to be killed: `up-in-child.ts STATE_FOLDER AWS_URL MOVE SIZE SHARED` brings up the node of a move and
// prints each event as a line of JSON.
import { nodeLayer } from '../../stacks/node.ts'
import { authorizedKeys, engineOn, plannedMove, targetAt } from './world.ts'

const [stateFolder = '', url = '', name = '', size = '', shared = '{}'] = process.argv.slice(2)
const layer = nodeLayer(plannedMove(name, { size }), targetAt(url), JSON.parse(shared), { run: 'killed', authorizedKeys })
const listen = (event: unknown) => process.stdout.write(`${JSON.stringify(event)}\n`)
await engineOn(stateFolder).up(layer, listen, AbortSignal.timeout(120_000))
