// Scenarios 41, 42, 44 and 45: rules of others on the source, a switch that takes too long, and no packet that circles.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { failedRequests, oneSideServes, speakTo } = await import('../support/sides.ts')
const { startProber } = await import('../support/prober.ts')
const { attempt } = await import('../../lab/command.ts')

const budgetSeconds = 15

test('rules of others and a switch that takes too long cost nobody anything, and no packet circles afterwards', async (t) => {
  const scene = await setScene({ config: { defaults: { downtimeBudget: `${budgetSeconds}s` } } })
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const prober = startProber(scene)
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())

  // As a container platform does it: its own redirect of the port, before ours.
  const early = 'chain early { type nat hook prerouting priority -180; tcp dport 80 redirect to :80; }'
  await source.run(`nft 'table ip others { ${early}; }'`)
  const running = scene.begin('migrate', '--yes', '--json')

  await t.test('a redirect of somebody else before ours: the hold is not proven, so the gate closes, and clients are served as before', async () => {
    const failed = await scene.record(at('hold-clients', 'failed'))
    assert.equal(failed.details['code'], 'gate-closed')
    assert.match(failed.text, /port 80 of 198\.51\.100\.11 does not reach the holder/)
    await scene.record(at('attempt', 'undone'), { after: failed.seq })
    await answersWithin(source.address, 2000)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    await moments.arm('freeze-source', 'started')
    await source.run('nft delete table ip others')
  })

  await t.test('all rules of the source are flushed while clients are held: new ones are held again within a second', async () => {
    await moments.reached()
    const line = await speakTo(scene, source)
    t.after(async () => await line.close())
    const accepted = async () => Number((await line.call({ op: 'holder' }))['accepted'])
    await source.run('nft flush ruleset')
    const before = await accepted()
    await waitUntil(async () => ((await accepted()) > before ? true : null), {
      what: 'A connection of a customer at the holder',
      deadlineMs: 1500,
      everyMs: 20,
      signal: AbortSignal.timeout(10_000),
    })
    await moments.pass()
  })

  await t.test('the budget runs out in the freeze: the source serves at once, and the copy is kept in step', async () => {
    await moments.at('final-sync', 'started')
    const { facts } = await moments.known()
    const leftMs = Date.parse(facts.heldAt ?? '') + (budgetSeconds + 2) * 1000 - Date.now()
    await answersWithin(source.address, leftMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    const after = (await scene.journal()).at(-1)?.seq ?? 0
    await moments.pass()
    const undone = await scene.record(at('attempt', 'undone'), { after })
    await scene.record(at('keep-in-sync', 'done'), { after: undone.seq })
  })

  await t.test('the next attempt switches', async () => {
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })

  await t.test('after going back one connection is one flow: the target forwards it, the source forwards nothing', async () => {
    const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.equal(back.exitCode, 0, back.stdout.slice(-1500) + back.stderr)
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target', 'source'] })

    const [old, fresh] = [await speakTo(scene, source), await speakTo(scene, target)]
    t.after(async () => void (await Promise.all([old.close(), fresh.close()])))
    assert.equal((await old.call({ op: 'forward-status' }))['forwarding'], false)
    const before = await fresh.call({ op: 'forward-status' })
    for (const address of [source.address, target.address]) {
      assert.equal((await attempt('curl', ['-s', '-o', '/dev/null', '-m', '5', '-w', '%{http_code}', `http://${address}/health`], {})).stdout, '200')
    }
    const after = await fresh.call({ op: 'forward-status' })
    assert.equal(Number(after['flows']) - Number(before['flows']), 1)
    assert.ok(Number(after['packets']) - Number(before['packets']) < 30, `${String(before['packets'])} to ${String(after['packets'])} packets`)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  })
})
