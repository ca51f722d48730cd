// Three nodes at once, one of which comes after another: a failure holds up its clients and nobody else, and once it is
// mended the same command goes on.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { JournalRecord } from '../../src/core/records.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')

/** First copies that were under way beside another one. What comes before the first word of one is waiting, and the turn may be told a moment before the end of another. */
function copiesAtOnce(records: readonly JournalRecord[]): readonly string[] {
  const copies = records.filter(({ step }) => step === 'first-sync')
  const under = new Set<string>()
  return copies.flatMap(({ move, state, text }) => {
    if (state === 'done' || state === 'failed') under.delete(move)
    if (state !== 'progress' || text === 'It is its turn.') return []
    under.add(move)
    return under.size > 1 ? [`${[...under].join(' and ')}: ${text}`] : []
  })
}

const missing = '/srv/nowhere'

test('of three moves one fails: its client waits and keeps in step, the other is switched; mended, both follow in their order', async (t) => {
  const scene = await setScene({
    sources: ['web-1', 'web-2', 'files-1'],
    config: { limits: { perSource: 1, linkMbps: 900 }, moves: { 'web-1': { after: ['files-1'] }, 'files-1': { data: [{ kind: 'files', path: missing }] } } },
  })
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const prober = startProber(scene)
  const recordsOf = (records: readonly JournalRecord[], move: string) => records.filter((record) => record.move === move)

  await t.test('with a failure', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    // The first that did not come to its end is the cause, and tells so.
    assert.equal(exitCode, 3, stdout.slice(-1500) + stderr)
    const failures = stdout.split('\n').flatMap((line) => (line.includes('lifeboat.error/1') ? [JSON.parse(line) as { code: string; message: string }] : []))
    assert.equal(failures.length, 2, stdout.slice(-1500))
    assert.equal(failures[1]?.code, 'waiting-after')
    assert.equal(
      failures[1].message,
      'web-1 keeps in step: Approved; waits for files-1, which failed: migrate files-1, or take it out of `after:`. The copy is kept in step.',
    )
    assert.deepEqual(copiesAtOnce(await scene.journal()), [])
    assert.equal(await oneSideServes(scene, 'web-2'), 'target')
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    const again = await scene.begin('migrate', 'web-1', '--yes')
    assert.equal(again.exitCode, 4, again.stderr)
    assert.match(again.stderr, /waits for files-1, which failed/)
  })

  await t.test('mended in lifeboat.yaml', async () => {
    const before = (await scene.journal()).at(-1)?.seq ?? 0
    const file = path.join(scene.folder, 'lifeboat.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(missing, '/srv/files'))
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    const journal = (await scene.journal()).filter((record) => record.seq > before)
    const committed = recordsOf(journal, 'files-1').find(at('commit-switch', 'done'))?.seq ?? Infinity
    const held = recordsOf(journal, 'web-1').find(at('hold-clients', 'started'))?.seq ?? 0
    assert.ok(committed < held, `${committed} ${held}`)
    assert.equal(
      recordsOf(journal, 'web-2').some((record) => record.state === 'started'),
      false,
      'nobody touched the other one',
    )
  })

  await t.test('going back before its client is told against, and done all the same', async () => {
    const { exitCode, stderr } = await scene.begin('rollback', 'files-1', '--yes')
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /! web-1 comes after it and is switched: the order would be to roll back web-1, then files-1\./)
    const told = (await scene.journal()).find((record) => record.step === 'check-ready-back' && record.state === 'progress')
    assert.equal(told?.text, 'Not in its order: web-1 comes after it and is switched: the order would be to roll back web-1, then files-1.')
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })

  const figures = await customers.stop()
  assert.deepEqual(failedRequests(customers), [])
  assert.deepEqual((await prober.stop()).lost, [])
  assert.deepEqual(Object.values(await scene.lostWrites(figures)).flat(), [])
})
