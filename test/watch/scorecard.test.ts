import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import type { OutageScore } from '../../src/core/outage-score.ts'
import { scoreOf } from '../../src/core/scorecard.ts'
import { minuteMs, play, timeAt, type Incident, type Script, type Written } from './served-page.ts'

/** The outage that is measured, in minutes of the script; the page is looked at once a minute from minute 0 on. */
const measured = { from: 5, to: 35 }
const length = 60

const full =
  'Between 02:05 and 02:35 half of all connections to our compute clusters stalled for minutes. The root cause was a core switch whose memory ran full. To prevent this we are adding an alarm, and replacing the switch by Friday.'

function incident(impact: string, ...posts: readonly Written[]): Incident {
  return { id: 'i1', name: 'Slow connections', impact, posts }
}
const post = (at: number, status: string, body = 'We are looking into it.', rest: Partial<Written> = {}): Written => ({ at, status, body, ...rest })

type Expected = {
  /** Minutes after the first bad sample. */
  readonly acknowledge: number | null
  readonly restoreSaid: number | null
  readonly explain: number | null
  readonly updates: number
  readonly silence: number
  readonly edits?: readonly string[]
  readonly contradictions: readonly string[]
  readonly parts?: string
}
type Case = readonly [
  name: string,
  script: Omit<Script, 'length'>,
  expected: Expected,
  outage?: Partial<typeof measured> & { readonly severity?: OutageScore['severity']; readonly lasts?: boolean },
]

const told: Expected = { acknowledge: 2, restoreSaid: 30, explain: null, updates: 2, silence: 28, contradictions: [] }
const never: Expected = { acknowledge: null, restoreSaid: null, explain: null, updates: 0, silence: 30, contradictions: ['says-all-is-well'] }

const cases: readonly Case[] = [
  [
    'acknowledges, restores and explains',
    { incidents: [incident('major', post(7, 'investigating'), post(20, 'identified'), post(35, 'resolved'), post(50, 'postmortem', full))] },
    { ...told, explain: 45, updates: 4, silence: 15, parts: 'what why steps' },
  ],
  ['never says a word', {}, never],
  [
    'says only that it is over',
    { incidents: [incident('major', post(36, 'resolved'))] },
    { acknowledge: 31, restoreSaid: 31, explain: null, updates: 1, silence: 31, contradictions: ['says-all-is-well'] },
  ],
  [
    'acknowledges within the first look',
    { incidents: [incident('major', post(6, 'investigating'), post(35, 'resolved'))] },
    { ...told, acknowledge: 1, silence: 29 },
  ],
  ['knew it before we did', { incidents: [incident('major', post(2, 'investigating'), post(35, 'resolved'))] }, { ...told, acknowledge: -3, silence: 30 }],
  [
    'acknowledges when it is almost over',
    { incidents: [incident('major', post(33, 'investigating'), post(35, 'resolved'))] },
    { ...told, acknowledge: 28, silence: 28 },
  ],
  ['calls it minor', { incidents: [incident('minor', post(7, 'investigating'), post(35, 'resolved'))] }, { ...told, contradictions: ['played-down'] }],
  [
    'calls a hard outage major',
    { incidents: [incident('major', post(7, 'investigating'), post(35, 'resolved'))] },
    { ...told, contradictions: ['played-down'] },
    { severity: 'hard-down' },
  ],
  ['calls a hard outage critical', { incidents: [incident('critical', post(7, 'investigating'), post(35, 'resolved'))] }, told, { severity: 'hard-down' }],
  [
    'calls it over while it lasts',
    { incidents: [incident('major', post(7, 'investigating'), post(20, 'resolved'))] },
    { ...told, restoreSaid: 15, silence: 13, contradictions: ['resolved-too-early'] },
  ],
  [
    'calls it over, and it never is',
    { incidents: [incident('major', post(7, 'investigating'), post(20, 'resolved'))] },
    { ...told, restoreSaid: 15, silence: 13, contradictions: ['resolved-too-early'] },
    { lasts: true },
  ],
  [
    'calls it over a look before we see it end',
    { incidents: [incident('major', post(7, 'investigating'), post(34, 'resolved'))] },
    { ...told, restoreSaid: 29, silence: 27 },
  ],
  ['never calls it over', { incidents: [incident('major', post(7, 'investigating'), post(20, 'identified'))] }, { ...told, restoreSaid: null, silence: 15 }],
  [
    'calls it maintenance',
    { incidents: [incident('maintenance', post(7, 'investigating'), post(35, 'resolved'))] },
    { ...told, acknowledge: null, contradictions: ['says-all-is-well', 'called-maintenance'] },
  ],
  [
    'back-dates its first post',
    { incidents: [incident('major', post(25, 'investigating', 'We are looking into it.', { claims: 5 }), post(35, 'resolved'))] },
    { ...told, acknowledge: 20, silence: 20, contradictions: ['back-dated', 'back-dated'] },
  ],
  [
    'edits a post in the outage',
    { incidents: [incident('major', post(7, 'investigating', 'All servers stall.', { edits: [[12, 'A few servers are slow.']] }), post(35, 'resolved'))] },
    { ...told, silence: 23, edits: ['edited at 12'] },
  ],
  [
    'edits its explanation a day later',
    { incidents: [incident('major', post(7, 'investigating'), post(35, 'resolved'), post(40, 'postmortem', full, { edits: [[55, 'It was brief.']] }))] },
    { ...told, explain: 35, updates: 3, edits: ['edited at 55'], parts: 'what why steps' },
  ],
  [
    'removes a post',
    { incidents: [incident('major', post(7, 'investigating', 'All servers stall.', { until: 15 }), post(10, 'identified'), post(35, 'resolved'))] },
    { ...told, updates: 3, silence: 25, edits: ['removed at 15'] },
  ],
  [
    'removes the whole incident',
    { incidents: [{ ...incident('major', post(7, 'investigating'), post(35, 'resolved')), until: 45 }] },
    { ...told, edits: ['removed at 45', 'removed at 45', 'removed at 45'] },
  ],
  [
    'turns its light, and posts nothing',
    {
      indicators: [
        [9, 'major'],
        [36, 'none'],
      ],
    },
    { ...never, acknowledge: 4, contradictions: [] },
  ],
  ['takes its page down', { answers: [[8, 'error']] }, { ...never, contradictions: ['page-silent'] }],
  [
    'sends readers elsewhere for a while',
    {
      answers: [
        [8, 'elsewhere'],
        [15, 'page'],
      ],
      incidents: [incident('major', post(10, 'investigating'), post(35, 'resolved'))],
    },
    { ...told, acknowledge: 10, silence: 20, contradictions: ['page-silent'] },
  ],
  [
    'answers with words that are no page',
    {
      answers: [
        [8, 'garbage'],
        [12, 'page'],
      ],
    },
    { ...never, contradictions: ['page-silent'] },
  ],
  [
    'explains why, and takes no steps',
    {
      incidents: [
        incident(
          'major',
          post(7, 'investigating'),
          post(35, 'resolved'),
          post(50, 'postmortem', `${'Many connections stalled for half an hour. '.repeat(2)}The root cause was a switch.`),
        ),
      ],
    },
    { ...told, updates: 3, parts: 'what why' },
  ],
  [
    'speaks of last week only',
    { incidents: [{ id: 'i0', name: 'Last week', impact: 'critical', posts: [post(0, 'resolved', full, { claims: -10_000 })] }] },
    never,
  ],
]

describe('the score of a provider', () => {
  assert.equal(cases.length, 25)
  for (const [name, script, expected, { severity = 'gray', lasts = false } = {}] of cases)
    it(`is exact to a look of one that ${name}`, async (test) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-score-'))
      test.after(() => rmSync(folder, { recursive: true, force: true }))
      const { said } = await play(test, folder, { ...script, length })
      const outage = { from: timeAt(measured.from), to: lasts ? null : timeAt(measured.to), severity }
      assert.deepEqual(inMinutes(scoreOf(outage, said, minuteMs)), { edits: [], parts: expected.explain === null ? '' : 'what why steps', ...expected })
    })

  it('asks again with the tag of the last answer, and keeps nothing twice', async (test) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-score-'))
    test.after(() => rmSync(folder, { recursive: true, force: true }))
    const script = { incidents: [incident('major', post(3, 'investigating'))], length: 10 }
    const { said, notModified } = await play(test, folder, script)
    assert.deepEqual(
      said.map(({ evidence: { incident: of, update, at } }) => [of, update, at]),
      [
        ['', '', timeAt(0)],
        ['i1', '', timeAt(3)],
        ['i1', 'i1-3', timeAt(3)],
      ],
    )
    // Eleven looks at two addresses, less the first and the one with news.
    assert.equal(notModified, 18)
    const { said: again } = await play(test, folder, { ...script, incidents: [incident('major', post(0, 'investigating'))] })
    assert.equal(again.length, 5, 'a poller that begins anew knows what was said')
  })
})

function inMinutes(score: OutageScore): Expected {
  const minutes = (ms: number | null): number | null => (ms === null ? null : ms / minuteMs)
  assert.ok(score.watched)
  const { what, why, steps } = score.explain
  for (const { ms, seqs } of [score.acknowledge, score.restoreSaid, score.explain])
    assert.equal(seqs.length, ms === null ? 0 : 1, 'each claim names its record')
  return {
    acknowledge: minutes(score.acknowledge.ms),
    restoreSaid: minutes(score.restoreSaid.ms),
    explain: minutes(score.explain.ms),
    updates: score.updates,
    silence: minutes(score.longestSilenceMs) ?? -1,
    edits: score.edits.map(({ act, at }) => `${act} at ${(Date.parse(at) - Date.parse(timeAt(0))) / minuteMs}`),
    contradictions: score.contradictions.map(({ code }) => code),
    parts: Object.entries({ what, why, steps })
      .flatMap(([part, is]) => (is ? [part] : []))
      .join(' '),
  }
}
