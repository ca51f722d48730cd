import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { rungs, type Evidence } from '../../src/core/evidence.ts'
import { incidentOf } from '../../src/report/incident/incident.ts'
import { incidentMarkdown } from '../../src/report/incident/markdown.ts'
import { incidentHtml } from '../../src/report/incident/page.ts'
import { publicHtml, publicMarkdown, publicOf } from '../../src/report/incident/public.ts'
import { incidentSchema, type IncidentInput, type Kept } from '../../src/report/incident/schema.ts'

const start = Date.parse('2026-03-14T02:00:00.000Z')
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString()
const everyS = 5

/** Two observers look every 5 s for ten minutes; from 120 s on return waits (echo), and commands do; at 400 s the old side is cut off. */
function evidenceOf(): readonly Kept[] {
  const all: Evidence[] = []
  for (let seconds = 0; seconds < 600; seconds += everyS)
    for (const observer of ['paris', 'here'])
      for (const rung of rungs) {
        const isSlow = seconds >= 120 && (rung === 'echo' || rung === 'exec')
        const isCut = seconds >= 400 && rung !== 'view'
        all.push({
          kind: 'sample',
          at: at(seconds + (observer === 'here' ? 2 : 0)),
          observer,
          target: 'web-1',
          role: 'node',
          rung,
          connection: 'fresh',
          ms: isCut ? 5000 : isSlow ? 8000 : 4,
          outcome: isCut ? 'fail' : 'ok',
          text: isCut ? 'nobody answered at 192.0.2.10' : '',
        })
      }
  const statement = {
    kind: 'statement',
    provider: 'old',
    rawSha256: '',
    impact: 'minor',
    title: 'Slow <b>logins</b>',
    body: 'Some | users',
    claimedAt: null,
  } as const
  all.push({ ...statement, at: at(0), incident: '', status: 'none', title: 'All well', body: '' })
  all.push({ ...statement, at: at(300), incident: 'i1', update: 'u1', status: 'investigating' })
  return all.map((evidence, index) => ({ seq: 100 + index, hash: String(index).padStart(64, '0'), evidence }))
}

const input: IncidentInput = {
  project: 'shop',
  incident: 'web-1-2026-03-14',
  target: 'web-1',
  provider: 'old',
  intervalMs: everyS * 1000,
  pageEveryMs: 60_000,
  evidence: evidenceOf(),
  points: { T1: at(140), T2: at(170), T3: at(380), T4: at(400), T5: at(410), T6: at(412), T8: at(425) },
  decision: {
    at: at(380),
    act: 'fail-over',
    by: 'approval',
    verdict: 'gray',
    votes: [
      { observer: 'paris', failureDomain: 'ovh', verdict: 'gray', noVote: null },
      { observer: 'here', failureDomain: 'office', verdict: 'gray', noVote: null },
    ],
    guards: [
      { code: 'quorum', severity: 'ok', text: '2 observers say that it is down.', unknown: false, measured: 2, limit: 2 },
      { code: 'drill', severity: 'error', text: 'No drill of the standby has passed.', unknown: true, measured: null, limit: null },
    ],
  },
  goals: { recoverySeconds: 300, lossSeconds: 10 },
  lostWrites: 0,
  actions: ['Ask the provider for the counters of that switch.'],
}
const report = incidentOf(input)

describe('the report of an outage in which connections are made and return waits', () => {
  it('finds its beginning in the samples, between the last good look and the first bad one', () => {
    assert.deepEqual([report.lastGood?.at, report.points[0]?.at], [at(115), at(120)])
    assert.equal(report.durations.find(({ name }) => name === 'recovery, from impact')?.ms, 305_000)
    assert.equal(report.durations.find(({ name }) => name === 'until it was suspected')?.ms, 20_000)
    assert.match(
      report.summary,
      /^web-1 was impaired from 2026-03-14 02:02:00 UTC; clients were well everywhere after 5 min 5 s\. The status page told of it after 3 min\.$/,
    )
  })

  it('calls it no worse for what came once the old side was cut off', () => {
    const evidence = input.evidence.filter(({ evidence: { at: time } }) => time < at(150) || time > at(390))
    assert.equal(incidentOf({ ...input, evidence }).score?.severity, 'gray')
  })

  it('begins it no earlier for a bad look long before', () => {
    const evidence = input.evidence.map((kept) =>
      kept.evidence.kind === 'sample' && kept.evidence.at === at(40) && kept.evidence.rung === 'echo'
        ? { ...kept, evidence: { ...kept.evidence, ms: 9000 } }
        : kept,
    )
    assert.equal(incidentOf({ ...input, evidence }).points[0]?.at, at(120))
  })

  it('is what its schema says, through JSON', () => {
    assert.deepEqual(incidentSchema.parse(JSON.parse(JSON.stringify(report))), report)
  })

  it('maps the ladder of each observer', () => {
    const echo = report.ladder?.observers.find(({ observer }) => observer === 'paris')?.rungs.find(({ rung }) => rung === 'echo')
    assert.equal(echo?.cells, 'o'.repeat(24) + 'b'.repeat(96))
    assert.deepEqual(
      report.ladder?.observers.map(({ observer }) => observer),
      ['here', 'paris'],
    )
  })

  it('says what it is consistent with, with what speaks for and against it, and what is not known', () => {
    assert.match(report.consistentWith[0]?.text ?? '', /host or its storage|small packets/)
    for (const each of report.consistentWith) assert.ok(each.for.length > 0)
    assert.ok(report.consistentWith.some(({ against }) => against.length > 0))
    assert.ok(report.notKnown.includes('At the decision (drill): No drill of the standby has passed.'))
  })

  it('cites nothing that is not in its index of evidence, with its hash', () => {
    const known = new Map(input.evidence.map(({ seq, hash }) => [seq, hash]))
    const index = new Map(report.evidence.records.map(({ seq, hash }) => [seq, hash]))
    for (const [seq, hash] of index) assert.equal(known.get(seq), hash)
    const html = incidentHtml(report)
    const links = [...html.matchAll(/href="#e(\d+)"/g)].map(([, seq]) => Number(seq))
    assert.ok(links.length > 8)
    for (const seq of links) assert.ok(index.has(seq) && html.includes(`id="e${seq}"`), `record ${seq} stands in the index`)
    assert.deepEqual(report.evidence.head, { seq: input.evidence.at(-1)?.seq, hash: input.evidence.at(-1)?.hash })
  })

  it('never tells a cause', () => {
    for (const text of [incidentHtml(report), incidentMarkdown(report), publicMarkdown(publicOf(report, 'The shop'))])
      assert.doesNotMatch(text, /\bbecause\b|\bdue to\b|\bcaused by\b|\bthe cause\b/i)
  })

  it('lets no word of others become mark-up', () => {
    assert.ok(incidentHtml(report).includes('Slow &lt;b&gt;logins&lt;/b&gt;'))
    assert.ok(incidentMarkdown(report).includes('Slow \\<b\\>logins\\</b\\>: Some \\| users'))
  })

  it('is the same bytes for the same evidence in any order', () => {
    const bytes = (given: IncidentInput): readonly string[] => {
      const made = incidentOf(given)
      const forAll = publicOf(made, 'The shop')
      return [JSON.stringify(made), incidentHtml(made), incidentMarkdown(made), publicHtml(forAll), publicMarkdown(forAll)]
    }
    const expected = bytes(input)
    fc.assert(
      fc.property(fc.integer(), (turn) => {
        const cut = Math.abs(turn) % input.evidence.length
        assert.deepEqual(bytes({ ...input, evidence: [...input.evidence.slice(cut), ...input.evidence.slice(0, cut)].toReversed() }), expected)
      }),
      { numRuns: 5 },
    )
  })
})

describe('the report for customers', () => {
  const forAll = publicOf(report, 'The shop')
  const texts = [publicHtml(forAll), publicMarkdown(forAll)]

  it('acknowledges, restores and explains', () => {
    assert.deepEqual(
      forAll.sections.map(({ texts: said }) => said.length),
      [1, 3, 2, 1],
    )
    assert.equal(forAll.sections[0]?.texts[0], 'From 2026-03-14 02:02:00 UTC (exact to 5 s) The shop answered slowly or not at all.')
    assert.equal(forAll.sections[1]?.texts[0], 'Since 2026-03-14 02:07:05 UTC it has been well, 5 min 5 s after it began.')
  })

  it('names no node, address, provider, observer or word of others', () => {
    for (const text of texts) assert.doesNotMatch(text, /web-1|192\.0\.2|\bold\b|paris|ovh|logins|shop-|[0-9a-f]{64}/)
  })

  it('says what is not known yet', () => {
    const open = publicOf(incidentOf({ ...input, points: { T1: at(140) }, lostWrites: null, actions: [] }), 'The shop')
    assert.match(publicMarkdown(open), /not yet measured that all is well[^]*lost is not known yet[^]*once it is decided/)
    const none = publicOf(incidentOf({ ...input, points: {}, evidence: [] }), 'The shop')
    assert.match(publicMarkdown(none), /our measurements show none/)
  })
})
