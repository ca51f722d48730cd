// The story of a fail-over, without nodes: what follows what, wherever somebody asks for it and whatever fails.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { afterFailover, failover, rowsOf, settleIll, walkedRows, type StepName } from '../../src/core/runbook.ts'
import type { Result } from '../../src/workflows/run.ts'
import { failed, interrupted, play } from '../support/story.ts'

const namesOf = (rows: readonly { readonly name: StepName }[]) => rows.map(({ name }) => name)
const over: Result = { state: 'interrupted', word: 'failover' }
const answering: Result = { state: 'done', details: { sourceAnswers: true } }
const rest = [...namesOf(afterFailover), ...namesOf(rowsOf('watch')), ...namesOf(rowsOf('finish'))]

test('asked for while the move waits or copies, the source is fenced, the target serves, and the source is asked for nothing more', async () => {
  for (const at of namesOf([...walkedRows('prepare'), ...walkedRows('sync')])) {
    const { ending, trace } = await play({ [at]: [over] })
    assert.deepEqual(trace.slice(trace.indexOf(`${at}!`) + 1), [...namesOf(failover), ...rest], at)
    assert.deepEqual(ending, { state: 'finished' })
  }
})

test('asked for in a switch, that attempt is undone before', async () => {
  const { trace } = await play({ 'final-sync': [over] })
  const from = trace.indexOf('final-sync!')
  assert.deepEqual(trace.slice(from + 1, from + 5), ['undo thaw-source', 'undo unhold-clients', 'attempt undone', 'decide-failover'])
})

test('a move that rests fails over without being brought over first', async () => {
  assert.deepEqual((await play({}, { want: 'failover' })).trace, [...namesOf(failover), ...rest])
})

test('where the source answers, the switch that loses nothing is tried; it is fenced only if that fails', async () => {
  const planned = await play({ 'decide-failover': [answering] }, { want: 'failover' })
  const [there, settled, ...after] = [rowsOf('switch'), settleIll, rowsOf('watch'), rowsOf('finish')].map(namesOf)
  assert.deepEqual(planned.trace, ['decide-failover', ...(there ?? []), ...(settled ?? []), ...after.flat()])
  assert.deepEqual(settled?.toSorted(), namesOf(rowsOf('settle')).toSorted(), 'nothing of it is left out')
  assert.ok(settled.indexOf('switch-dns') < settled.indexOf('start-reverse-sync'), 'names wait for no copy')
  const fenced = await play({ 'decide-failover': [answering], 'freeze-source': [failed] }, { want: 'failover' })
  const from = fenced.trace.indexOf('freeze-source!')
  assert.deepEqual(fenced.trace.slice(from + 1), ['undo thaw-source', 'undo unhold-clients', 'attempt undone', ...namesOf(failover).slice(1), ...rest])
})

test('what fails before the commit is undone, the fence with it, and the move ends with the reason; after it nothing is', async () => {
  for (const name of namesOf(failover)) {
    const { ending, trace } = await play({ [name]: [failed] }, { want: 'failover' })
    assert.deepEqual(ending, { state: 'failed', step: name, code: 'node-failed', text: 'It broke.' })
    const isFenced = namesOf(failover).indexOf(name) >= 1
    assert.equal(trace.includes('undo unfence-source'), isFenced, name)
    assert.equal(trace.includes('undo demote-target'), namesOf(failover).indexOf(name) >= 4, name)
    assert.equal(
      trace.some((each) => each.startsWith('switch-dns')),
      false,
      name,
    )
  }
  for (const name of namesOf(afterFailover)) {
    const { ending, trace } = await play({ [name]: [failed, failed] }, { want: 'failover' })
    assert.deepEqual(ending, { state: 'finished' })
    assert.equal(
      trace.some((each) => each.startsWith('undo')),
      false,
      name,
    )
  }
})

test('whoever wants to stay after all, before the target was promoted, stays', async () => {
  const { ending, trace } = await play({ 'promote-target': [interrupted] }, { want: 'failover' })
  assert.deepEqual(ending, { state: 'rolled-back' })
  assert.ok(trace.indexOf('undo demote-target') < trace.indexOf('undo unfence-source'))
})

test('a source that stays fenced ends the run with what can be done, whatever was wanted and whatever else had failed', async () => {
  const stuck = { state: 'failed', step: 'unfence-source', code: 'other-side-silent', text: 'Nobody knows what became of the target.' }
  for (const result of [failed, interrupted]) assert.deepEqual((await play({ 'promote-target': [result] }, { want: 'failover', stuck: true })).ending, stuck)
  for (const want of ['migrate', 'rollback'] as const)
    assert.deepEqual(
      await play({}, { want, fenced: true, stuck: true }),
      { ending: stuck, trace: ['undo unfence-source'], stored: ['look', 'undo unfence-source'] },
      want,
    )
})

test('a source that an earlier run left fenced is let go before anything else, unless that run goes on', async () => {
  for (const want of ['migrate', 'rollback'] as const) assert.equal((await play({}, { want, fenced: true })).trace[0], 'undo unfence-source', want)
  assert.equal((await play({}, { want: 'failover', fenced: true })).trace[0], 'decide-failover')
  assert.equal((await play({}, { want: 'rollback', serving: 'target', fenced: true })).trace.includes('undo unfence-source'), false)
})

const wantedBack: Result = { state: 'done', details: { reprotect: true } }

test('a source that is wanted back is salvaged, then follows; what was waited for goes on, and from then on there is a way home', async () => {
  for (const at of ['watch-target', 'await-finish'] as const) {
    const { ending, trace } = await play({ [at]: [wantedBack] }, { want: 'failover' })
    const from = trace.indexOf(at)
    assert.deepEqual(trace.slice(from, from + 4), [at, 'salvage-source', 'reprotect', at])
    assert.deepEqual(ending, { state: 'finished' })
  }
  const home = await play({ 'await-finish': [wantedBack, interrupted] }, { want: 'failover' })
  const from = home.trace.indexOf('reprotect')
  assert.deepEqual(home.trace.slice(from, from + 4), ['reprotect', 'await-finish!', 'take-rollback', 'check-ready-back'])
  assert.deepEqual(home.ending, { state: 'rolled-back' })
})

test('nothing is written to a source that was not salvaged, and the target serves on, whatever fails', async () => {
  for (const name of namesOf(rowsOf('reprotect'))) {
    const { ending, trace } = await play({ 'await-finish': [wantedBack], [name]: [failed] }, { want: 'failover' })
    const from = trace.indexOf('await-finish')
    const until = name === 'salvage-source' ? ['salvage-source!'] : ['salvage-source', 'reprotect!']
    assert.deepEqual(trace.slice(from, from + 2 + until.length), ['await-finish', ...until, 'await-finish'], name)
    assert.equal(
      trace.some((each) => each.startsWith('undo')),
      false,
    )
    assert.deepEqual(ending, { state: 'finished' })
  }
})

test('one that the policy decided and its guards refuse, or that fails, leaves a standby that is kept in step as before', async () => {
  const decided = (details: Record<string, unknown>): Result => ({ state: 'done', details: { resumes: true, ...details } })
  const wait = 'await-approval'
  const again = ['keep-in-sync', `${wait}!`]
  const refused = await play({ [wait]: [over, interrupted], 'decide-failover': [decided({ refused: 'The policy is off.' })] })
  const from = refused.trace.indexOf('decide-failover')
  assert.deepEqual([refused.trace.slice(from + 1, from + 3), refused.trace.includes('fence-source'), refused.ending], [again, false, { state: 'rolled-back' }])
  for (const name of namesOf(failover).slice(1)) {
    const { trace, ending } = await play({ [wait]: [over, interrupted], 'decide-failover': [decided({})], [name]: [failed] })
    const undone = trace.indexOf('attempt undone')
    assert.deepEqual([trace.includes('undo unfence-source'), trace.slice(undone + 1, undone + 3), ending], [true, again, { state: 'rolled-back' }], name)
  }
})

test('whatever fails and whenever it is wanted back, a source is written to only right after it was salvaged, and serves only by a commit', async () => {
  const names = [
    ...namesOf(failover).slice(1),
    ...namesOf(afterFailover),
    ...namesOf(rowsOf('watch')),
    ...namesOf(rowsOf('reprotect')),
    ...namesOf(rowsOf('back')),
  ]
  const results = fc.array(fc.constantFrom(answering, failed, interrupted, wantedBack), { maxLength: 3 })
  const answers = fc.dictionary(fc.constantFrom(...names), results, { maxKeys: 8 })
  await fc.assert(
    fc.asyncProperty(answers, async (given) => {
      const { trace } = await play(given, { want: 'failover' })
      trace.forEach((each, at) => {
        if (each.replace('!', '') === 'reprotect') assert.equal(trace[at - 1], 'salvage-source', trace.join(' '))
        if (each.replace('!', '') === 'salvage-source') assert.ok(trace.slice(0, at).includes('commit-switch'), trace.join(' '))
      })
      const over = trace.slice(trace.indexOf('commit-switch') + 1)
      const opened = over.findIndex((each) => each === 'undo unfence-source' || each.replace('!', '') === 'promote-source')
      if (trace.includes('commit-switch') && opened !== -1) assert.ok(over.slice(0, opened).includes('seal-target'), trace.join(' '))
    }),
    { numRuns: 500 },
  )
})
