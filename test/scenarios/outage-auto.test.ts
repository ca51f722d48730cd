// Nobody is asked: an outage is seen by three observers, confirmed, and failed over by the policy alone, as its standby was
// drilled. Nobody else writes meanwhile, what is lost is what had not been copied, and then the standby is what is watched.
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { draw, seedOfRun } from '../support/draw.ts'
import { recoveryCases, type RecoveryCase } from '../support/recovery-cases.ts'

await enterLab()
const { at, setCase } = await import('../support/scenario.ts')
const { causeFault } = await import('../../lab/faults.ts')
const { startTeam, watchedConfig } = await import('../../lab/outage.ts')
const { startProber } = await import('../support/prober.ts')
const { incidentSchema } = await import('../../src/report/incident/schema.ts')
const { policyCardSchema } = await import('../../src/core/policy-card.ts')
const { openEvidenceReader } = await import('../../src/watch/log/reader.ts')

const usual = { interval: '5s', policy: { mode: 'auto', hold: '30s' } }
const quick = { interval: '2s', policy: { mode: 'auto', hold: '10s' } }

function cases(): readonly RecoveryCase[] {
  const named = process.env['LIFEBOAT_RECOVERY']
  if (named !== undefined) return recoveryCases.filter(({ name }) => name === named)
  return process.env['LIFEBOAT_SCENARIOS'] === 'all' ? recoveryCases : [draw(recoveryCases, 1, seedOfRun())]
}

for (const { name, title, fault, goalSeconds } of cases())
  test(`an outage is recovered from without anybody (${title})`, async (t) => {
    // What is measured is measured with what is usual; to see that it comes to its end less patience is enough.
    const { interval, policy } = process.env['LIFEBOAT_RECOVERY'] === undefined ? quick : usual
    const config = watchedConfig(policy)
    const scene = await setCase(t, `auto-${name}`, { host: 'vsphere', config: { ...config, watch: { ...(config['watch'] as object), interval } } })
    const team = await startTeam(scene)
    t.after(async () => await team.stop())
    const [source, target] = [scene.source('web-1'), scene.target('web-1')]
    const customers = scene.customers(5)
    const explain = async () => policyCardSchema.parse(JSON.parse((await scene.begin('policy', 'explain', 'web-1', '--json')).stdout)).moves[0] ?? assert.fail()
    const refusing = async () => (await explain()).guards.filter(({ severity }) => severity === 'error').map(({ code }) => code)
    let began = 0
    // The power goes, or the cable, some time after that was asked for.
    let struck = 0

    await t.test('all is well: once its standby was drilled, nothing stands in the way but that nobody says it is down', async () => {
      assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
      await team.hears(/web-1 is healthy/, 120_000)
      assert.deepEqual(await refusing(), ['quorum', 'confirmed', 'drill'])
      const { exitCode, stdout } = await scene.begin('drill', 'web-1', '--json')
      assert.equal(exitCode, 0, stdout)
      assert.deepEqual(await refusing(), ['quorum', 'confirmed'])
      await team.knowsUsual()
    })
    const prober = startProber(scene)

    await t.test('it is told to fail over as soon as it is confirmed, and its name leads to the standby', async () => {
      began = Date.now()
      await causeFault(scene, fault.subject, fault.kind)
      struck = Date.now()
      const [, id] = await team.hears(/Incident (\S+) is confirmed/, 150_000)
      const confirmed = (Date.now() - began) / 1000
      await team.hears(/web-1 is told to fail over/, 30_000)
      const led = async () => ((await scene.names?.addressesOf('www.shop.example'))?.includes(target.address) === true ? true : null)
      await waitUntil(led, { what: 'The switch of the name', deadlineMs: 240_000, everyMs: 200, signal: AbortSignal.timeout(250_000) })
      t.diagnostic(`${id} confirmed after ${confirmed} s; www leads to the standby after ${(Date.now() - began) / 1000} s`)
      if (fault.subject === 'link') await causeFault(scene, 'link', 'none')
    })

    await t.test('then the standby is what every observer watches, and the policy speaks of it', async () => {
      await team.hears(/web-1@target is healthy/, 120_000)
      const observers = new Set<string>()
      const look = async () => {
        for (const each of await lookedAt(scene.folder, 'web-1@target')) observers.add(each)
        return observers.size === 3 ? true : null
      }
      await waitUntil(look, { what: 'Every observer at the standby', deadlineMs: 120_000, everyMs: 1000, signal: AbortSignal.timeout(125_000) })
      const { serving, standing, act, plan } = await explain()
      assert.deepEqual([serving, standing, act, plan], ['target', 'healthy', 'nothing', null])
    })

    await t.test('the incident is over; its report says that nobody approved it, and how long it took', async () => {
      const [, id = ''] = await team.hears(/Incident (\S+) is over/, 120_000)
      const report = incidentSchema.parse(JSON.parse((await scene.begin('report', id, '--json')).stdout))
      assert.deepEqual([report.decision?.act, report.decision?.by, report.target], ['fail-over', 'policy', 'web-1'])
      const seconds = (points: string) => (report.durations.find(({ from, to }) => `${from}-${to}` === points)?.ms ?? Number.NaN) / 1000
      const fenced = (await scene.journal()).some(at('fence-source', 'done'))
      const recovery = seconds('T0-T8')
      t.diagnostic(
        `told: ${[seconds('T0-T2'), seconds('T3-T4'), seconds('T4-T5'), recovery].map((each) => `${each.toFixed(0)} s`).join(' | ')} | ${fenced ? 'fenced' : 'switched as planned'} | ${goalSeconds} s`,
      )
      assert.ok(recovery > 0)
      if (process.env['LIFEBOAT_RECOVERY'] !== undefined) assert.ok(recovery <= goalSeconds, `${recovery} s, with a goal of ${goalSeconds} s`)
      assert.equal(fenced, fault.subject !== 'link')
    })

    await t.test('what is lost was acknowledged by the source after the last complete copy, and nobody wrote beside the standby', async () => {
      const figures = await customers.stop()
      const loss = (await scene.journal()).find(at('measure-loss', 'done'))
      const complete = loss === undefined ? Infinity : Date.parse(String(loss.details['complete']))
      const acknowledgedAt = new Map(customers.read().map(({ id, at: asked, ms }) => [id, asked + ms]))
      const lost = Object.values(await scene.lostWrites(figures)).flat()
      t.diagnostic(`${lost.length} of ${Object.values(figures.acknowledged).flat().length} acknowledged writes lost; ${loss?.text ?? 'nothing can be'}`)
      const before = lost.filter((id) => (acknowledgedAt.get(id) ?? 0) < complete)
      const after = lost.filter((id) => (acknowledgedAt.get(id) ?? 0) > struck + 1000)
      assert.deepEqual({ before, after }, { before: [], after: [] })
      const { turns, lost: probes } = await prober.stop()
      // What the source took comes first, as far as it came over.
      assert.deepEqual(turns[0] === 'source' ? turns.slice(1) : turns, ['target'])
      // Of those that only the source acknowledged none was asked for once the fault had come.
      const late = probes.filter((id) => loss === undefined || !id.includes('-0-') || askedAt(id) > struck)
      assert.deepEqual(late, [])
      if (fault.subject === 'web-1') assert.equal(source.power(), 'off')
    })
  })

/** `probe-RUN-PLACE-NUMBER` (support/prober.ts). */
function askedAt(probe: string): number {
  const [, run = '', , number = ''] = probe.split('-')
  return Number.parseInt(run, 36) + Number(number) * 20
}

/** Which observers have looked at it. */
async function lookedAt(folder: string, node: string): Promise<readonly string[]> {
  const evidence = openEvidenceReader(path.join(folder, '.lifeboat', 'evidence'))
  const [from, to] = ['1970-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z']
  try {
    const kept = (await evidence?.read({ from, to, kinds: ['sample'], targets: [node] })) ?? []
    return kept.flatMap(({ evidence: each }) => (each.kind === 'sample' ? [each.observer] : []))
  } finally {
    await evidence?.close()
  }
}
