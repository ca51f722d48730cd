import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { recordStates, type JournalRecord } from '../../src/core/records.ts'
import { htmlOf } from '../../src/report/html.ts'
import { reportOf } from '../../src/report/report.ts'
import { reportSchema } from '../../src/report/schema.ts'
import { sampleInput } from './sample.ts'

const input = sampleInput()

describe('a report of an unusual journal', () => {
  it('of an empty one says so', () => {
    const empty = reportOf({ project: 'shop', records: [] })
    assert.deepEqual([empty.moves, empty.pauses, empty.from], [[], [], null])
    assert.equal(empty.summary, '0 nodes: nothing has been switched.')
    reportSchema.parse(empty)
  })

  it('takes details of another shape for absent', () => {
    const odd = {
      forecastPauseMs: 'soon',
      budgetMs: null,
      price: { possible: 'yes' },
      checks: [{ text: 1 }],
      names: {},
      from: 1,
      to: 2,
      movedBytes: '2 GiB',
      stragglers: [],
      address: 7,
    }
    const { figures, moves } = reportOf({ project: 'shop', records: input.records.map((record) => ({ ...record, details: odd })) })
    assert.equal(figures.forecastPauseMs.value, null)
    assert.ok(
      moves.every(
        ({ checks, names, copied, stragglers, rollbacks }) =>
          [...checks, ...names].length === 0 && copied === null && stragglers.value === null && rollbacks.every(({ price }) => price === null),
      ),
    )
  })

  it('takes a hold that another controller went on with for one pause, and one without an end for open', () => {
    const one = reportOf({
      project: 'shop',
      records: journal(['hold-clients started 0', 'hold-clients started 2', 'hold-clients done 3', 'release-clients started 4', 'release-clients done 5']),
    })
    assert.deepEqual(
      one.pauses.map(({ ms, outcome }) => [ms, outcome]),
      [[5000, 'switched']],
    )
    const open = reportOf({ project: 'shop', records: journal(['hold-clients started 0', 'hold-clients done 1']) })
    assert.deepEqual(
      open.pauses.map(({ ms, outcome }) => [ms, outcome]),
      [[null, 'open']],
    )
    const failed = reportOf({
      project: 'shop',
      records: journal(['hold-clients started 0', 'hold-clients failed 1', 'hold-clients started 9', 'release-clients done 12']),
    })
    assert.deepEqual(
      failed.pauses.map(({ ms, outcome }) => [ms, outcome]),
      [
        [1000, 'undone'],
        [3000, 'switched'],
      ],
    )
  })

  it('takes the pause that the release measured where the clock of the journal was set in between, and else its own', () => {
    for (const [until, told, ms] of [
      [3604, 3500, 3500],
      [-3596, 3500, 3500],
      [4, 3500, 4000],
      [3604, -3_596_000, 3_604_000],
    ] as const) {
      const records = journal(['hold-clients started 0', `release-clients done ${until}`]).map((record) => ({ ...record, details: { pauseMs: told } }))
      assert.deepEqual(
        reportOf({ project: 'shop', records }).pauses.map((pause) => pause.ms),
        [ms],
      )
    }
  })

  it('shows a check that failed, with what was said', () => {
    const checks = [{ check: 'port 80 accepts', passed: false, text: 'connection refused', ms: 3 }]
    const records = journal(['check-target started 0', 'check-target failed 5']).map((record) => ({ ...record, details: { checks } }))
    const report = reportOf({ project: 'shop', records })
    assert.deepEqual(
      report.moves[0]?.checks.map(({ text, passed, said }) => [text, passed, said]),
      [['port 80 accepts', false, 'connection refused']],
    )
    assert.match(htmlOf(report), /<b>failed<\/b>: connection refused/)
    assert.equal(report.moves[0]?.runs[0]?.outcome, 'failed')
  })

  it('has no run for records that are about none', () => {
    const records = journal(['switch-dns waiting 1', 'credentials waiting 2']).map((record) => ({ ...record, run: 0 }))
    assert.deepEqual(reportOf({ project: 'shop', records }).moves[0]?.runs, [])
  })

  it('can be made of any journal, and no duration in it is negative', () => {
    const steps = [
      'hold-clients',
      'release-clients',
      'unhold-clients',
      'final-sync',
      'commit-switch',
      'commit-switch-back',
      'hold-clients-back',
      'what-is-this',
    ]
    const record = fc.record({
      schema: fc.constant('lifeboat.journal/1' as const),
      seq: fc.nat(40),
      at: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
      move: fc.constantFrom('a', 'b'),
      run: fc.integer({ min: 1, max: 3 }),
      step: fc.constantFrom(...steps),
      state: fc.constantFrom(...recordStates),
      text: fc.string(),
      details: fc.dictionary(fc.constantFrom('price', 'checks', 'names', 'from', 'to', 'stragglers', 'forecastPauseMs', 'pauseMs'), fc.jsonValue()),
      hash: fc.constant(null),
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 60 }), (records) => {
        const made = reportSchema.parse(reportOf({ project: 'shop', records }))
        assert.ok(made.pauses.every(({ ms }) => ms === null || ms >= 0))
        assert.ok(made.moves.every(({ runs }) => runs.every((run) => run.steps.every(({ ms }) => ms === null || ms >= 0))))
      }),
    )
  })
})

/** From lines like `hold-clients started 2`, the number in seconds. */
function journal(lines: readonly string[]): JournalRecord[] {
  return lines.map((line, index) => {
    const [step = '', state = '', seconds = ''] = line.split(' ')
    const known = recordStates.find((each) => each === state)
    assert.ok(known)
    return {
      schema: 'lifeboat.journal/1',
      seq: index + 1,
      at: new Date(Number(seconds) * 1000).toISOString(),
      move: 'web-1',
      run: 1,
      step,
      state: known,
      text: '',
      details: {},
      hash: null,
    }
  })
}
