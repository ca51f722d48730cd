import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { htmlOf } from '../../src/report/html.ts'
import { reportOf } from '../../src/report/report.ts'
import { reportSchema, type Report, type ReportedMove } from '../../src/report/schema.ts'
import { sampleInput } from './sample.ts'

const input = sampleInput()
const report = reportOf(input)

describe('the report of three nodes that go there, back, and there again', () => {
  it('says in one paragraph what happened and what it cost', () => {
    assert.equal(
      report.summary,
      '3 nodes: switched 6 times, gone back 3 times, 1 attempt undone before the switch. ' +
        '0 of 9,360 requests failed; no acknowledged write was lost; no pause was longer than 8.7 s.',
    )
    assert.equal(report.figures.requests.value, 9360)
    assert.equal(report.figures.retried.value, input.traffic?.samples.filter(({ outcome }) => outcome === 'retried').length)
    assert.deepEqual(report.notMeasured, [])
  })

  it('has a pause for every time that clients were held, the undone one too, with its forecast', () => {
    assert.deepEqual(
      report.pauses.map(({ move, direction, ms, outcome, forecastMs }) => [move, direction, ms, outcome, forecastMs]),
      [
        ['db-1', 'there', 4138, 'switched', 4100],
        ['api-1', 'there', 8700, 'undone', 4100],
        ['web-1', 'there', 3150, 'switched', 4100],
        ['api-1', 'there', 3150, 'switched', 4100],
        ['db-1', 'back', 2740, 'switched', 3400],
        ['api-1', 'back', 2740, 'switched', 3400],
        ['web-1', 'back', 2740, 'switched', 3400],
        ['db-1', 'there', 2656, 'switched', 3600],
        ['api-1', 'there', 2656, 'switched', 3600],
        ['web-1', 'there', 2656, 'switched', 3600],
      ],
    )
    assert.equal(report.figures.pauseMs.value, 4138)
    assert.equal(report.figures.forecastPauseMs.value, 4100)
    assert.ok(report.pauses.every(({ budgetMs }) => budgetMs === 20_000))
  })

  it('tells what went on in a pause, from the hold to the release', () => {
    const parts = report.pauses[0]?.parts ?? []
    assert.deepEqual(
      parts.map(({ step }) => step),
      ['hold-clients', 'freeze-source', 'final-sync', 'verify-data', 'seal-source', 'promote-target', 'check-target', 'commit-switch', 'release-clients'],
    )
    assert.equal(parts[0]?.fromMs, 0)
    assert.equal((parts.at(-1)?.fromMs ?? 0) + (parts.at(-1)?.ms ?? 0), report.pauses[0]?.ms)
  })

  it('names the step that took the most beyond its forecast, by the longest where there was none', () => {
    const worst = ({ parts, worstStep }: Report['pauses'][number]) => {
      const part = parts.find(({ step }) => step === worstStep)
      return [part?.step, part?.ms, part?.forecastMs]
    }
    assert.deepEqual(
      report.pauses.slice(4, 7).map(worst),
      Array.from({ length: 3 }, () => ['freeze-target', 700, 400]),
    )
    assert.deepEqual(report.pauses[1] && worst(report.pauses[1]), ['final-sync', 6400, null])
  })

  it('shows every attempt of a step with its own duration and end', () => {
    const passes = stepOf(moveOf('api-1'), 1, 'final-sync')
    assert.deepEqual(
      passes.attempts.map(({ ms, outcome }) => [ms, outcome]),
      [
        [6400, 'failed'],
        [620, 'done'],
      ],
    )
    assert.deepEqual([passes.ms, passes.outcome], [7020, 'done'])
    assert.match(passes.attempts[0]?.text ?? '', /leaves 9\.1 s of 20 s/)
  })

  it('calls an attempt interrupted whose controller died in it', () => {
    const copy = stepOf(moveOf('db-1'), 1, 'first-sync')
    assert.deepEqual(
      copy.attempts.map(({ ms, outcome }) => [ms, outcome]),
      [
        [null, 'interrupted'],
        [11_500, 'done'],
      ],
    )
  })

  it('says how each run ended, whether going back was a run of its own or the end of one', () => {
    const endings = report.moves.map(({ name, runs }) => [name, runs.map(({ outcome }) => outcome)])
    assert.deepEqual(endings, [
      ['api-1', ['switched', 'went-back', 'switched']],
      ['db-1', ['switched', 'went-back', 'switched']],
      ['web-1', ['went-back', 'switched']],
    ])
    assert.equal(stepOf(moveOf('web-1'), 1, 'await-finish').outcome, 'interrupted')
    assert.equal(stepOf(moveOf('web-1'), 2, 'await-finish').outcome, 'open')
  })

  it('takes for steps only what the runbook has a row for', () => {
    const steps = new Set(report.moves.flatMap(({ runs }) => runs.flatMap((run) => run.steps.map(({ step }) => step))))
    assert.deepEqual([steps.has('move'), steps.has('credentials'), steps.has('unhold-clients')], [false, false, true])
  })

  it('sets the price that was told beside what going back did cost', () => {
    const [back, now] = moveOf('web-1').rollbacks
    assert.deepEqual([back?.run, back?.price?.seconds, back?.actualSeconds], [1, 3.4, 2.74])
    assert.deepEqual([now?.run, now?.price?.seconds, now?.actualSeconds], [null, 3.1, null])
  })

  it('lists what each name answered before and after each switch', () => {
    assert.deepEqual(
      moveOf('web-1').names.map(({ run, before, after }) => [run, before, after]),
      [
        [1, '192.0.2.10', '203.0.113.10'],
        [1, '203.0.113.10', '192.0.2.10'],
        [2, '192.0.2.10', '203.0.113.10'],
      ],
    )
    assert.deepEqual([moveOf('web-1').timeToLive[0]?.beforeSeconds, moveOf('web-1').timeToLive[0]?.afterSeconds], [300, 5])
    assert.equal(moveOf('web-1').stragglers.value, 31)
  })

  it('names who approved each switch, when, and for which plan', () => {
    const [first] = moveOf('db-1').approvals
    assert.deepEqual([first?.run, first?.how, first?.who, first?.digest, first?.plan], [1, 'approve', 'ops@desk', 'b1946ac92492d234', 'b1946ac92492d234'])
    assert.equal(moveOf('web-1').approvals[0]?.digest, null)
    assert.deepEqual([moveOf('web-1').runs[0]?.by, moveOf('web-1').runs[0]?.plan, moveOf('web-1').runs[1]?.plan], ['ops@desk', 'b1946ac92492d234', null])
  })

  it('tells how long each authority took to agree, and when caches had forgotten the old address', () => {
    assert.deepEqual(
      moveOf('web-1').names.map(({ tookMs }) => tookMs),
      [600, 500, 600],
    )
    assert.deepEqual(
      moveOf('web-1').caches.map(({ run, asked, stale }) => [run, asked, stale]),
      [1, 2].flatMap((run) => [2, 1, 0].map((stale) => [run, 3, stale])),
    )
  })

  it('tells what was found of the names after the switch, also when that was put right', () => {
    const last = input.records.at(-1) ?? assert.fail('no record')
    const seen = [['ns1.shop.example tells 198.51.100.7 for www.shop.example.'], []].map((changed, index) => ({
      ...last,
      seq: last.seq + 1 + index,
      move: 'web-1',
      details: { namesSeen: { changed } },
    }))
    const found = reportOf({ ...input, records: [...input.records, ...seen] })
    assert.deepEqual(
      found.moves.find(({ name }) => name === 'web-1')?.drift.map(({ changed, seqs }) => [changed.length, seqs]),
      [
        [1, [last.seq + 1]],
        [0, [last.seq + 2]],
      ],
    )
    assert.match(
      htmlOf(found),
      /<b>names are not as the switch left them:<\/b> ns1\.shop\.example tells 198\.51\.100\.7[^]*every name is as the switch left it/,
    )
  })

  it('cites the last hash of each move, and the hash of each record that it shows', () => {
    assert.deepEqual(
      report.journal.heads.map(({ move, hash }) => [move, hash]),
      ['api-1', 'db-1', 'web-1'].map((name) => [name, input.records.findLast(({ move }) => move === name)?.hash]),
    )
    assert.ok(report.journal.records.every(({ seq, hash }) => hash === input.records[seq - 1]?.hash))
  })

  it('counts every sample once in the overview, by the side that answered', () => {
    const buckets = report.traffic?.overview.buckets ?? []
    const sum = (key: 'source' | 'target' | 'other' | 'failed') => buckets.reduce((total, bucket) => total + bucket[key], 0)
    assert.equal(sum('source') + sum('target') + sum('other') + sum('failed'), 9360)
    const bySide = (side: string) => (report.traffic?.answered ?? []).filter((row) => row.side === side).reduce((total, { requests }) => total + requests, 0)
    assert.deepEqual([sum('source'), sum('target')], [bySide('source'), bySide('target')])
    assert.ok(buckets.length <= 242)
  })

  it('looks closely at a pause with the requests of its own clients alone', () => {
    const closeUps = report.traffic?.close ?? []
    assert.ok(closeUps.length > 0)
    // Nobody asks the database by name in this traffic.
    assert.ok(closeUps.every(({ pause }) => report.pauses[pause]?.move !== 'db-1'))
    for (const { series } of closeUps) {
      const most = Math.max(...series.buckets.map((bucket) => bucket.source + bucket.target + bucket.other))
      assert.ok(most <= Math.ceil((12 * series.bucketMs) / 1000) + 2, `${most} requests in ${series.bucketMs} ms are more than one name gets`)
    }
  })
})

describe('a report', () => {
  it('rests every claim on records that are in the journal', () => {
    const known = new Set(input.records.map(({ seq }) => seq))
    const seqs = [...JSON.stringify(report).matchAll(/"seqs":\[([\d,]+)\]/g)].flatMap(([, list]) => (list ?? '').split(',').map(Number))
    assert.ok(seqs.length > 300, `${seqs.length}`)
    assert.deepEqual(
      seqs.filter((seq) => !known.has(seq)),
      [],
    )
    const empty = report.moves.flatMap(({ runs, names, checks }) => [
      ...runs.flatMap(({ steps }) => steps.flatMap(({ attempts }) => attempts)),
      ...names,
      ...checks,
    ])
    assert.ok(empty.every((claim) => claim.seqs.length > 0))
  })

  it('is the same to the byte for the same input, in whatever order it came', () => {
    const turned = { ...sampleInput(), records: input.records.toReversed(), traffic: { samples: (input.traffic?.samples ?? []).toReversed(), lostWrites: 0 } }
    assert.equal(JSON.stringify(reportOf(turned)), JSON.stringify(report))
  })

  it('is what its schema says, after a way through JSON too', () => {
    assert.deepEqual(reportSchema.parse(JSON.parse(JSON.stringify(report))), report)
  })

  it('keeps the records that something rests on when there are too many of them', () => {
    const idle = input.records.flatMap((record) =>
      Array.from({ length: 20 }, (_, index) => ({ ...record, seq: record.seq * 100 + index, state: 'progress' as const, details: {} })),
    )
    const own = input.records.map((record) => ({ ...record, seq: record.seq * 100 + 50 }))
    const crowded = reportOf({ ...input, records: [...idle, ...own] })
    const kept = new Set(crowded.journal.records.map(({ seq }) => seq))
    assert.equal(crowded.journal.count, 21 * input.records.length)
    assert.equal(kept.size, 1500)
    const seqs = [...JSON.stringify(crowded).matchAll(/"seqs":\[([\d,]+)\]/g)].flatMap(([, list]) => (list ?? '').split(',').map(Number))
    assert.deepEqual(
      seqs.filter((seq) => !kept.has(seq)),
      [],
    )
  })

  it('says what nobody measured instead of showing a zero', () => {
    const bare = reportOf({ project: 'shop', records: input.records })
    assert.equal(bare.figures.failed.value, null)
    assert.equal(bare.figures.lostWrites.value, null)
    assert.equal(bare.traffic, null)
    assert.equal(bare.notMeasured.length, 5)
    assert.doesNotMatch(bare.summary, /0 of|lost/)
  })
})

function moveOf(name: string): ReportedMove {
  const move = report.moves.find((each) => each.name === name)
  assert.ok(move)
  return move
}

function stepOf({ runs }: ReportedMove, run: number, name: string): Report['moves'][number]['runs'][number]['steps'][number] {
  const step = runs.find((each) => each.run === run)?.steps.find((each) => each.step === name)
  assert.ok(step)
  return step
}
