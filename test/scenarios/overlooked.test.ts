// What runs on a source and is not named by its move is told when the move begins, and who writes to its data as well.
import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')

const notices = z.array(z.object({ code: z.string(), text: z.string() }))

test('a move that begins tells what it would leave behind', async (t) => {
  const scene = await setScene({ config: { moves: { 'web-1': { singletons: null } } } })
  t.after(async () => await scene.stop())
  const source = scene.source('web-1')
  await source.run("mkdir -p /var/spool/cron/crontabs && echo '5 4 * * * /usr/bin/backup --password hush' > /var/spool/cron/crontabs/root")
  await source.run(`echo 'upstream ${source.address}:8080' > /etc/shop.conf`)
  await source.run("systemd-run --quiet --unit audit sh -c 'exec 3>>/srv/shop/audit.log; sleep 600'")
  await source.run('until test -e /srv/shop/audit.log; do sleep 0.02; done')

  const waiting = await scene.begin('migrate')
  assert.equal(waiting.exitCode, 4, waiting.stderr)
  const looked = (await scene.journal()).find(at('check-source', 'done'))
  assert.match(looked?.text ?? '', /^web-1 is at old; .*; ssh answers, 1 of 1 check passed\.$/)
  const told = (await scene.journal()).find(at('adopt-inventory', 'done'))
  const found = notices.parse(told?.details['hazards'])
  assert.deepEqual(
    found.map(({ code }) => code),
    ['job-not-named', 'literal-address', 'timer-not-named', 'writer-not-named'],
    JSON.stringify(found),
  )
  for (const said of [
    '/usr/bin/backup in /var/spool/cron/crontabs/root',
    `/etc/shop.conf of web-1 names its own address ${source.address}`,
    'shop-cron.timer',
    'audit.service has /srv/shop/audit.log open',
  ])
    assert.ok(told?.text.includes(said), `${said} is not in ${told?.text}`)
  assert.doesNotMatch(JSON.stringify(told), /hush/)
})
