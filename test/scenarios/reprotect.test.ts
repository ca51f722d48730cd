// Scenario 58: a source that was given up comes back. It never serves again by itself; what only it has is kept aside before
// anything overwrites it; then it follows, and going home loses nothing.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { oneSideServes } = await import('../support/sides.ts')
const { orderLines } = await import('../../lab/shop/orders.ts')

const last = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { readonly code?: string; readonly message?: string }

test('a source that was given up is salvaged, follows the target, and is gone home to', async (t) => {
  const scene = await setScene({ host: 'vsphere' })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const tell = async (...words: string[]) => await scene.begin(...words, '--yes', '--json')

  await t.test('before there was a fail-over there is nothing to take back', async () => {
    assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
    const { exitCode, stdout } = await tell('reprotect', 'web-1')
    assert.deepEqual([exitCode, last(stdout).code, last(stdout).message], [4, 'not-now', 'web-1 needs no `reprotect`: its source serves.'], stdout)
  })

  await t.test('cut off, it goes on alone: what is written there then nobody else has', async () => {
    await source.linkDown()
    await scene.record(({ step, state, text }) => step === 'await-approval' && state === 'waiting' && text.includes('is not kept in step'))
    const sql = [
      'cd /srv/shop',
      'mkdir -p "late folder"',
      `printf lost > "late folder/$(printf 'new\\nline')-ümläut"`,
      'echo changed > logo.png',
      // Long ago by its own word: only the inode tells.
      'touch -d @1500000000 logo.png',
      'mkdir -p cache && echo whatever > .lifeboat-deleted/ours || true',
      'sync',
    ]
    await source.run(sql.join('\n'))
  })

  await t.test('failed over, the target changes some of the same', async () => {
    const { exitCode, stdout, stderr } = await tell('failover', 'web-1')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    await target.run('cd /srv/shop; echo of the target > logo.png; rm "catalogue/dangling"; echo new > "new here"')
    const refused = await tell('rollback', 'web-1')
    assert.deepEqual([refused.exitCode, last(refused.stdout).code], [4, 'rollback-impossible'], refused.stdout)
  })

  await t.test('taken back, its fence is lifted and it follows; what only it had lies in a folder there, and nothing else', async () => {
    // Half-way the controller dies; the next one goes on.
    const left = tell('reprotect', 'web-1')
    await moments.at('reprotect', 'started')
    scene.killController()
    await moments.pass()
    await left
    assert.equal((await scene.begin('status')).exitCode, 0)
    await scene.record(at('reprotect', 'done'))
    const salvages = (await scene.journal()).filter(at('salvage-source', 'done'))
    assert.equal(salvages.length, 1)
    const salvaged = await scene.record((record) => record.step === 'salvage-source' && record.state === 'progress' && 'items' in record.details)
    const items = salvaged.details['items'] as readonly { readonly name: string; readonly bytes: number; readonly at: string }[]
    t.diagnostic(salvaged.text)
    const names = items.map(({ name }) => name).toSorted()
    assert.deepEqual(names, ['cron.log', 'late folder/new\nline-ümläut', 'logo.png', 'orders.log'])
    const place = String(salvaged.details['place'])
    assert.match(place, /^\/srv\/shop\/\.lifeboat-deleted\/salvage-/)
    assert.equal(
      (await source.run(`cd ${place}; find . -type f -printf x | wc -c; cat logo.png; stat -c %Y logo.png; cat "late folder"/*`)).trim(),
      '4\nchanged\n1500000000\nlost',
    )
    // Nothing of it was merged.
    assert.equal((await target.run('cat /srv/shop/logo.png')).trim(), 'of the target')
    assert.equal((await source.run('cat /srv/shop/logo.png "/srv/shop/new here"; ls /srv/shop')).includes('late'), false)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    const again = await tell('reprotect', 'web-1')
    assert.deepEqual([again.exitCode, last(again.stdout).code], [4, 'not-now'], again.stdout)
  })

  await t.test('home again, nothing that the target acknowledged is lost, and never did both sides take writes', async () => {
    const { exitCode, stdout, stderr } = await tell('rollback', 'web-1')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    const { turns, lost } = await prober.stop()
    const kept = await source.run('cat /srv/shop/.lifeboat-deleted/salvage-*/orders.log')
    assert.deepEqual(
      lost.filter((id) => !kept.includes(id)),
      [],
      'what is lost was salvaged',
    )
    t.diagnostic(`turns: ${turns.join(', ')}; ${lost.length} writes of the source alone, all of them salvaged`)
    assert.deepEqual(turns, ['source', 'target', 'source'])
    // Also those that nobody has any more are no newer than the first that the target took.
    const orders = (await orderLines(source)).map((line) => line.split('\t'))
    const firstOfTarget = Math.min(...orders.filter(([, , host]) => host === target.name).map(([, when]) => Number(when)))
    const taken = kept
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'))
    assert.deepEqual(
      taken.filter(([, when]) => Number(when) > firstOfTarget),
      [],
      'the source took writes beside the target',
    )
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [source.address])
  })

  await t.test('and over once more, to the end', async () => {
    const { exitCode, stdout, stderr } = await tell('migrate')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    await scene.record(at('await-finish', 'waiting'))
    await finishClean(scene)
  })
})
