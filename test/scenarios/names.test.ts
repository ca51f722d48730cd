// Scenarios 46 and 48: a name server that refuses our key, somebody else who changes a name, an answer that is lost.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { oneSideServes } = await import('../support/sides.ts')
const { isUpdate, startProxy } = await import('../support/dns-proxy.ts')
const { buildNetwork, nameServer } = await import('../../lab/network.ts')
const { pointName, serialOf } = await import('../support/zone.ts')

const name = 'www.shop.example'
const elsewhere = '203.0.113.250'

test('names change by compare-and-swap only, and once', async (t) => {
  await buildNetwork()
  let [drop, dropped] = [false, 0]
  const proxy = await startProxy(t, { address: nameServer, port: 53 }, (reply, request) => {
    if (!drop || !isUpdate(request)) return reply
    drop = false
    dropped++
    return null
  })
  const scene = await setScene({ config: { dns: { zone: { server: proxy.address, port: proxy.port } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const prober = startProber(scene)
  const names = scene.names ?? assert.fail()
  const keyFile = path.join(scene.folder, 'secrets', 'tsig')
  const key = readFileSync(keyFile, 'utf8')

  const pointTo = async (address: string) => await pointName(names, name, [address])

  await t.test('a name server that refuses the key stops the move before anything is copied', async () => {
    writeFileSync(keyFile, Buffer.alloc(32, 1).toString('base64'))
    const refused = await scene.begin('migrate', '--yes', '--json')
    writeFileSync(keyFile, key)
    assert.equal(refused.exitCode, 3, refused.stdout.slice(-1500) + refused.stderr)
    assert.match(refused.stdout, /dns-refused/)
    assert.equal(
      (await scene.journal()).some((record) => record.step === 'first-sync'),
      false,
    )
    assert.deepEqual(await names.addressesOf(name), [source.address])
  })

  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const running = scene.begin('migrate', '--yes', '--json')

  await t.test('a name that somebody else changed before the switch closes the gate: nobody has waited, and it stays as they left it', async () => {
    await moments.at('check-ready', 'started')
    await pointTo(elsewhere)
    await moments.pass()
    const failed = await scene.record(at('check-ready', 'failed'))
    assert.equal(failed.details['code'], 'names-changed')
    assert.deepEqual(await names.addressesOf(name), [elsewhere])
    assert.ok(!(await scene.journal()).some(at('hold-clients', 'started')))
    // Before it is put right, or the move would go on meanwhile.
    await moments.arm('check-ready', 'started')
    await pointTo(source.address)
  })

  await t.test('a target whose disk has become full closes the gate, too, with what is left and what is needed', async () => {
    await moments.reached()
    const after = (await scene.journal()).at(-1)?.seq ?? 0
    await target.run('fallocate -l $(($(df --output=avail -B1 /srv | tail -1) - 8388608)) /srv/filler')
    await moments.pass()
    const failed = await scene.record(at('check-ready', 'failed'), { after })
    assert.match(failed.text, /^203\.0\.113\.211 has \d MiB left for the data; the limit is 1\d MiB\.$/)
    await moments.arm('switch-dns', 'started')
    await target.run('rm /srv/filler')
  })

  await t.test('a name that somebody else changed stays as they left it; clients of the old address are served', async () => {
    await moments.reached()
    await pointTo(elsewhere)
    await moments.pass()
    const failed = await scene.record(at('switch-dns', 'failed'))
    assert.equal(failed.details['code'], 'names-changed')
    assert.match(failed.text, /www\.shop\.example was changed by somebody else: .*203\.0\.113\.250.*198\.51\.100\.11/)
    assert.deepEqual(await names.addressesOf(name), [elsewhere])
    await answersWithin(source.address, 2000)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })

  await t.test('once it is put right the move goes on; an answer of the name server that is lost changes the name once', async () => {
    drop = true
    await pointTo(source.address)
    const before = await serialOf(names)
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.equal(dropped, 1)
    assert.deepEqual(await names.addressesOf(name), [target.address])
    assert.equal((await serialOf(names)) - before, 1)
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    await finishClean(scene)
  })
})
