// The story of a move, without nodes: what follows what, for every place where a step may fail or a person may want back.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { givenUp, rowsOf, runbook, runbookVersion, undoAfter, walkedRows, wayBack } from '../../src/core/runbook.ts'
import type { Result } from '../../src/workflows/run.ts'
import { failed, interrupted, play } from '../support/story.ts'

const switchRows = rowsOf('switch').map((row) => row.name)

test('a move walks the runbook from top to bottom', async () => {
  const { ending, trace } = await play({})
  assert.deepEqual(ending, { state: 'finished' })
  assert.deepEqual(
    trace,
    (['prepare', 'sync', 'switch', 'settle', 'watch', 'finish'] as const).flatMap((phase) => walkedRows(phase).map((row) => row.name)),
  )
})

test('a switch row that fails is undone newest first, then the copy is brought up to date and approval is asked anew', async () => {
  for (const name of switchRows) {
    const { ending, trace } = await play({ [name]: [failed] })
    const at = trace.indexOf(`${name}!`)
    const begun = switchRows.slice(0, switchRows.indexOf(name) + 1)
    const undone = undoAfter(begun).map((each) => `undo ${each}`)
    assert.deepEqual(trace.slice(at + 1, at + 1 + undone.length), undone, name)
    assert.deepEqual(trace.slice(at + 1 + undone.length, at + 4 + undone.length), ['attempt undone', 'keep-in-sync', 'await-approval'], name)
    assert.deepEqual(ending, { state: 'finished' }, name)
  }
})

test('after the commit no undo row is ever walked, however often a row fails', async () => {
  const late = [...rowsOf('settle'), ...rowsOf('watch'), ...rowsOf('finish')].map((row) => row.name)
  await fc.assert(
    fc.asyncProperty(fc.subarray(late), fc.integer({ min: 1, max: 4 }), async (names, times) => {
      const answers = Object.fromEntries(names.map((name) => [name, Array.from({ length: times }, () => failed)]))
      const { ending, trace } = await play(answers)
      assert.deepEqual(ending, { state: 'finished' })
      assert.ok(!trace.some((each) => each.startsWith('undo ')))
    }),
  )
})

test('a wish to go back before the hold undoes what was put in place and ends rolled back', async () => {
  const { ending, trace } = await play({ 'await-approval': [interrupted] })
  assert.deepEqual(ending, { state: 'rolled-back' })
  assert.ok(!trace.some((each) => switchRows.some((row) => row === each)))
  assert.deepEqual(
    trace.filter((each) => each.startsWith('undo ')),
    ['undo restore-ttl', 'undo stop-recording', 'undo free-names', 'undo clean-node', 'undo destroy-node'],
  )
})

test('a wish to go back inside the switch undoes the attempt newest first, then what was put in place', async () => {
  for (const name of switchRows.filter((each) => each !== 'commit-switch')) {
    const { ending, trace } = await play({ [name]: [interrupted] })
    const begun = rowsOf('switch').map((row) => row.name)
    const undone = undoAfter(begun.slice(0, begun.indexOf(name) + 1)).map((each) => `undo ${each}`)
    const home = ['undo restore-ttl', 'undo stop-recording', 'undo free-names', 'undo clean-node', 'undo destroy-node']
    assert.deepEqual(trace.slice(trace.indexOf(`${name}!`) + 1), [...undone, 'attempt undone', ...home], name)
    assert.deepEqual(ending, { state: 'rolled-back' }, name)
  }
})

test('a wish to go back after the switch is the same switch with the sides exchanged, names last', async () => {
  const { ending, trace } = await play({ 'await-finish': [interrupted] })
  assert.deepEqual(ending, { state: 'rolled-back' })
  assert.deepEqual(trace.slice(-1), ['switch-dns-back'])
  assert.deepEqual(
    trace.slice(trace.indexOf('take-rollback') + 1),
    rowsOf('back').map((row) => row.name),
  )
})

test('a way back that is to follow others is tried again without another word, as often as is said', async () => {
  const two = { 'await-finish': [interrupted], 'verify-data-back': [failed, failed] }
  const { ending, trace } = await play(two, { again: 2 })
  assert.deepEqual(ending, { state: 'rolled-back' })
  assert.equal(trace.filter((each) => each === 'attempt undone').length, 2)
  assert.deepEqual((await play({ ...two, 'verify-data-back': [failed, failed, failed] }, { again: 2 })).ending, { state: 'finished' })
})

test('whoever asks to go back when it is committed cuts nothing off: all that follows is done', async () => {
  for (const { name } of rowsOf('back').slice(rowsOf('back').findIndex((row) => row.name === 'release-clients-back'))) {
    const { ending, trace } = await play({ 'await-finish': [interrupted], [name]: [failed] }, { askedAt: name })
    assert.deepEqual([ending, trace.at(-1)], [{ state: 'rolled-back' }, 'switch-dns-back'], name)
  }
})

test('a way back that fails before its commit leaves the target serving, and the wish is obeyed once', async () => {
  const { ending, trace } = await play({ 'await-finish': [interrupted], 'verify-data-back': [failed] })
  assert.deepEqual(ending, { state: 'finished' })
  assert.equal(trace.filter((each) => each === 'take-rollback').length, 1)
  assert.deepEqual(
    trace.filter((each) => each.startsWith('undo ')),
    ['undo thaw-target', 'undo unhold-clients-back'],
  )
  assert.equal(trace.filter((each) => each === 'release-clients').length, 1, 'what is settled is not asked of the source again')
})

test('a failure before the switch rests the move with what was done so far', async () => {
  const { ending, trace } = await play({ 'provision-node': [failed] })
  assert.deepEqual(ending, { state: 'failed', step: 'provision-node', code: 'node-failed', text: 'It broke.' })
  assert.deepEqual(trace, ['check-source', 'adopt-inventory', 'provision-node!'])
})

test('a rollback of a move that rests undoes from the side that serves', async () => {
  assert.deepEqual((await play({}, { want: 'rollback' })).ending, { state: 'rolled-back' })
  const switched = await play({}, { want: 'rollback', serving: 'target' })
  assert.deepEqual(switched.trace, ['take-rollback', ...rowsOf('back').map((row) => row.name)])
})

test('a rehearsal comes before the approval when it was asked for, and again as often as somebody asks meanwhile', async () => {
  const asked: Result = { state: 'done', details: { rehearse: true } }
  assert.ok(!(await play({})).trace.includes('rehearse'))
  const { ending, trace } = await play({ 'await-approval': [asked, asked] }, { rehearsal: true })
  assert.deepEqual(ending, { state: 'finished' })
  const from = trace.indexOf('keep-in-sync') + 1
  assert.deepEqual(trace.slice(from, from + 6), ['rehearse', 'await-approval', 'rehearse', 'await-approval', 'rehearse', 'await-approval'])
  assert.deepEqual(
    trace.filter((each) => each === 'undo end-rehearsal'),
    [],
    'one that is done has ended itself',
  )
})

test('a rehearsal that fails is taken away, and a person decides; a wish to go back ends it', async () => {
  const gone = await play({ rehearse: [failed] }, { rehearsal: true })
  assert.deepEqual(gone.ending, { state: 'finished' })
  const from = gone.trace.indexOf('rehearse!')
  assert.deepEqual(gone.trace.slice(from, from + 3), ['rehearse!', 'undo end-rehearsal', 'await-approval'])
  const back = await play({ rehearse: [interrupted] }, { rehearsal: true })
  assert.deepEqual(back.ending, { state: 'rolled-back' })
  assert.deepEqual(
    back.trace.slice(back.trace.indexOf('rehearse!') + 1),
    ['end-rehearsal', 'restore-ttl', 'stop-recording', 'free-names', 'clean-node', 'destroy-node'].map((each) => `undo ${each}`),
  )
})

test('what an earlier run left sealed is opened before anything else, whatever is wanted, and the side that serves then decides', async () => {
  const undone = (phase: 'switch' | 'back'): string[] => undoAfter(rowsOf(phase).map((row) => row.name)).map((each) => `undo ${each}`)
  for (const want of ['migrate', 'rollback'] as const) {
    const { trace } = await play({}, { want, sealed: true })
    assert.deepEqual(trace.slice(0, undone('switch').length), undone('switch'), want)
  }
  const { trace } = await play({}, { sealed: true, opensAs: 'target' })
  assert.equal(trace[undone('switch').length], 'release-clients', 'the other side had committed')
  const mirrored = await play({}, { serving: 'target', sealed: true })
  assert.deepEqual(mirrored.trace.slice(0, undone('back').length), undone('back'))
})

test('a side that is silent after the commit does not keep the names: its rows are tried again after the others, until they are done', async () => {
  const silent: Result = { state: 'failed', code: 'ssh-unreachable', text: 'It is silent.' }
  const { ending, trace } = await play({ 'release-clients': [silent, silent], 'start-reverse-sync': [silent] })
  const settled = trace.slice(trace.indexOf('commit-switch') + 1, trace.indexOf('watch-target'))
  const first = 'release-clients! forward-stragglers start-singletons start-reverse-sync! switch-dns'
  assert.equal(settled.join(' '), `${first} release-clients! start-reverse-sync release-clients`)
  assert.deepEqual(ending, { state: 'finished' })
  const back = await play({ 'release-clients-back': [silent] }, { serving: 'target', want: 'rollback' })
  assert.deepEqual(back.trace.slice(-2), ['switch-dns-back', 'release-clients-back'])
})

// What a process of one version stored, one of another replays. Where this fails, a run that began before the change could go
// another way than it went: give the runbook a new version, and workers of the old one finish what they began (docs/database.md).
test('what is done and in which order is that of its version', async () => {
  const rows = [...runbook, ...wayBack, ...givenUp].map(({ name }) => name)
  const told: string[] = []
  for (const name of [null, ...rows])
    for (const result of [failed, { ...failed, code: 'ssh-unreachable' } as const, interrupted])
      for (const options of [
        {},
        { rehearsal: true },
        { want: 'rollback' },
        { want: 'rollback', serving: 'target' },
        { want: 'failover' },
        { want: 'failover', stuck: true },
        { want: 'rollback', fenced: true, stuck: true },
      ] as const) {
        const { stored } = await play(name === null ? {} : { [name]: [result] }, options)
        told.push(`${name} ${result.state === 'failed' ? result.code : result.state} ${JSON.stringify(options)}: ${stored.join(' ')}`)
      }
  assert.deepEqual([runbookVersion, createHash('sha256').update(told.join('\n')).digest('hex').slice(0, 12)], ['runbook-3', 'da03d78dbc53'])
})
