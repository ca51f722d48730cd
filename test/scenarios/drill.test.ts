// A drill of a standby on real nodes: what it starts meets nobody, what it shows is kept, and what could not be tried says nothing.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { drillCardSchema, type DrillCard } from '../../src/core/drill.ts'
import { standbyCardSchema } from '../../src/core/standby.ts'
import { exec } from '../../src/io/exec.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { addressesOfName, pointName, serialOf } = await import('../support/zone.ts')
const { startProber } = await import('../support/prober.ts')
const { listingOf } = await import('../support/listing.ts')

const root = '/srv/shop'
const dropIns = '/etc/systemd/system/shop.service.d'
const checks = [{ http: 'http://{address}/health', expect: 200 }, { command: `test -s ${root}/orders.log` }]

test('a standby is drilled while it is kept in step: it serves apart from everybody, and is a copy again', async (t) => {
  const scene = await setScene({ sources: ['web-1'], config: { moves: { 'web-1': { checks, standby: {} } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await exec('curl', ['-s', '-X', 'POST', '-d', 'order-1', `http://${source.address}/orders`], { signal: t.signal, deadlineMs: 10_000 })
  const ask = async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await scene.begin(...args, '--json')
    const [line = ''] = stdout.trim().split('\n').slice(-1)
    return { exitCode, json: JSON.parse(line) as unknown, told: stdout.slice(-3000) + stderr }
  }
  const drill = async (...args: readonly string[]) => {
    const { exitCode, json, told } = await ask('drill', ...args)
    return { exitCode, card: drillCardSchema.parse(json), told }
  }
  await t.test('where there is no standby yet, there is none to drill', async () => {
    const { exitCode, json } = await ask('drill', 'web-1')
    const { code, message } = json as { readonly code: string; readonly message: string }
    assert.deepEqual([exitCode, code], [4, 'not-now'], message)
    assert.match(message, /web-1 has no standby yet/)
  })

  assert.equal((await scene.begin('migrate', 'web-1', '--detach')).exitCode, 0)
  await scene.record(at('await-approval', 'waiting'))
  const seen: DrillCard[] = []

  await t.test('what a failover needs is asked, and nothing is started', async () => {
    const { exitCode, card, told } = await drill('web-1', '--level', 'D0')
    assert.equal(exitCode, 0, told)
    assert.deepEqual([card.level, card.passed, card.tried, card.isolation, card.expiresAt], ['D0', true, false, null, null])
    const codes = card.checks.map(({ code }) => code)
    for (const code of ['in-step', 'may-write', 'node', 'fence', 'fence-unusable']) assert.ok(codes.includes(code), `${code} is asked: ${codes.join(', ')}`)
    assert.equal((await scene.journal()).filter(({ step }) => step === 'rehearse').length, 0)
  })

  await t.test('without a move all standbys are drilled; one that passes says how long it took, that nobody met it, and until when it counts', async () => {
    const { exitCode, card, told } = await drill()
    assert.equal(exitCode, 0, told)
    const { move, level, passed, tried, isolation, notDrilled, recoverySeconds, at: ended, expiresAt } = card
    assert.deepEqual([move, level, passed, tried, isolation?.packetsLeft, notDrilled], ['web-1', 'D1', true, true, 0, []])
    assert.ok(recoverySeconds !== null && recoverySeconds > 0, told)
    assert.equal(Date.parse(expiresAt ?? '') - Date.parse(ended), 14 * 86_400_000)
    const tries = card.checks.filter(({ about }) => about === 'standby').map(({ code, severity }) => `${code} ${severity}`)
    assert.deepEqual(tries, ['started ok', 'check ok', 'check ok'])
    assert.match(await readFile(card.report ?? '', 'utf8'), /It passed\./)
    // What the source does every few seconds comes over with the next pass.
    const same = async () => ((await listingOf(target, root)) === (await listingOf(source, root)) ? true : null)
    await waitUntil(same, { what: 'A standby that is a copy again', everyMs: 500, deadlineMs: 30_000, signal: AbortSignal.timeout(60_000) })
    seen.push(card)
    t.diagnostic(`D1: well after ${recoverySeconds} s, ${isolation?.packetsRefused} packets refused`)
  })

  await t.test('its status tells how far it is behind, and of the drill', async () => {
    const { moves } = standbyCardSchema.parse((await ask('standby', 'status')).json)
    const [standby] = moves
    assert.ok(standby !== undefined && moves.length === 1)
    const { move, state, lagSeconds, sample, drill: last, auto } = standby
    assert.deepEqual([move, state, last], ['web-1', 'in-step', { level: 'D1', at: seen[0]?.at, passed: true, tried: true }])
    assert.ok(lagSeconds !== null && sample !== null && sample.ageSeconds <= lagSeconds, JSON.stringify(standby))
    const why = auto.why.map(({ code }) => code)
    assert.deepEqual([auto.eligible, why.includes('mode'), why.includes('drill')], [false, true, false], 'the mode is observe; the drill counts')
  })

  await t.test('a standby that does not start does not pass, which is kept; its plan is the same after all these passes', async () => {
    await target.run(`mkdir -p ${dropIns}; printf '[Service]\\nExecStartPre=/bin/false\\n' > ${dropIns}/broken.conf; systemctl daemon-reload`)
    const { exitCode, card, told } = await drill('web-1')
    assert.equal(exitCode, 4, told)
    assert.deepEqual([card.passed, card.tried, card.expiresAt, card.plan], [false, true, null, seen[0]?.plan])
    assert.match(card.checks.find(({ severity }) => severity === 'error')?.text ?? '', /shop.service did not start/)
    await target.run(`rm -r ${dropIns}; systemctl daemon-reload`)
  })

  await t.test('where no service runs on the source nothing is started, and that does not pass; where nothing passes there no drill is held', async () => {
    await source.run('systemctl stop shop')
    const { exitCode, card, told } = await drill('web-1')
    assert.equal(exitCode, 4, told)
    assert.deepEqual([card.passed, card.tried, card.notDrilled], [false, false, ['shop.service (does not run on the source)']])
    assert.equal(card.checks.find(({ severity }) => severity === 'error')?.code, 'nothing-tried')
    // With no check that passes there it is the source that is ill: nothing is said of the standby, and nothing kept.
    await source.run(`mv ${root}/orders.log ${root}/aside`)
    const { exitCode: ended, json } = await ask('drill', 'web-1')
    const { code, message } = json as { readonly code: string; readonly message: string }
    assert.deepEqual([ended, code], [4, 'gate-closed'], message)
    assert.match(message, /^The drill of web-1 could not be held: No check passes on/)
    await source.run(`mv ${root}/aside ${root}/orders.log; systemctl start shop`)
    const { moves } = standbyCardSchema.parse((await ask('standby', 'status')).json)
    assert.equal(moves[0]?.drill?.at, card.at)
  })

  await t.test('D2: a name of its own leads to the standby and back, once somebody has made it', async () => {
    const names = scene.names
    assert.ok(names !== null)
    const canary = 'drill.www.shop.example'
    const without = await drill('web-1', '--level', 'D2')
    assert.deepEqual([without.exitCode, without.card.tried, without.card.checks.at(-1)?.code], [4, false, 'no-canary'], without.told)
    await pointName(names, canary, [source.address])
    const before = await serialOf(names)
    const { exitCode, card, told } = await drill('web-1', '--level', 'D2')
    assert.equal(exitCode, 0, told)
    assert.deepEqual(
      card.checks.find(({ code }) => code === 'canary')?.text,
      `${canary} led to ${target.address}, as every authority told, and leads to ${source.address} again.`,
    )
    assert.ok(card.tried && card.expiresAt !== null)
    assert.deepEqual([await addressesOfName(names, canary), await serialOf(names)], [[source.address], before + 2])
  })

  await t.test('D3: clients go there and back, no write is lost, the source serves again, and the standby is kept in step anew', async () => {
    const prober = startProber(scene)
    const { exitCode, card, told } = await drill('web-1', '--level', 'D3', '--yes')
    const { lost, turns } = await prober.stop()
    assert.equal(exitCode, 0, told)
    assert.deepEqual([lost, turns], [[], ['source', 'target', 'source']])
    assert.deepEqual([card.level, card.passed, card.tried, card.isolation?.packetsLeft, card.notDrilled], ['D3', true, true, 0, []])
    const ways = card.checks.map(({ about, code }) => `${about} ${code}`)
    for (const step of ['standby started', 'there commit-switch', 'there switch-dns', 'back commit-switch-back', 'back switch-dns-back', 'standby begun-again'])
      assert.ok(ways.includes(step), step)
    assert.ok((card.recoverySeconds ?? 0) > 0)
    t.diagnostic(`D3: the names led there ${card.recoverySeconds} s after the approval`)
    assert.equal(card.plan, seen[0]?.plan)
    const { seq } = (await scene.journal()).findLast(at('move', 'undone')) ?? { seq: Infinity }
    await scene.record(at('await-approval', 'waiting'), { after: seq })
    const { moves } = standbyCardSchema.parse((await ask('standby', 'status')).json)
    assert.deepEqual([moves[0]?.state, moves[0]?.drill?.level], ['in-step', 'D3'])
  })
})
