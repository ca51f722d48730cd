// Scenario 34: a rehearsal tries services and checks where nobody notices it, and leaves the copy as it was.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { exec } from '../../src/io/exec.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { listingOf } = await import('../support/listing.ts')
const { preparedPair } = await import('../support/pair.ts')
const { startProber } = await import('../support/prober.ts')

type Status = { readonly moves: readonly { readonly rehearsal: unknown }[] }

const root = '/srv/shop'
/** Nobody listens there; whoever comes by is counted. */
const port = 4711
const checks = [{ http: 'http://{address}/health', expect: 200 }, { command: `test -s ${root}/orders.log` }, { command: 'systemctl is-active shop' }]

test('a rehearsal starts the services apart from everybody, leaves nothing, and the switch after it is what it would have been', async (t) => {
  const scene = await setScene({ sources: ['web-1', 'files-1'], config: { moves: { 'web-1': { checks } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await exec('curl', ['-s', '-X', 'POST', '-d', 'order-1', `http://${source.address}/orders`], { signal: t.signal, deadlineMs: 10_000 })
  await source.run('systemctl stop shop-cron.timer shop-cron.service')
  await source.run(`nft 'table inet watch { counter knocks { }; chain in { type filter hook input priority -500; tcp dport ${port} counter name knocks; }; }'`)
  const knocks = async () => Number(/packets (\d+)/.exec(await source.run('nft list counter inet watch knocks'))?.[1])
  const knock = `python3 -c 'import socket; socket.create_connection(("${source.address}", ${port}), 2)'`
  const service = async (lines: string): Promise<void> => {
    const folder = '/etc/systemd/system/shop.service.d'
    await target.run(`mkdir -p ${folder}; printf '[Service]\\n%s\\n' '${lines}' > ${folder}/rehearsed.conf; systemctl daemon-reload`)
  }
  const script = async (text: string): Promise<void> =>
    void (await target.run(`cat > /usr/local/bin/rehearsed << 'END'\n#!/bin/sh\n${text}\nEND\nchmod 755 /usr/local/bin/rehearsed`))
  // Whatever a service may write to: the copy, the disk beside it, a folder that systemd makes for it, /run.
  const writes = `date | tee ${root}/was-here /opt/was-here /var/lib/shop-state/was-here /run/was-here; mv ${root}/orders.log ${root}/moved; cp -p ${root}/moved ${root}/orders.log`
  const left = async () =>
    await target.run(`ls -d ${root}/was-here ${root}/moved /opt/was-here /var/lib/shop-state /run/was-here /run/systemd/system/*rehearsal* /run/lifeboat-web-1/rehearsal 2> /dev/null
      grep rehearsal /proc/self/mountinfo; systemctl list-units --all --plain --no-legend '*rehearsal*'; pgrep -f "[s]erve.py"; true`)
  const equal = async () => assert.equal(await listingOf(target, root), await listingOf(source, root))
  // systemd hears a moment later of what is mounted no more.
  const nothingLeft = async (deadlineMs = 5000) =>
    await waitUntil(async () => ((await left()) === '' ? true : null), { what: 'The end of a rehearsal', deadlineMs, everyMs: 200, signal: t.signal })
  const rehearse = async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', 'web-1', '--rehearse', '--yes', '--json')
    const told = (await scene.journal()).findLast(({ step, state }) => step === 'rehearse' && state !== 'progress')
    await nothingLeft()
    await equal()
    return { exitCode, text: told?.text ?? '', details: told?.details ?? {}, told: stdout.slice(-2000) + stderr }
  }

  await t.test('a check that does not hold closes the gate by its name, with all that was not tried', async () => {
    await service('StateDirectory=shop-state\nExecStartPost=+/usr/local/bin/rehearsed')
    await script(`${writes}; truncate -s 0 ${root}/orders.log`)
    const { exitCode, text, told } = await rehearse()
    assert.equal(exitCode, 4, told)
    assert.match(
      text,
      /`test -s \/srv\/shop\/orders.log` succeeds does not hold in the rehearsal: .*Not rehearsed: `systemctl is-active shop` succeeds \(asks systemd\)/,
    )
  })

  await t.test('the move keeps in step and rehearses once more when asked; a service that does not start is named', async () => {
    await script('exit 3')
    const { exitCode, text, told } = await rehearse()
    assert.equal(exitCode, 4, told)
    assert.match(text, /^shop.service did not start: exit-code.*Not rehearsed: `systemctl/)
    assert.equal((await scene.journal()).filter(at('rehearse', 'failed')).length, 2)
  })

  await t.test('what passes is told with its times, and nothing of what the services sent has reached the source', async () => {
    // A service that tells systemd when it is ready does so from its view, too.
    const ready = 'ExecStart=/bin/sh -c "systemd-notify --ready && exec python3 /opt/shop/serve.py orders /srv/shop"'
    await service(`StateDirectory=shop-state\nType=notify\nNotifyAccess=all\nExecStart=\n${ready}\nExecStartPost=+/usr/local/bin/rehearsed`)
    await script(`${writes}; ${knock}; exit 0`)
    const { exitCode, text, details, told } = await rehearse()
    assert.equal(exitCode, 0, told)
    assert.match(text, /1 service started in \d+ ms, 2 checks passed after \d+ ms; 0 packets left the rehearsal/)
    const { left: sent, refused } = details['packets'] as { left: number; refused: number }
    assert.deepEqual([sent, refused > 0, await knocks()], [0, true, 0])
    await target.attempt(knock)
    assert.ok((await knocks()) > 0, 'the same is counted when it is sent from outside')
  })

  await t.test('one that a dead controller left is ended by the next one, which rehearses anew', async () => {
    const moments = await openMoments(scene)
    await moments.arm('rehearse', 'progress')
    const command = scene.begin('migrate', 'web-1', '--rehearse', '--yes', '--json')
    await moments.reached()
    assert.match(await left(), /rehearsal-shop.service/)
    const seq = (await scene.journal()).at(-1)?.seq
    scene.killController()
    await moments.close()
    await command
    assert.equal((await scene.begin('status')).exitCode, 0)
    await scene.record(at('rehearse', 'done'), { after: seq ?? 0, withinMs: 30_000 })
    await nothingLeft()
  })

  await t.test('with nobody left the node ends it alone: when its time is over, and when the helper was killed', async () => {
    const { to, close } = await preparedPair(scene, 'web-1')
    t.after(close)
    await to.call({ op: 'rehearse', forMs: 3000 }, t.signal)
    assert.match(await left(), /rehearsal-shop.service/)
    await assert.rejects(to.call({ op: 'act', command: ['true'], deadlineMs: 1000 }, t.signal), { code: 'gate-closed', message: /a rehearsal is on/ })
    await nothingLeft(15_000)
    await to.call({ op: 'rehearse', forMs: 600_000 }, t.signal)
    await target.run('systemctl kill -s KILL lifeboat-web-1-helper')
    await nothingLeft(15_000)
    await equal()
  })

  await t.test('the switch after it loses nothing', async () => {
    await target.run('rm -r /etc/systemd/system/shop.service.d/rehearsed.conf && systemctl daemon-reload')
    const prober = startProber(scene)
    const { exitCode, stdout, stderr } = await scene.begin('approve', 'web-1', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    const journal = await scene.journal()
    const { startMs, checkMs } = journal.findLast(at('rehearse', 'done'))?.details ?? {}
    const forecast = journal.findLast(at('check-ready', 'done'))?.details['forecastSteps'] as Record<string, number>
    // A check was left out, so nothing that was measured goes into the forecast.
    assert.notEqual(forecast['promote-target'], startMs)
    assert.deepEqual([forecast['check-target'], typeof checkMs], [0, 'number'])
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    const late = await scene.begin('migrate', 'web-1', '--rehearse', '--json')
    assert.match(late.stdout, /web-1 is switched already; there is nothing to rehearse/)
    await finishClean(scene)
  })

  await t.test('where nothing was left out, what it measured is what the forecast counts with', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', 'files-1', '--rehearse', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    const { startMs, checkMs } = (await scene.journal()).findLast(at('rehearse', 'done'))?.details ?? {}
    const moments = await openMoments(scene, 'files-1')
    const { measured, rehearsal } = (await moments.known()).facts
    await moments.close()
    const status = JSON.parse((await scene.begin('status', 'files-1', '--json')).stdout) as Status
    assert.deepEqual(status.moves[0]?.rehearsal, rehearsal)
    assert.deepEqual([measured.startMs, measured.checkMs, rehearsal?.passed], [startMs, checkMs, true])
  })

  await t.test('a rollback in the middle of one ends it, and leaves nothing on either side', async () => {
    const files = scene.target('files-1')
    await files.run(
      'mkdir -p /etc/systemd/system/files.service.d && printf "[Service]\\nExecStartPre=sleep 60\\n" > /etc/systemd/system/files.service.d/slow.conf && systemctl daemon-reload',
    )
    const command = scene.begin('migrate', 'files-1', '--rehearse', '--json')
    const starts = async () => ((await files.run('pgrep -f "[s]leep 60" || true')) === '' ? null : true)
    await waitUntil(starts, { what: 'A rehearsal', deadlineMs: 30_000, everyMs: 100, signal: t.signal })
    const { exitCode, stdout, stderr } = await scene.begin('rollback', 'files-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.equal((await command).exitCode, 5)
    assert.equal(await files.run('grep rehearsal /proc/self/mountinfo; ls /run/systemd/system | grep rehearsal; pgrep -f "[s]leep 60"; true'), '')
  })
})
