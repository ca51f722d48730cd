// The engine's adapter without an engine: words, locks, pending creates, and the handling of a CLI that is only a script.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, it, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { waitUntil } from '../../src/io/wait.ts'
import { findCli, runCli } from '../../src/provision/cli.ts'
import { resourceOf, sentenceOf } from '../../src/provision/events.ts'
import { CliFailure, failureOf } from '../../src/provision/failures.ts'
import { staleLocks } from '../../src/provision/locks.ts'
import { exportSchema, pendingCreatesOf } from '../../src/provision/pending.ts'
import { withResolved } from '../../src/provision/recovery.ts'
import { isStrayRejection } from '../../src/provision/stray-rejections.ts'
import { prepareWorkFolder } from '../../src/provision/work-folder.ts'
import { makeStateFolder, processesOn, removeStateFolder } from './world.ts'

const signal = AbortSignal.timeout(60_000)

async function folderOf(t: TestContext): Promise<string> {
  const folder = await makeStateFolder()
  t.after(() => removeStateFolder(folder))
  return folder
}

describe('the sentence of a failure', () => {
  const circumstances = { stack: 'node-web-1', diagnostics: [], readFailure: () => null, secrets: [] }

  it("is the provider's own, without what the engine wraps around it", () => {
    const wrapped = [
      'sdk-v2/provider2.go:566: sdk.helper_schema: Error launching source instance: X: no: provider=aws@7.48.0',
      '1 error occurred:\n\t* Error launching source instance: X: no\n\n',
      'error: creating urn:pulumi:s::p::t::n: 1 error occurred:\n\t* Error launching source instance: X: no\n\tstatus code: 400, request id: r',
    ]
    for (const text of wrapped) assert.equal(sentenceOf(text), 'Error launching source instance: X: no')
  })
  it('skips what only says that something failed', () => {
    const diagnostics = [
      { resource: null, text: 'update failed' },
      { resource: 'Instance web-1', text: 'no room' },
    ]
    assert.match(failureOf(new CliFailure(1, 'error: update failed'), { ...circumstances, diagnostics }).message, /of Instance web-1 failed: no room$/)
  })
  it('is that of the CLI when the provider said nothing', () => {
    assert.match(
      failureOf(new CliFailure(1, 'warning: old\nerror: incorrect passphrase\n'), circumstances).message,
      /stack node-web-1 failed: incorrect passphrase$/,
    )
  })
  it('says who holds a lock since when', () => {
    const text =
      'error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n  file:///x.json: created by ops@paris (pid 77) at 2026-11-24T10:00:00Z'
    const error = failureOf(new CliFailure(1, text), circumstances)
    assert.equal(error.message, 'Stack node-web-1 is in use by ops@paris (process 77) since 2026-11-24T10:00:00Z.')
  })
  it('never shows a secret, wherever it stands', () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9+/]{8,20}$/)
    fc.assert(
      fc.property(word, fc.string(), fc.string(), (secret, before, after) => {
        const error = failureOf(new CliFailure(1, `error: ${before}${secret}${after}`), { ...circumstances, secrets: [secret] })
        assert.ok(!error.message.replaceAll('[secret]', '').includes(secret) || 'Provisioning of stack node-web-1 failed'.includes(secret))
      }),
    )
  })
  it('is made of anything at all', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (thrown, urn) => failureOf(thrown, circumstances).message !== '' && typeof resourceOf(urn) === 'string'),
      { examples: [[{ toString: null }, '']] },
    )
  })
})

describe('the lock of a stack', () => {
  const at = (folder: string) => ({ backendUrl: `file://${folder}`, project: 'shop', stack: 'net-new' })
  async function lock(folder: string, content: object): Promise<void> {
    const place = join(folder, '.pulumi/locks/organization/shop/net-new')
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'a.json'), JSON.stringify({ username: 'ops', timestamp: '2026-11-24T10:00:00Z', ...content }))
  }

  it('of a process that is gone is stale', async (t) => {
    const folder = await folderOf(t)
    assert.deepEqual(await staleLocks(at(folder)), [])
    await lock(folder, { pid: 2 ** 22 + 1, hostname: hostname() })
    assert.equal((await staleLocks(at(folder))).length, 1)
  })
  it('of a number that another program has taken over is stale', async (t) => {
    const folder = await folderOf(t)
    await lock(folder, { pid: process.pid, hostname: hostname() })
    assert.equal((await staleLocks(at(folder))).length, 1)
  })
  it('of another host is respected', async (t) => {
    const folder = await folderOf(t)
    await lock(folder, { pid: 1, hostname: 'paris' })
    await assert.rejects(staleLocks(at(folder)), { code: 'provision-busy', message: /ops@paris \(process 1\) since 2026-11-24T10:00:00Z/ })
  })
})

describe('pending creates', () => {
  const provider = { urn: 'urn:pulumi:s::shop::pulumi:providers:aws::new', type: 'pulumi:providers:aws', custom: true, id: 'p' }
  const instance = { urn: 'urn:pulumi:s::shop::aws:ec2/instance:Instance::web-1', type: 'aws:ec2/instance:Instance', custom: true, inputs: { ami: 'ami-1' } }
  const state = exportSchema.parse({
    version: 3,
    deployment: {
      manifest: { magic: 'm' },
      resources: [provider],
      pending_operations: [
        { type: 'creating', resource: instance },
        { type: 'creating', resource: { ...provider, urn: `${provider.urn}2` } },
        { type: 'updating', resource: provider },
      ],
    },
  })
  const [pending] = pendingCreatesOf(state)

  it('are those of objects at a provider, with what was asked for', () => {
    assert.equal(pendingCreatesOf(state).length, 1)
    assert.deepEqual({ name: pending?.name, inputs: pending?.inputs }, { name: 'web-1', inputs: { ami: 'ami-1' } })
  })
  it('that turned out to exist become resources, the others go, and all else stays', () => {
    assert.ok(pending)
    const { deployment } = withResolved(state, [{ pending, id: 'i-1' }])
    assert.deepEqual(deployment?.resources?.at(-1), { ...instance, id: 'i-1', outputs: { ami: 'ami-1' } })
    assert.deepEqual(deployment?.pending_operations, [])
    assert.deepEqual(deployment?.manifest, { magic: 'm' })
    assert.deepEqual(withResolved(state, [{ pending, id: null }]).deployment?.resources, [provider])
  })
  it('of a replacement leave the one before to be deleted', () => {
    assert.ok(pending)
    const replacing = exportSchema.parse({ deployment: { resources: [provider, { ...instance, id: 'i-0' }] } })
    const { deployment } = withResolved(replacing, [{ pending, id: 'i-1' }])
    assert.deepEqual(
      deployment?.resources?.map(({ id, delete: gone }) => [id, gone]),
      [
        ['p', undefined],
        ['i-0', true],
        ['i-1', undefined],
      ],
    )
  })
})

describe('the CLI', () => {
  /** A `pulumi` that is a script. */
  async function script(t: TestContext, body: string): Promise<{ root: string; workDir: string }> {
    const root = await folderOf(t)
    await mkdir(join(root, 'bin'))
    await writeFile(join(root, 'bin/pulumi'), `#!/bin/sh\n${body}\n`)
    await chmod(join(root, 'bin/pulumi'), 0o755)
    const workDir = join(root, 'work')
    await mkdir(workDir)
    return { root, workDir }
  }

  it('is taken from the folder that was named, else from the PATH of the environment', async (t) => {
    const { root } = await script(t, 'echo v3.259.0')
    assert.equal((await findCli(root, {}, signal)).version, '3.259.0')
    assert.equal((await findCli(undefined, { PATH: `/nowhere:${root}/bin` }, signal)).path, join(root, 'bin/pulumi'))
  })
  it('that is missing or too old is named with what is needed', async (t) => {
    const { root } = await script(t, 'echo v3.225.9')
    await assert.rejects(findCli(root, {}, signal), { code: 'tool-missing', message: /Pulumi 3\.226 or newer is needed; .*bin\/pulumi is 3\.225\.9/ })
    await assert.rejects(findCli(join(root, 'none'), {}, signal), { code: 'tool-missing', message: /there is none at .*none\/bin\/pulumi/ })
    await assert.rejects(findCli(undefined, { PATH: '/nowhere' }, signal), { code: 'tool-missing', message: /none on PATH/ })
  })
  it('answers its exit status and both outputs, and leaves no file behind', async (t) => {
    const { root, workDir } = await script(t, '[ "$1" = version ] && exec echo v3.259.0; echo "$TEST_WORD $*"; echo no >&2; exit 7')
    const cli = await findCli(root, {}, signal)
    const result = await runCli(cli, { args: ['up'], workDir, environment: { TEST_WORD: 'yes' }, signal, graceMs: 1000 })
    assert.deepEqual(result, { exitCode: 7, stdout: 'yes up --non-interactive\n', stderr: 'no\n' })
    assert.deepEqual(execFileSync('ls', ['-A', workDir]).toString(), '')
  })
  it('gets one SIGINT on an abort, and time to end in order', async (t) => {
    const { root, workDir } = await script(
      t,
      'trap "echo int >> signals; sleep 0.3; echo ended >> signals; exit 1" INT; echo begun > signals; while :; do sleep 0.05; done',
    )
    await aborted(root, workDir, 20_000)
    assert.equal(await readFile(join(workDir, 'signals'), 'utf8'), 'begun\nint\nended\n')
  })
  it('that does not end is killed with everything that it started', async (t) => {
    // The second one stands for a plugin: it takes no notice either, and has a group of its own.
    const { root, workDir } = await script(
      t,
      'trap "" INT; setsid sh -c "exec -a pulumi-plugin sleep 600" 2>/dev/null & echo begun > signals; while :; do sleep 0.05; done',
    )
    await aborted(root, workDir, 300)
    assert.deepEqual(await processesOn(workDir), [])
    const left = execFileSync('sh', ['-c', `grep -lsz '^LIFEBOAT_STACK_FOLDER=${workDir}$' /proc/[0-9]*/environ || true`]).toString()
    assert.equal(left, '')
  })

  async function aborted(root: string, workDir: string, graceMs: number): Promise<void> {
    const stop = new AbortController()
    const reason = new Error('enough')
    const running = runCli({ path: join(root, 'bin/pulumi'), version: '3.259.0' }, { args: ['up'], workDir, environment: {}, signal: stop.signal, graceMs })
    const begun = () => readFile(join(workDir, 'signals'), 'utf8').catch(() => null)
    await waitUntil(begun, { what: 'the begin', deadlineMs: 10_000, everyMs: 20, signal })
    stop.abort(reason)
    await assert.rejects(running, reason)
  }
})

test('the folder of a stack keeps what is in it, and only its owner can read it', async (t) => {
  const state = await folderOf(t)
  const folder = await prepareWorkFolder(state, 'shop', 'net-new')
  const file = join(folder, 'Pulumi.net-new.yaml')
  assert.match(await readFile(file, 'utf8'), /pulumi:disable-default-providers:\n\s+- "\*"/)
  await writeFile(file, 'encryptionsalt: kept\n')
  await prepareWorkFolder(state, 'shop', 'net-new')
  assert.equal(await readFile(file, 'utf8'), 'encryptionsalt: kept\n')
  assert.equal(execFileSync('stat', ['-c', '%a', folder, file]).toString(), '700\n600\n')
})

test('a call to an engine that has ended may go unheard; anything else that does still ends the process', () => {
  const module = new URL('../../src/provision/stray-rejections.ts', import.meta.url).href
  const outcomeOf = (reason: string) => {
    const script = `const { tolerateStrayRejections } = await import('${module}'); tolerateStrayRejections(); void Promise.reject(${reason}); await new Promise((settle) => setImmediate(settle))`
    return spawnSync(process.execPath, ['--input-type=module', '-e', script]).status
  }
  assert.equal(outcomeOf("Object.assign(new Error('Resource monitor is terminating'), { code: 14 })"), 0)
  assert.equal(outcomeOf("new Error('boom')"), 1)
})

test('what a call to an engine that has ended rejects with is known exactly', () => {
  const ended = Object.assign(new Error('Resource monitor is terminating'), { code: 14 })
  assert.ok(isStrayRejection(ended))
  for (const other of [new Error('boom'), Object.assign(new Error('read ECONNRESET'), { code: 14 }), null, 'x']) assert.ok(!isStrayRejection(other))
})
