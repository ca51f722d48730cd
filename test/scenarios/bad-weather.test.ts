// What goes wrong around a move before anything is switched. Each time: one sentence, a hint, the right exit status,
// customers who notice nothing, and the same command going on once the cause is mended.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { ExecResult } from '../../src/io/exec.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')
const { causeFault } = await import('../../lab/faults.ts')
const { attempt } = await import('../../lab/command.ts')

type Failure = { readonly schema: string; readonly code: string; readonly message: string; readonly hint: string; readonly details: Record<string, unknown> }

const wrongPassword = 'wrong horse battery staple'

/** The failure that a command told with --json as its last line. */
function failureOf(result: ExecResult, expected: { readonly exit: number; readonly code: string }): Failure {
  const said = result.stdout + result.stderr
  const failure = JSON.parse(result.stdout.trimEnd().split('\n').at(-1) ?? '') as Failure
  assert.equal(failure.schema, 'lifeboat.error/1', said)
  assert.deepEqual({ exit: result.exitCode, code: failure.code }, expected, said)
  assert.match(failure.message, /^[^\n]+[.?]$/)
  assert.match(failure.hint, /^[^\n]+$/)
  assert.doesNotMatch(said, /opens nothing|horse battery|Unexpected:/)
  return failure
}

test('bad weather around a move', async (t) => {
  const scene = await setScene({ host: 'vsphere' })
  t.after(async () => await scene.stop())
  const customers = scene.customers(5)
  const prober = startProber(scene)
  const [vcenter, source, target] = [scene.host ?? assert.fail(), scene.source('web-1'), scene.target('web-1')]
  const state = path.join(scene.folder, '.lifeboat')

  /** Runs `act` while a file of the project has other contents. */
  const during = async (file: string, change: (text: string) => string, act: () => Promise<void>): Promise<void> => {
    const place = path.join(scene.folder, file)
    const before = readFileSync(place, 'utf8')
    writeFileSync(place, change(before))
    await act().finally(() => writeFileSync(place, before))
  }
  const works = async (...args: string[]): Promise<ExecResult> => {
    const result = await scene.lifeboat(args)
    assert.equal(result.exitCode, 0, result.stdout + result.stderr)
    return result
  }

  await t.test('a wrong password of the vCenter is told as such', async () => {
    await during(
      'secrets/host-password',
      () => wrongPassword,
      async () => {
        const failure = failureOf(await scene.lifeboat(['inventory', 'old', '--json']), { exit: 3, code: 'source-login' })
        assert.match(failure.message, /192\.0\.2\.10 .*user or password is wrong/)
      },
    )
    await works('inventory', 'old')
  })

  await t.test('a certificate that is not the pinned one is refused, with what to compare and how to pin it', async () => {
    const other = `sha256:${Array.from({ length: 32 }, () => 'AB').join(':')}`
    await during(
      'lifeboat.yaml',
      (text) => text.replace(vcenter.fingerprint, other),
      async () => {
        const failure = failureOf(await scene.lifeboat(['inventory', 'old', '--json']), { exit: 3, code: 'certificate-untrusted' })
        assert.equal(failure.details['fingerprint'], vcenter.fingerprint)
        assert.ok(failure.message.includes(`tls: { fingerprint: "${vcenter.fingerprint}" }`), failure.message)
      },
    )
  })

  await t.test('a vCenter behind a proxy that answers 503 for a moment is asked again', async () => {
    await vcenter.control('/status', { code: 503, count: 2, retryAfter: '1' })
    await works('inventory', 'old')
  })

  await t.test('a plan goes on with what was seen before while the vCenter answers nothing', async () => {
    await causeFault(scene, 'host', 'host-dead')
    await works('plan')
    await causeFault(scene, 'host', 'none')
  })

  // It is asked again for two minutes before it is given up.
  const patient = { skip: process.env['LIFEBOAT_SCENARIOS'] === 'all' ? false : 'takes minutes; LIFEBOAT_SCENARIOS=all runs it' }
  await t.test('a vCenter that answers 503 for good is told as such', patient, async () => {
    await causeFault(scene, 'host', 'host-503')
    const failure = failureOf(await scene.lifeboat(['inventory', 'old', '--json']), { exit: 3, code: 'source-unreachable' })
    assert.match(failure.message, /503/)
    await causeFault(scene, 'host', 'none')
    await works('inventory', 'old')
  })

  await t.test('another plan than the one that was read is refused', async () => {
    const failure = failureOf(await scene.lifeboat(['migrate', '--plan', 'WRONG', '--json']), { exit: 4, code: 'plan-changed' })
    assert.match(failure.message, /not WRONG/)
  })

  await t.test('a source without rsync is told as such', async () => {
    await source.run('mv /usr/bin/rsync /usr/bin/rsync.away')
    const failure = failureOf(await scene.lifeboat(['migrate', '--yes', '--json']), { exit: 3, code: 'node-tool-missing' })
    assert.match(failure.message, /rsync .*source.*198\.51\.100\.11/)
    await source.run('mv /usr/bin/rsync.away /usr/bin/rsync')
  })

  await t.test('a target whose disk is too small is told as such, with both sizes', async () => {
    await target.run('mount -t tmpfs -o size=64k tmpfs /srv')
    const failure = failureOf(await scene.lifeboat(['migrate', '--yes', '--json']), { exit: 3, code: 'disk-too-small' })
    assert.match(failure.message, /\d+ MiB.*\d+ MiB/)
    await target.run('umount -l /srv')
  })

  await t.test('a source with another host key than before is not talked to', async () => {
    const again = 'systemctl stop ssh.socket ssh.service; pkill -x sshd; systemctl start ssh.service'
    await source.run(`cp -a /etc/ssh /root/ssh-before; rm /etc/ssh/ssh_host_*; ssh-keygen -q -A; ${again}`)
    await source.ready()
    const failure = failureOf(await scene.lifeboat(['migrate', '--yes', '--json']), { exit: 3, code: 'host-key-changed' })
    assert.match(failure.message, /old\/vm-\d+.*198\.51\.100\.11/)
    assert.match(failure.hint, /known_hosts/)
    await source.run(`rm -r /etc/ssh; mv /root/ssh-before /etc/ssh; ${again}`)
    await source.ready()
  })

  await t.test('once all is mended the same command goes on and switches, and nobody has lost anything', async () => {
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [source.address])
    await works('migrate', '--yes')
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [target.address])
    const asked = failureOf(await scene.lifeboat(['finish', 'web-1', '--json']), { exit: 2, code: 'answer-needed' })
    assert.match(asked.message, /--yes/)
    const figures = await customers.stop()
    assert.equal(figures.failed, 0)
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    await finishClean(scene)
  })

  await t.test('no password stands anywhere in the state folder', async () => {
    for (const secret of [vcenter.password, wrongPassword]) {
      const found = await attempt('grep', ['-rlaF', secret, state], {})
      assert.equal(found.stdout, '')
    }
  })
})
