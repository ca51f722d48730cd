// A controller of its own, to be interrupted: `up-in-child.ts STATE_FOLDER AWS_URL MOVE SIZE SHARED [abort]` brings up the
// node of a move and prints each event as a line of JSON; with `abort` it gives up as soon as the instance is begun.
// The last line is the failure, if it met one. LIFEBOAT_TEST_TURNS: `{backendUrl, databaseUrl, executor}`, where the state
// is not in the folder and others take turns.
import { Pool } from 'pg'
import { codeOf } from '../../src/core/errors.ts'
import type { EngineEvent } from '../../src/provision/engine.ts'
import { stackTurns } from '../../src/workflows/stack-turns.ts'
import { nodeLayer } from '../../stacks/node.ts'
import { authorizedKeys, engineOn, plannedMove, targetAt } from './world.ts'

const [stateFolder = '', url = '', name = '', size = '', shared = '{}', mode = ''] = process.argv.slice(2)
const layer = nodeLayer(plannedMove(name, { size }), targetAt(url), { shared: JSON.parse(shared), data: {} }, { run: 'killed', authorizedKeys })
const stop = new AbortController()
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

const listen = (event: EngineEvent) => {
  print(event)
  if (mode === 'abort' && event.resource.startsWith('Instance') && event.state === 'running') stop.abort(new Error('detached'))
}

const among = JSON.parse(process.env['LIFEBOAT_TEST_TURNS'] ?? 'null') as { backendUrl: string; databaseUrl: string; executor: string } | null
const pool = among === null ? null : new Pool({ connectionString: among.databaseUrl, max: 2 })
const more = among === null || pool === null ? {} : { backendUrl: among.backendUrl, turns: stackTurns(pool, among.executor) }

try {
  await engineOn(stateFolder, more).up(layer, listen, AbortSignal.any([stop.signal, AbortSignal.timeout(120_000)]))
} catch (error) {
  print({ failed: error instanceof Error ? error.message : String(error), code: codeOf(error) })
}
await pool?.end()
