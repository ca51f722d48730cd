// `plan --compare`: one plan, priced at the targets that are configured and by the lists of those that are not.
import assert from 'node:assert/strict'
import test from 'node:test'
import { pricedPlanSchema } from '../../src/core/plan-compare.ts'
import { openDesk } from '../support/cli.ts'

const page = `project: shop
providers:
  old: { kind: static, nodes: [ { name: web-1, address: 127.0.0.2, cpus: 2, memoryMiB: 4096 } ] }
  new: { kind: aws, region: us-east-1 }
  other: { kind: digitalocean, token: env:SHOP_TOKEN, region: fra1, prices: { asOf: 2026-11-01, currency: USD, volumePerGiB: 0.1 } }
moves:
  web-1:
    from: { provider: old, name: web-1 }
    to: { provider: new, size: auto, image: debian-12 }
    data: [ { kind: files, path: /srv/shop } ]
`

test('plan --compare prices a move at every target, without asking any of them', async (t) => {
  const desk = await openDesk(t)
  const environment = { SHOP_TOKEN: 'canary-51c2' }
  await desk.write(page)
  const { stdout, stderr } = await desk.lifeboat(['plan', '--compare', '--json'], environment)
  const { compare, moves } = pricedPlanSchema.parse(JSON.parse(stdout))
  assert.deepEqual(
    compare.map(({ provider, kind }) => `${provider ?? '-'} ${kind}`),
    ['new aws', 'other digitalocean', '- hcloud'],
    stderr,
  )
  assert.deepEqual(compare[0]?.monthlyCost, moves[0]?.to.monthlyCost)
  assert.deepEqual(compare[1]?.moves[0], { ...compare[1]?.moves[0], size: 'c-2', monthlyCost: { amount: 42.1, currency: 'USD' } })
  assert.equal(compare[2]?.monthlyCost, null, 'its prices are not known')

  const shown = await desk.lifeboat(['plan', '--compare'], environment)
  assert.match(shown.stdout, /^web-1 +other \(digitalocean\) +c-2 +42\.10 USD$/m)
  const both = await desk.lifeboat(['plan', '--compare', '--diff'], environment)
  assert.equal(both.exitCode, 2)
})
