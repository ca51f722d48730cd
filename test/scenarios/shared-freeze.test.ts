// A shop whose writes span two nodes, an app and its database: both are switched in one freeze (runbook.md §7), under customers
// and a prober. The controller is killed before the first commit and after it; then they go back in one freeze, and with
// LIFEBOAT_SCENARIOS=all they are switched again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { JournalRecord } from '../../src/core/records.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { sqlOn } = await import('../support/postgres.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')
const { drainsOf, notInDatabase, spanningConfig, spanOrders } = await import('../support/spanning-shop.ts')

const [app, database] = ['web-1', 'web-2'] as const
/** Lease of 5 s, and what a database takes to start on a machine with other work. */
const aloneWithinMs = 20_000
const all = process.env['LIFEBOAT_SCENARIOS'] === 'all'
const skip = all ? false : 'the same there, undisturbed, takes another half a minute; LIFEBOAT_SCENARIOS=all runs it'

test('an app and its database, which a write spans, are switched in one freeze', async (t) => {
  const scene = await setScene({ sources: [app, database], config: spanningConfig })
  t.after(async () => await scene.stop())
  await spanOrders(scene)
  const customers = scene.customers(10, ['www.shop.example'])
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const databaseServes = async () => ((await sqlOn(scene.target(database), 'select pg_is_in_recovery()')) === 'f' ? 'target' : 'source')
  const seqNow = async () => (await scene.journal()).at(-1)?.seq ?? 0
  const isInOrder = (seqs: readonly number[]) =>
    assert.deepEqual(
      seqs,
      seqs.toSorted((one, other) => one - other),
    )
  const seqOf = (journal: readonly JournalRecord[], move: string, step: string, state: JournalRecord['state']): number =>
    journal.find((record) => record.move === move && at(step, state)(record))?.seq ?? assert.fail(`${move} ${step} ${state}`)

  await t.test('the plan tells the order, and that they have one budget', async () => {
    const { stdout } = await scene.begin('plan')
    assert.match(
      stdout,
      /Switched as one: web-1, then web-2 are held, the other way round they are released \(freezes\.shop\)\. One pause: of a budget of 20 s\./,
    )
    assert.match(stdout, /One wave\./)
  })

  let running = scene.begin('migrate', '--yes', '--json')

  await t.test('killed before the first commit: both serve again, alone', async () => {
    await moments.at('final-sync', 'started', 120_000, app)
    scene.killController()
    await moments.pass()
    // Its health is that of the database, too.
    await answersWithin(scene.source(app).address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, app), 'source')
    assert.equal(await databaseServes(), 'source')
    assert.equal((await running).exitCode, 3)
  })

  await t.test('killed after the commit of the database: the app serves alone, by what the old address of the database forwards', async () => {
    running = scene.begin('migrate', '--yes', '--json')
    const { seq: since } = await scene.record((record) => record.step === 'attempt' && record.move === app)
    await moments.at('commit-switch', 'done', 120_000, database)
    scene.killController()
    await moments.pass()
    await answersWithin(scene.source(app).address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, app), 'source')
    assert.equal(await databaseServes(), 'target')
    assert.equal((await running).exitCode, 3)
    const journal = (await scene.journal()).filter(({ seq }) => seq > since)
    isInOrder([
      seqOf(journal, app, 'freeze-source', 'done'),
      seqOf(journal, database, 'hold-clients', 'started'),
      seqOf(journal, app, 'verify-data', 'done'),
      seqOf(journal, database, 'seal-source', 'done'),
    ])
  })

  await t.test('the next command brings the app after it, and the names lead to both', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    assert.equal(await oneSideServes(scene, app), 'target')
    assert.deepEqual(await scene.names?.addressesOf('api.shop.example'), [scene.target(database).address])
  })

  const pauseOf = (journal: readonly JournalRecord[], move: string, step: string) =>
    Number(journal.find((record) => record.move === move && at(step, 'done')(record))?.details['pauseMs'])

  /** Clients are held first, databases are released first, and nobody waits beyond the budget. */
  const wasOnePause = (journal: readonly JournalRecord[], { freeze, seal, way }: { readonly freeze: string; readonly seal: string; readonly way: string }) => {
    isInOrder([
      seqOf(journal, app, freeze, 'done'),
      seqOf(journal, database, `hold-clients${way}`, 'started'),
      seqOf(journal, app, `verify-data${way}`, 'done'),
      seqOf(journal, database, seal, 'done'),
      // The last word of this step comes after a connection has been tried.
      seqOf(journal, database, `release-clients${way}`, 'started'),
      seqOf(journal, app, seal, 'done'),
      seqOf(journal, app, `release-clients${way}`, 'done'),
    ])
    const pauses = [app, database].map((move) => pauseOf(journal, move, `release-clients${way}`))
    t.diagnostic(`pause of the app ${pauses[0]} ms, of the database ${pauses[1]} ms within it`)
    assert.ok(Number(pauses[0]) < 20_000)
  }

  await t.test('told to one of them, both go back in one pause: clients are held first, databases are released first', async () => {
    const status = JSON.parse((await scene.begin('status', app, '--json')).stdout) as { moves: readonly [{ backTogether: readonly string[] }] }
    assert.deepEqual(status.moves[0].backTogether, [database])
    const since = await seqNow()
    const drained = await drainsOf(scene, 'target', 'target')
    const { exitCode, stdout, stderr } = await scene.begin('rollback', app, '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    assert.match(stderr, /! web-1 was switched in one freeze with web-2, and goes back with it, in one pause\./)
    assert.doesNotMatch(stdout, /Not in its order/)
    assert.equal(await databaseServes(), 'source')
    assert.equal(await oneSideServes(scene, app), 'source')
    assert.deepEqual(await scene.names?.addressesOf('api.shop.example'), [scene.source(database).address])
    const journal = (await scene.journal()).filter(({ seq }) => seq > since)
    assert.equal(journal.filter(at('hold-clients-back', 'started')).length, 2, 'one attempt')
    // Scenario 39: the app asks its database while it drains, which would wait for ever if that were held.
    const stopped = journal.find((record) => record.move === app && at('freeze-target', 'done')(record))?.details['stopped'] as readonly { killed: boolean }[]
    assert.deepEqual([await drainsOf(scene, 'target', 'source'), stopped.filter(({ killed }) => killed)], [drained + 1, []])
    wasOnePause(journal, { freeze: 'freeze-target', seal: 'seal-target', way: '-back' })
    isInOrder([seqOf(journal, app, 'release-clients-back', 'done'), seqOf(journal, database, 'switch-dns-back', 'done')])
  })

  await t.test('undisturbed they are switched in one pause: clients are held first, databases are released first', { skip }, async () => {
    const since = await seqNow()
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    const journal = (await scene.journal()).filter(({ seq }) => seq > since)
    assert.equal(journal.filter(at('hold-clients', 'started')).length, 2, 'one attempt')
    wasOnePause(journal, { freeze: 'freeze-source', seal: 'seal-source', way: '' })
  })

  const figures = await customers.stop()
  const { lost, turns } = await prober.stop()
  assert.deepEqual(failedRequests(customers), [])
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  assert.deepEqual({ lost, turns }, { lost: [], turns: ['source', 'target', 'source', ...(all ? ['target'] : [])] })
  assert.deepEqual(await notInDatabase(scene, all ? 'target' : 'source', figures.acknowledged['www.shop.example'] ?? []), [])
})
