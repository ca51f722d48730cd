// What both sides are compared for: before the switch everything, in the freeze what is new, and after it everything again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setCase } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { asReceiver } = await import('../support/receiver.ts')

const whole = /^whole-tree comparison: \d+ files, 0 differences, \d+\.\d s\.$/

test('a loss that no recorder named is told after the switch, with the price of the way back; the source still has it', async (t) => {
  const scene = await setCase(t, 'lost')
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const customers = scene.customers(10)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const logo = 'sha256sum < /srv/shop/logo.png'
  const was = await source.run(logo)

  const moving = scene.begin('migrate', '--yes', '--json')
  await moments.at('seal-source', 'done')
  await target.run(asReceiver('web-1', 'open my $f, "+<", "/srv/shop/logo.png"; seek $f, 7, 0; print $f "X"; close $f'))
  await moments.pass()
  const told = await scene.record(at('watch-target', 'failed'))
  assert.match(told.text, /^The target and the source differ in 1 name that nobody has changed since the switch, first: logo\.png of /)
  assert.match(told.text, /differs\. Rolling back takes about [\d.]+ s and loses 0 writes\.$/)

  const records = await scene.journal()
  const said = (step: string) => records.filter((record) => record.step === step).map(({ text }) => text)
  assert.ok(
    said('keep-in-sync').some((text) => whole.test(text)),
    said('keep-in-sync').join('\n'),
  )
  assert.match(said('verify-data').at(-1) ?? '', /^Both sides are equal \(\d+ ms\)\.$/)

  const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
  assert.equal(back.exitCode, 0, back.stdout + back.stderr)
  assert.equal((await moving).exitCode, 5)
  assert.equal(await source.run(logo), was)
  const figures = await customers.stop()
  assert.equal(figures.failed, 0)
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
})

test('a copy that went wrong is mended before the switch, and the freeze compares everything; what clients change is no difference', async (t) => {
  const scene = await setCase(t, 'torn')
  const customers = scene.customers(10)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  // Perl puts back whole seconds only.
  await scene.source('web-1').run('touch -d 2001-02-03 /srv/shop/logo.png')

  const moving = scene.begin('migrate', '--yes', '--json')
  await moments.at('first-sync', 'done')
  await scene
    .target('web-1')
    .run(
      asReceiver(
        'web-1',
        'open my $f, "+<", "/srv/shop/logo.png"; my @t = (stat $f)[8, 9]; seek $f, 7, 0; print $f "X"; close $f; utime @t, "/srv/shop/logo.png"',
      ),
    )
  await moments.pass()
  const { exitCode, stdout, stderr } = await moving
  assert.equal(exitCode, 0, stdout + stderr)

  const records = await scene.journal()
  const said = (step: string) => records.filter((record) => record.step === step).map(({ text }) => text)
  assert.ok(
    said('keep-in-sync').some((text) => /^1 difference that no recorder named, the first: logo\.png of .* differs\.$/.test(text)),
    said('keep-in-sync').join('\n'),
  )
  assert.match(said('keep-in-sync').findLast((text) => text.startsWith('whole-tree')) ?? '', whole)
  assert.match(said('verify-data').at(-1) ?? '', /The whole tree is compared: a recorder did not name what had changed\.$/)
  assert.ok(
    said('watch-target').some((text) => whole.test(text)),
    said('watch-target').join('\n'),
  )
  assert.match(said('watch-target').at(-1) ?? '', /whole-tree comparison: \d+ files, 0 differences/)
  const sums = async (side: 'source' | 'target') => await scene[side]('web-1').run('sha256sum < /srv/shop/logo.png')
  assert.equal(await sums('target'), await sums('source'))
  const figures = await customers.stop()
  assert.equal(figures.failed, 0)
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
})

test('a side without power before the switch closes the gate until both are compared anew', async (t) => {
  const scene = await setCase(t, 'power')
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())

  const moving = scene.begin('migrate', '--yes', '--json')
  await moments.at('check-ready', 'started')
  await scene.target('web-1').powerCut()
  await scene.target('web-1').powerOn()
  await moments.pass()
  const { exitCode, stdout, stderr } = await moving
  assert.equal(exitCode, 0, stdout + stderr)

  const records = await scene.journal()
  const refused = records.findIndex(({ step, state, text }) => step === 'check-ready' && state === 'failed' && text.startsWith('Both sides were not compared'))
  const compared = records.findIndex(({ step, text }, index) => index > refused && step === 'keep-in-sync' && whole.test(text))
  const ready = records.findIndex(at('check-ready', 'done'))
  assert.ok(refused > 0 && refused < compared && compared < ready, JSON.stringify(records.map(({ step, state, text }) => `${step} ${state} ${text}`)))
})
