// The outage that Lifeboat exists for: connections are made as ever, and after pressing return seconds pass. Three
// observers see it, Lifeboat proposes, a person approves, the standby serves, and the report tells all of it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { causeFault } = await import('../../lab/faults.ts')
const { startTeam, watchedConfig } = await import('../../lab/outage.ts')
const { policyCardSchema } = await import('../../src/core/policy-card.ts')
const { incidentSchema } = await import('../../src/report/incident/schema.ts')

test('a gray outage is seen, proven, proposed and, once approved, failed over; its report tells what was seen and by whom', async (t) => {
  const scene = await setScene({ host: 'vsphere', config: watchedConfig() })
  t.after(async () => await scene.stop())
  const team = await startTeam(scene)
  t.after(async () => await team.stop())
  const customers = scene.customers(5)
  const explain = async () => policyCardSchema.parse(JSON.parse((await scene.begin('policy', 'explain', 'web-1', '--json')).stdout)).moves[0] ?? assert.fail()
  let began = 0

  await t.test('while all is well its policy would do nothing, and says why', async () => {
    assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
    await team.hears(/web-1 is healthy/, 120_000)
    const { act, guards, incident } = await explain()
    const refusing = guards.filter(({ severity }) => severity === 'error').map(({ code }) => code)
    assert.deepEqual([act, incident, refusing], ['nothing', null, ['quorum', 'confirmed', 'approval']])
  })

  await t.test('the fault begins: it is confirmed within a minute, and a fail-over is proposed', async () => {
    await team.knowsUsual()
    await causeFault(scene, 'link', 'slow-data')
    began = Date.now()
    await team.hears(/Incident (\S+) is confirmed/, 90_000)
    t.diagnostic(`confirmed after ${(Date.now() - began) / 1000} s`)
    const [, digest] = await team.hears(/proposed: lifeboat approve web-1 --digest (\S+)/, 60_000)
    assert.equal((await explain()).plan, digest)
  })

  await t.test('approved, it is failed over, and customers reach the standby by its name', async () => {
    const { plan } = await explain()
    const wrong = await scene.begin('approve', 'web-1', '--digest', 'ffffffffffffffff', '--json')
    assert.equal(wrong.exitCode, 4, wrong.stdout)
    const approving = scene.begin('approve', 'web-1', '--digest', plan ?? '', '--yes', '--json')
    const led = async () => ((await scene.names?.addressesOf('www.shop.example'))?.includes(scene.target('web-1').address) === true ? true : null)
    await waitUntil(led, { what: 'The switch of the name', deadlineMs: 180_000, everyMs: 200, signal: AbortSignal.timeout(200_000) })
    t.diagnostic(`www leads to the standby ${(Date.now() - began) / 1000} s after the fault began`)
    // The provider recovers, and only then the source, if it was not given up, can follow.
    await causeFault(scene, 'link', 'none')
    const { exitCode, stdout, stderr } = await approving
    assert.equal(exitCode, 0, stdout + stderr + team.said())
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])
  })

  await t.test('the provider plays it down; the report says so, with the evidence of all observers behind every claim', async () => {
    team.post('resolved', 'Some customers may have seen slightly slower responses. This has been resolved.')
    const [, id = ''] = await team.hears(/Incident (\S+) is over/, 120_000)
    const read = async () => {
      const made = incidentSchema.parse(JSON.parse((await scene.begin('report', id, '--json')).stdout))
      return made.said.some(({ body }) => body.includes('slightly slower')) ? made : null
    }
    const report = await waitUntil(read, { what: 'The word of the provider', deadlineMs: 30_000, everyMs: 1000, signal: AbortSignal.timeout(60_000) })
    assert.ok((report.score?.contradictions.length ?? 0) > 0, JSON.stringify(report.score))
    assert.deepEqual(report.ladder?.observers.map(({ observer }) => observer).toSorted(), ['here', 'oslo', 'paris'])
    assert.deepEqual(
      report.points.filter(({ at }) => at === null).map(({ point }) => point),
      ['T9', 'T10'],
    )
    assert.equal(report.decision?.by, 'approval')
    const recovery = report.durations.find(({ name }) => name === 'recovery, from impact')
    t.diagnostic(`recovery from impact ${(recovery?.ms ?? Number.NaN) / 1000} s; ${report.summary}`)
    const again = await scene.begin('report', id)
    assert.equal(again.exitCode, 0, again.stdout)
    assert.match(readFileSync(again.stdout.trim(), 'utf8'), /^<!doctype html>/)
    const open = await scene.begin('report', id, '--public')
    assert.equal(open.exitCode, 0, open.stdout)
    assert.equal(/paris|vcenter|198\.51|web-1,/.test(readFileSync(open.stdout.trim().replace(/html$/, 'md'), 'utf8')), false)
  })

  await t.test('nothing that was acknowledged before the copy was complete is lost', async () => {
    const figures = await customers.stop()
    const loss = (await scene.journal()).find(({ step, state }) => step === 'measure-loss' && state === 'done')
    const complete = loss === undefined ? Infinity : Date.parse(String(loss.details['complete']))
    const acknowledgedAt = new Map(customers.read().map(({ id, at: asked, ms }) => [id, asked + ms]))
    const lost = Object.values(await scene.lostWrites(figures)).flat()
    t.diagnostic(`${lost.length} of ${Object.values(figures.acknowledged).flat().length} acknowledged writes lost; ${loss?.text ?? 'switched as planned'}`)
    assert.deepEqual(
      lost.filter((id) => (acknowledgedAt.get(id) ?? 0) < complete),
      [],
    )
  })
})
