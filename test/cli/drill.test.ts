// lifeboat drill and standby without a standby: what is refused, and how.
import assert from 'node:assert/strict'
import test from 'node:test'
import { standbyCardSchema } from '../../src/core/standby.ts'
import { openDesk } from '../support/cli.ts'

const providers = `project: shop
providers:
  iron: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 }, { name: web-2, address: 192.0.2.2 } ] }
moves:
  web-2: { from: { provider: iron }, to: { provider: iron, node: web-1 } }
`
const web1 = `  web-1: { from: { provider: iron }, to: { provider: iron, node: web-2 }, standby: {} }
`

test('a drill needs a level that there is and a standby; without one each move says so, and the status says what is missing', async (t) => {
  const desk = await openDesk(t)
  await desk.write(providers)
  const fails = async (args: readonly string[], expected: readonly [number, string], sentence: RegExp) => {
    const { exitCode, stdout, stderr } = await desk.lifeboat([...args, '--json'])
    const failure = JSON.parse(stdout) as { code: string; message: string }
    assert.deepEqual([exitCode, failure.code], expected, stdout + stderr)
    assert.match(failure.message, sentence)
  }
  await fails(['drill'], [2, 'config-invalid'], /No move has a `standby:`, so there is nothing to drill\./)
  await desk.write(providers + web1)
  await fails(['drill', 'web-1', '--level', 'd1'], [2, 'usage'], /--level takes D0, D1, D2, D3, not d1\./)
  await fails(['drill', '--level', 'D3', '--yes'], [2, 'usage'], /The level D3 switches clients: name the move\./)
  await fails(['drill', 'web-1', '--level', 'D3'], [2, 'answer-needed'], /--yes/)
  await fails(['drill', 'web-3'], [2, 'move-unknown'], /There is no move web-3; did you mean/)
  await fails(['drill'], [4, 'not-now'], /web-1 has no standby yet: lifeboat migrate web-1 makes one/)

  const { exitCode, stdout } = await desk.lifeboat(['standby', 'status', '--json'])
  const { moves } = standbyCardSchema.parse(JSON.parse(stdout))
  assert.deepEqual([exitCode, moves.map(({ move, state, drill }) => [move, state, drill])], [0, [['web-1', 'none', null]]])
})
