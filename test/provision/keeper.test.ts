// The end of an engine whose controller is gone: nothing of it may work on when another process takes its place.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { runCli } from '../../src/provision/cli.ts'
import type { LeftRun, Turn } from '../../src/provision/engine.ts'
import { isAtWork, placeOf } from '../../src/provision/operation.ts'
import { awaitLeft } from '../../src/provision/turn.ts'
import { makeStateFolder, removeStateFolder } from './world.ts'

const signal = AbortSignal.timeout(60_000)

/** A `pulumi` that is a script, and a folder to run it in. */
async function script(t: TestContext, body: string): Promise<{ readonly path: string; readonly workDir: string }> {
  const root = await makeStateFolder()
  t.after(() => removeStateFolder(root))
  const [path, workDir] = [join(root, 'pulumi'), join(root, 'work')]
  await writeFile(path, `#!/bin/bash\n${body}\n`)
  await chmod(path, 0o755)
  await mkdir(workDir)
  return { path, workDir }
}

/** It takes no notice of a SIGINT, and has a plugin in a group of its own that does not either. */
const stubborn = 'trap "echo int >> signals" INT; set -m; sleep 600 & echo begun > signals; while :; do sleep 0.1; done'

describe('an engine', { concurrency: true }, () => {
  for (const how of ['SIGKILL', 'SIGSTOP'] as const) {
    it(`whose controller got a ${how} is asked to end, then killed with its plugins, in a known time`, async (t) => {
      const { path, workDir } = await script(t, stubborn)
      const options = { args: ['up'], workDir, environment: {}, graceMs: 60_000, keep: { lifeSeconds: 4, patienceSeconds: 1 } }
      const module = new URL('../../src/provision/cli.ts', import.meta.url).href
      const text = `const { runCli } = await import('${module}')
        await runCli({ path: '${path}', version: '3.259.0' }, { ...${JSON.stringify(options)}, signal: AbortSignal.timeout(60_000) })`
      const controller = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'inherit', 'inherit'] })
      const gone = once(controller, 'exit')
      t.after(() => void controller.kill('SIGKILL'))
      const signals = () => readFile(join(workDir, 'signals'), 'utf8').catch(() => null)
      await waitUntil(signals, { what: 'The begin', deadlineMs: 20_000, everyMs: 20, signal })
      await waitUntil(async () => ((await isAtWork(workDir)) ? true : null), { what: 'Its work', deadlineMs: 5000, everyMs: 20, signal })

      controller.kill(how)
      const began = performance.now()
      await waitUntil(async () => ((await isAtWork(workDir)) ? null : true), { what: 'The end', deadlineMs: 20_000, everyMs: 50, signal })
      t.diagnostic(`ended after ${((performance.now() - began) / 1000).toFixed(1)} s`)
      assert.equal(await signals(), 'begun\nint\n')
      controller.kill('SIGKILL')
      await gone
    })
  }

  it('that is watched for longer than its keeper is patient works on, and its keeper goes with it', async (t) => {
    const { path, workDir } = await script(t, 'sleep 6; echo through')
    const keep = { lifeSeconds: 3, patienceSeconds: 1 }
    const result = await runCli({ path, version: '3.259.0' }, { args: ['up'], workDir, environment: {}, signal, graceMs: 1000, keep })
    assert.deepEqual([result.exitCode, result.stdout], [0, 'through\n'])
    await waitUntil(async () => ((await isAtWork(workDir)) ? null : true), { what: 'The end', deadlineMs: 5000, everyMs: 50, signal })
  })

  it('that may not begin does not begin', async (t) => {
    const { path, workDir } = await script(t, 'echo begun > signals')
    const refusal = new LifeboatError('executor-replaced', 'No.')
    const told: string[] = []
    const run = { args: ['up'], workDir, environment: {}, signal, graceMs: 1000, ended: async () => await Promise.resolve(void told.push('ended')) }
    await assert.rejects(runCli({ path, version: '3.259.0' }, { ...run, begun: async () => await Promise.reject(refusal) }), refusal)
    await waitUntil(async () => ((await isAtWork(workDir)) ? null : true), { what: 'The end', deadlineMs: 5000, everyMs: 50, signal })
    assert.deepEqual([told, await readFile(join(workDir, 'signals'), 'utf8').catch(() => null)], [[], null])
    await runCli({ path, version: '3.259.0' }, run)
    assert.deepEqual([told, await readFile(join(workDir, 'signals'), 'utf8')], [['ended'], 'begun\n'])
  })
})

describe('engines that dead processes left', () => {
  const left = (run: Partial<LeftRun>) => ({ left: [{ host: 'paris', pid: 7, place: 'there', silentMs: 0, ...run }] }) as unknown as Turn

  it('are waited for until their keepers have surely ended them, and that is told', async () => {
    const began = performance.now()
    assert.deepEqual(await awaitLeft(left({ silentMs: 44_500 }), '/nowhere', signal), ['Waited 1 s for the end of what a dead process left running on paris.'])
    assert.ok(performance.now() - began >= 490)
    const reason = new Error('enough')
    await assert.rejects(awaitLeft(left({}), '/nowhere', AbortSignal.abort(reason)), reason)
  })

  it('are not waited for where it is known that they have ended', async () => {
    for (const silentMs of [null, 45_000, Infinity]) assert.deepEqual(await awaitLeft(left({ silentMs }), '/nowhere', signal), [])
    assert.deepEqual(await awaitLeft(left({ place: await placeOf('/nowhere') }), '/nowhere', signal), [], 'nothing runs on that folder')
  })
})
