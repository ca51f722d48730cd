// `init --from`: a draft of the shop's moves, from its vCenter and from inside its nodes, that can be planned as it stands.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'
import { enterLab } from '../../lab/enter.ts'
import { planSchema } from '../../src/core/plan.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')

type Written = { readonly moves: Readonly<Record<string, Readonly<Record<string, unknown>>>> }

test('a draft of the shop passes plan with no edit, says what each guess rests on, and is written once', async (t) => {
  const scene = await setScene({ host: 'vsphere', sources: ['web-1', 'files-1'], databases: true, config: { moves: null } })
  t.after(async () => await scene.stop())
  const file = path.join(scene.folder, 'lifeboat.yaml')
  const text = (): string => readFileSync(file, 'utf8')
  const before = text()

  const asked = await scene.begin('init', '--from', 'old', '--json')
  assert.equal(asked.exitCode, 2, 'without a terminal the question is answered by --yes')
  assert.equal(text(), before)

  const drafted = await scene.begin('init', '--from', 'old', '--yes', '--json')
  assert.equal(drafted.exitCode, 0, drafted.stdout + drafted.stderr)
  const { moves, leftOut } = JSON.parse(drafted.stdout) as { moves: string[]; leftOut: { name: string; why: string }[] }
  assert.deepEqual(moves, ['files-1', 'web-1'])
  assert.equal(leftOut.length, 22, 'the records of the office have no machine behind them, or are off')
  assert.ok(text().startsWith(before.slice(0, before.indexOf('\n'))))
  const { 'web-1': web } = (parse(text()) as Written).moves
  assert.deepEqual(web, {
    from: { provider: 'old', name: 'web-1' },
    to: { provider: 'iron' },
    data: [{ kind: 'files', path: '/srv' }, { kind: 'postgres', cluster: '15/main' }, { kind: 'redis' }],
    services: ['shop.service'],
    singletons: ['shop-cron.timer'],
    ports: [80],
    checks: [{ tcp: 80 }],
  })
  assert.match(text(), /# shop\.service: listens on 80\n\s+services:/)

  const planned = await scene.begin('plan', '--json')
  assert.equal(planned.exitCode, 0, planned.stdout + planned.stderr)
  const plan = planSchema.parse(JSON.parse(planned.stdout))
  assert.deepEqual(
    plan.moves.map(({ name, blockers }) => [name, blockers]),
    [
      ['files-1', []],
      ['web-1', []],
    ],
  )

  const again = await scene.begin('init', '--from', 'old', '--yes')
  assert.equal(again.exitCode, 0, again.stderr)
  assert.match(again.stdout, /nothing was written/)
})
