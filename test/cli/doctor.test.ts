// Doctor and provider without a world: what is wrong on this machine, and bad input.
import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { doctorSchema } from '../../src/core/doctor/finding.ts'
import { calls, startProxy, startShop } from '../providers/vsphere/lab.ts'
import { openDesk } from '../support/cli.ts'
import { withoutVcsim } from '../support/vcsim.ts'

const yaml = `project: shop
providers:
  iron: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 } ] }
`

test('a state folder that others may read makes the machine unfit, until it is shut', async (t) => {
  const desk = await openDesk(t)
  await desk.write(yaml)
  const state = path.join(desk.folder, '.lifeboat')
  await mkdir(state)
  await chmod(state, 0o755)
  const found = await desk.lifeboat(['doctor', '--json'])
  assert.equal(found.exitCode, 4, found.stdout + found.stderr)
  const errors = doctorSchema.parse(JSON.parse(found.stdout)).findings.filter(({ severity }) => severity === 'error')
  assert.deepEqual(
    errors.map(({ about, code, hint }) => [about, code, hint]),
    [['this machine', 'state-mode', `chmod 700 ${state}`]],
  )
  await chmod(state, 0o700)
  const { exitCode, stdout } = await desk.lifeboat(['doctor'])
  assert.equal(exitCode, 0, stdout)
  assert.match(stdout, /^Fit for a move: 0 errors, 1 warning, \d+ in order\.\n\n! lifeboat\.yaml +It names no moves/)
})

test('a controller that cannot start is what the doctor finds', async (t) => {
  const desk = await openDesk(t)
  await desk.write(yaml)
  const state = path.join(desk.folder, '.lifeboat')
  await mkdir(path.join(state, 'db'), { recursive: true, mode: 0o700 })
  for (const [file, text] of [
    ['db/PG_VERSION', '18'],
    ['db/postmaster.pid', '1'],
    ['database.host', 'elsewhere'],
  ] as const)
    await writeFile(path.join(state, file), text)
  const { exitCode, stdout } = await desk.lifeboat(['doctor', '--json'])
  const { fit, findings } = doctorSchema.parse(JSON.parse(stdout))
  assert.deepEqual([exitCode, fit, findings.map(({ about, code }) => [about, code])], [4, false, [['this machine', 'database-unavailable']]])
})

test('bad input gets one sentence and its exit status', async (t) => {
  const desk = await openDesk(t)
  const fails = async (args: readonly string[], expected: readonly [number, string], sentence: RegExp) => {
    const { exitCode, stdout, stderr } = await desk.lifeboat([...args, '--json'])
    const failure = JSON.parse(stdout) as { code: string; message: string }
    assert.deepEqual([exitCode, failure.code], expected, stdout + stderr)
    assert.match(failure.message, sentence)
  }
  await fails(['doctor'], [2, 'config-missing'], /There is no lifeboat\.yaml/)
  await desk.write(`${yaml}moves: 7\n`)
  await fails(['doctor'], [2, 'config-invalid'], /moves/)
  await desk.write(yaml)
  await fails(['provider', 'irno'], [2, 'config-invalid'], /There is no provider irno in the configuration; did you mean iron\?/)
  await fails(['doctor', '--state', path.join(desk.folder, 'lifeboat.yaml/x')], [2, 'config-invalid'], /cannot be made \(ENOTDIR\)/)
})

test('a wrong password is tried once, however much is asked of that provider', { skip: withoutVcsim }, async (t) => {
  const desk = await openDesk(t)
  const vcsim = await startShop(t)
  const proxy = await startProxy(t, vcsim)
  const old = `{ kind: vsphere, url: "${proxy.url}", user: ops, password: env:VC, tls: { fingerprint: "${proxy.fingerprint}" } }`
  const moves = ['web-1', 'web-2'].map((name) => `  ${name}: { from: { provider: old, name: ${name} }, to: { provider: iron, node: web-1 } }\n`)
  await desk.write(`${yaml}  old: ${old}\nmoves:\n${moves.join('')}`)
  const { exitCode, stdout } = await desk.lifeboat(['doctor', '--json'], { VC: 'not the one' })
  const { findings } = doctorSchema.parse(JSON.parse(stdout))
  assert.equal(exitCode, 4)
  assert.deepEqual(
    findings.filter(({ about, severity }) => about === 'providers.old' && severity === 'error').map(({ code }) => code),
    ['source-login'],
  )
  assert.equal(calls(proxy, 'Login'), 1)
  // What the moves then say: there never was an inventory.
  assert.equal(findings.filter(({ about, code }) => about.startsWith('moves.') && code === 'source-unreachable').length, 2)
})

test('a provider that lets us in and refuses its inventory says why, beside what is known from before', { skip: withoutVcsim }, async (t) => {
  const desk = await openDesk(t)
  const vcsim = await startShop(t)
  const old = `{ kind: vsphere, url: "${vcsim.url}", user: ops, password: env:VC, tls: { fingerprint: "${vcsim.fingerprint}" } }`
  await desk.write(`${yaml}  old: ${old}\nmoves:\n  web-1: { from: { provider: old }, to: { provider: iron } }\n`)
  const found = async () => {
    const { stdout } = await desk.lifeboat(['doctor', '--json'], { VC: vcsim.password })
    const about = doctorSchema.parse(JSON.parse(stdout)).findings.filter((each) => each.about === 'providers.old')
    return about.map(({ severity, code }) => `${severity} ${code}`).filter((each) => !/certificate|clock|contact/.test(each))
  }
  await vcsim.order('/fault', { method: 'CreateContainerView', type: 'NoPermission' })
  assert.deepEqual(await found(), ['error source-refused', 'ok login'])
  await vcsim.order('/faults/clear')
  assert.deepEqual(await found(), ['ok login', 'ok inventory', 'ok rights'])
  await vcsim.order('/fault', { method: 'CreateContainerView', type: 'NoPermission' })
  assert.deepEqual(await found(), ['error source-refused', 'warning inventory-stored', 'ok login', 'ok rights'])
})
