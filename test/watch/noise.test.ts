// False alarms: what three observers saw of a healthy node on a machine that was busy with other things all the time (its
// load was about 15 on two cores), played back to the judge.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Evidence } from '../../src/core/evidence.ts'
import { evidenceSchema } from '../../src/core/evidence.ts'
import { Sitting, rulesOf, target } from '../support/gray-watch.ts'
import { seedOfRun } from '../support/draw.ts'

/** One line a record; the first one is the time at which it began. */
function recorded(): readonly Evidence[] {
  const [began = '', ...lines] = gunzipSync(readFileSync(path.join(import.meta.dirname, 'noise.txt.gz')))
    .toString()
    .trim()
    .split('\n')
  return lines.map((line) => {
    const [after, observer, kind, rung, connection, ms, outcome] = line.split(' ')
    const at = new Date(Date.parse(began) + Number(after)).toISOString()
    if (kind === 'health') return evidenceSchema.parse({ kind, at, observer, failureDomain: observer, loopLagMs: Number(rung) })
    const seen = { rung, connection, ms: Number(ms), outcome, text: outcome === 'ok' ? '' : 'lost' }
    return evidenceSchema.parse({ kind: 'sample', at, observer, target: kind === 'control' ? 'http://control' : target, role: kind, ...seen })
  })
}

/** Judged every second; answers how often the node was anything but well, and says how fast it went. */
function alarmsIn(t: TestContext, evidence: readonly Evidence[]): number {
  const sitting = new Sitting(rulesOf(30_000))
  const began = performance.now()
  const times = evidence.map(({ at }) => Date.parse(at))
  const [first, last] = [Math.min(...times), Math.max(...times)]
  let [alarms, next] = [0, 0]
  const sorted = evidence.toSorted((one, other) => (one.at < other.at ? -1 : 1))
  for (let now = first + 1000; now <= last; now += 1000) {
    const upTo = sorted.findIndex(({ at }, nth) => nth >= next && Date.parse(at) > now)
    sitting.hear(sorted.slice(next, upTo), now)
    next = upTo
    const { standing } = sitting.view()
    if (standing !== 'healthy' && standing !== 'unknown') alarms += 1
  }
  assert.equal(sitting.view().standing, 'healthy')
  const minutes = (last - first) / 60_000
  t.diagnostic(
    `${minutes.toFixed(0)} minutes, ${evidence.length} records, ${Math.round((minutes * 60_000) / (performance.now() - began))} times as fast: ${alarms} alarms`,
  )
  return alarms
}

test('noise that was recorded raises no alarm', (t) => {
  const evidence = recorded()
  assert.ok(evidence.length > 10_000)
  assert.equal(alarmsIn(t, evidence), 0)
})

test('nor does it when every hundredth try is lost on top of it', (t) => {
  let seed = seedOfRun()
  const isLost = (): boolean => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) < 2 ** 32 / 100
  const evidence = recorded().map((each): Evidence => (each.kind === 'sample' && isLost() ? { ...each, outcome: 'fail', text: 'lost' } : each))
  assert.ok(evidence.filter((each) => each.kind === 'sample' && each.outcome === 'fail').length > 50)
  assert.equal(alarmsIn(t, evidence), 0)
})

test('the same record of a node that is gray raises one: four tries of its echo in a row are slow', (t) => {
  const evidence = recorded()
  const late = evidence.filter((each) => each.kind === 'sample' && each.rung === 'echo').slice(-60)
  const sick = evidence.map((each): Evidence => (each.kind === 'sample' && late.includes(each) ? { ...each, ms: 1500 } : each))
  const sitting = new Sitting(rulesOf(30_000))
  const last = Math.max(...sick.map(({ at }) => Date.parse(at)))
  for (const each of sick.toSorted((one, other) => (one.at < other.at ? -1 : 1))) sitting.hear([each], Date.parse(each.at))
  t.diagnostic(`${sitting.view().standing} after ${Math.round(((sitting.confirmedAt ?? last) - Date.parse(late[0]?.at ?? '')) / 1000)} s`)
  assert.deepEqual([sitting.view().standing, sitting.view().layer], ['confirmed', 'small-packets'])
})
