// The page of a drill: all that the card has, and nothing that stands in it can break it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { drillCard, type Drilled } from '../../src/core/drill.ts'
import { drillHtml } from '../../src/report/drill.ts'
import { drillView } from '../../src/ui/drill-view.ts'

const of = { move: 'web-1', level: 'D1', plan: 'plan-1', at: '2026-03-01T10:00:00.000Z' } as const
const until = '2026-03-15T10:00:00.000Z'
const drilled: Drilled = {
  tried: true,
  checks: [
    { about: 'moves.web-1', code: 'fence-unusable', severity: 'warning', text: 'its provider <b>cannot</b>', hint: 'Mend that.', ms: 12 },
    { about: 'standby', code: 'started', severity: 'ok', text: 'shop.service started.', hint: null, ms: 299 },
  ],
  isolation: { packetsLeft: 0, packetsRefused: 3 },
  notDrilled: ['orders (postgres)\u202e'],
  recoverySeconds: 0.5,
}

test('it tells how it went, how long it counts, what was found and what was left out, and escapes what others wrote', () => {
  const page = drillHtml(drillCard(of, drilled, until), 'shop')
  for (const told of [
    'It passed.',
    'Until 2026-03-15 10:00:00',
    '500 ms',
    '0 packets left it',
    'its provider &lt;b&gt;cannot&lt;/b&gt;',
    'Mend that.',
    'Not tried: orders (postgres)\ufffd.',
  ])
    assert.ok(page.includes(told), told)
  assert.doesNotMatch(page, /<script|https?:/)
})

test('one that did not pass counts for nothing, on the page, in the card and in the terminal', () => {
  const broken = { about: 'standby', code: 'gate-closed', severity: 'error', text: 'shop.service did not start.', hint: 'See its words.', ms: 900 } as const
  const card = drillCard(of, { ...drilled, checks: [...drilled.checks, broken], recoverySeconds: null }, until)
  assert.deepEqual([card.passed, card.expiresAt], [false, null])
  assert.match(drillHtml(card, 'shop'), /It did not pass\. It lets nothing fail over by itself\./)
  const [first, worst, hint] = drillView(card).split('\n')
  assert.deepEqual([first, worst?.startsWith('✖ standby'), hint?.trim()], ['web-1: the drill D1 did not pass.', true, 'Try: See its words.'])
})

test('one that tried nothing does not count either, though it passed', () => {
  const card = drillCard({ ...of, level: 'D0' }, { ...drilled, tried: false, isolation: null, recoverySeconds: null }, until)
  assert.deepEqual([card.passed, card.expiresAt], [true, null])
  assert.match(drillView(card), /^web-1: the drill D0 passed\. Nothing was started, so it does not count for the policy\./)
})
