// A pause holds back even what was approved beforehand, and keeps syncing; an approval ends it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')
const { oneSideServes } = await import('../support/sides.ts')

const { reportSchema } = await import('../../src/report/schema.ts')

const oddPort = 8443

test('a paused move does not cut over although it was begun with --yes, until it is approved', async (t) => {
  // Nothing listens at the first of them to begin with.
  const scene = await setScene({ config: { moves: { 'web-1': { ports: [oddPort, 80] } } } })
  t.after(async () => await scene.stop())
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const source = scene.source('web-1')
  let approved: ReturnType<typeof scene.begin>
  const pause = async () => assert.equal((await scene.begin('pause', 'web-1')).exitCode, 0)

  await t.test('when the pause comes before the switch', async () => {
    assert.equal((await scene.begin('migrate', '--yes', '--detach')).exitCode, 0)
    await pause()
    const waiting = await scene.record(at('await-approval', 'waiting'))
    assert.equal(waiting.details['waitingFor'], 'approval')
    assert.ok(!(await scene.journal()).some(at('hold-clients', 'started')))
  })

  await t.test('when it comes in the switch: clients are released to the source, and the copy is kept in step', async () => {
    await moments.arm('freeze-source', 'started')
    approved = scene.begin('approve', 'web-1')
    await moments.reached()
    await pause()
    await moments.pass()
    const ended = await scene.record(at('freeze-source', 'failed'))
    assert.match(ended.text, /pause was asked for/)
    const waiting = await scene.record(at('await-approval', 'waiting'), { after: ended.seq })
    assert.equal(waiting.details['waitingFor'], 'approval')
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [source.address])
    assert.equal((await approved).exitCode, 4)
  })

  await t.test('an approval ends it; a port that is served there and not here closes the gate before the commit', async () => {
    await source.run(`systemd-run --unit odd python3 -m http.server ${oddPort}`)
    await moments.arm('keep-in-sync', 'started')
    approved = scene.begin('approve', 'web-1')
    await moments.reached()
    const failed = (await scene.journal()).findLast(at('check-target', 'failed'))
    assert.equal(failed?.details['code'], 'gate-closed')
    assert.match(failed?.text ?? '', /port 8443 accepts does not hold on 203\.0\.113\.211/)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  })

  await t.test('a port that nobody serves on either side holds nothing up', async () => {
    await source.run('systemctl stop odd')
    await moments.pass()
    const { exitCode, stdout, stderr } = await approved
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    await finishClean(scene)
  })

  await t.test('the report tells who approved what, which checks passed before and after, and how long the names took', async () => {
    const { moves, plan, journal } = reportSchema.parse(JSON.parse((await scene.begin('report', 'web-1', '--json')).stdout))
    const [move] = moves
    assert.ok(move)
    const records = await scene.journal()
    const begun = records.find(at('move', 'started'))?.details
    const by = String(begun?.['who'])
    assert.deepEqual([move.runs[0]?.plan, move.runs[0]?.by, plan], [begun?.['plan'], by, begun?.['plan']])
    assert.match(`${plan} ${by}`, /^[0-9a-f]{16} \S+@\S+$/)
    assert.deepEqual(
      move.approvals.map(({ how, who, plan: of, digest }) => [how, who, of, digest]),
      ['approve', 'approve', '--yes'].map((how) => [how, by, plan, null]),
    )
    assert.equal(records.find(at('await-finish', 'done'))?.details['who'], by)
    const passed = (step: string) => move.checks.filter((check) => check.step === step && check.passed).map(({ text }) => text)
    assert.notDeepEqual(passed('check-ready'), [])
    assert.deepEqual(passed('check-target'), [...passed('check-ready'), 'port 80 accepts'])
    assert.ok(move.names.every(({ tookMs }) => tookMs !== null && tookMs > 0))
    assert.deepEqual(
      journal.heads.map(({ hash }) => hash),
      [records.at(-1)?.hash],
    )
  })
})
