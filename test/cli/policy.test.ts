// lifeboat policy: explains itself, and its switch holds, also in a controller that was started again.
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { policyCardSchema } from '../../src/core/policy-card.ts'
import { openDesk, stopController } from '../support/cli.ts'

const yaml = `project: shop
providers:
  iron: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 }, { name: web-2, address: 192.0.2.2 } ] }
moves:
  web-1: { from: { provider: iron }, to: { provider: iron, node: web-2 }, standby: {} }
  web-2: { from: { provider: iron }, to: { provider: iron, node: web-1 } }
watch:
  observers: [ { name: paris, failureDomain: ovh }, { name: oslo, failureDomain: telenor }, { name: rome, failureDomain: tim } ]
  policy: { mode: auto, quorum: 3 }
`

test('policy explains what refuses, guard by guard; the switch is one of them, and outlives the controller', async (t) => {
  const desk = await openDesk(t)
  await desk.write(yaml)
  const ask = async (...args: readonly string[]) => policyCardSchema.parse(JSON.parse((await desk.lifeboat(['policy', ...args, '--json'])).stdout))
  const refusing = ({ moves }: Awaited<ReturnType<typeof ask>>): string[] =>
    (moves[0]?.guards ?? []).filter(({ severity }) => severity === 'error').map(({ code, unknown }) => (unknown ? `${code}?` : code))
  const unbuilt = ['quorum?', 'confirmed?', 'plan?', 'lag?', 'drill?']

  const before = await ask('explain')
  assert.deepEqual([before.mode, before.switch, before.moves.map(({ move, act }) => [move, act])], ['auto', null, [['web-1', 'nothing']]])
  assert.deepEqual(refusing(before), unbuilt)

  const off = await ask('disable', '--reason', 'a drill of the network')
  assert.deepEqual([off.switch?.off, off.switch?.reason], [true, 'a drill of the network'])
  assert.deepEqual(refusing(off), ['switch', ...unbuilt])
  await stopController(path.join(desk.folder, '.lifeboat'))
  const { stdout } = await desk.lifeboat(['policy', 'explain', 'web-1'])
  assert.match(
    stdout,
    /^Mode auto; switched off by \S+ at \S+: a drill of the network\n\nweb-1 is unknown \(unknown\): would do nothing now\.\n✖ switch +The policy is switched off/,
  )
  assert.match(stdout, /^\? drill +No drill of the standby has passed\.$/m)
  assert.deepEqual(refusing(await ask('enable')), unbuilt)

  for (const [args, status, sentence] of [
    [['explain', 'web-3'], 2, 'There is no move web-3; did you mean web-1 or web-2?'],
    [['explain', 'web-2'], 2, 'The move web-2 has no `standby:`, so there is nothing to fail over to.'],
  ] as const) {
    const failed = await desk.lifeboat(['policy', ...args, '--json'])
    assert.deepEqual([failed.exitCode, (JSON.parse(failed.stdout) as { message: string }).message.startsWith(sentence)], [status, true], failed.stdout)
  }
})
