// The workflow for GitHub Actions that looks for drift: its steps run as they stand, with a lifeboat that answers as told.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { z } from 'zod'
import { openDesk } from '../support/cli.ts'

const template = await readFile(path.resolve(import.meta.dirname, '../../templates/standby-drift.yml'), 'utf8')
const job = z.object({ if: z.string(), steps: z.array(z.object({ id: z.string().optional(), run: z.string().optional(), uses: z.string().optional() })) })
const { jobs, on } = z.object({ on: z.record(z.string(), z.unknown()), jobs: z.object({ drift: job, preview: job }) }).parse(parse(template))
const scriptOf = (name: 'drift' | 'preview') => jobs[name].steps.find(({ id }) => id === name)?.run ?? assert.fail(name)

test('it comes each night and with a pull request, and calls commands and options that there are', async (t) => {
  assert.deepEqual(Object.keys(on), ['schedule', 'pull_request', 'workflow_dispatch'])
  const called = [...`${scriptOf('drift')}\n${scriptOf('preview')}`.matchAll(/npx lifeboat ([^|\n]*)/g)].map(([, words = '']) => words.trim().split(' '))
  assert.equal(called.length, 3)
  const desk = await openDesk(t)
  for (const words of called) {
    const { exitCode, stdout } = await desk.lifeboat([...words.filter((word) => !word.startsWith('-')), '--help'])
    assert.equal(exitCode, 0)
    assert.match(stdout, new RegExp(`^Usage: lifeboat ${words.filter((word) => !word.startsWith('-')).join(' ')} `))
    for (const flag of words.filter((word) => word.startsWith('-'))) assert.ok(stdout.includes(flag), flag)
  }
})

test('at night drift and silence fail the job; a pull request is answered with what differs, and fails only when nobody could be asked', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-actions-'))
  t.after(async () => await rm(folder, { recursive: true }))
  for (const [name, script] of [
    ['npx', 'echo "answer of $*"; exit "$STATUS"'],
    ['gh', 'echo "$*" > gh.args; cp body.md posted.md'],
  ] as const) {
    await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`)
    await chmod(path.join(folder, name), 0o755)
  }
  const run = async (name: 'drift' | 'preview', status: number): Promise<number> => {
    const env = { PATH: `${folder}:${process.env['PATH']}`, STATUS: String(status), GITHUB_STEP_SUMMARY: path.join(folder, 'summary'), PULL_REQUEST: '7' }
    // As the runner does where `shell: bash` is said.
    return await promisify(execFile)('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', scriptOf(name)], { cwd: folder, env }).then(
      () => 0,
      ({ code }: { readonly code: number }) => code,
    )
  }
  assert.deepEqual([await run('drift', 0), await run('drift', 4), await run('drift', 3)], [0, 4, 3])
  assert.equal(await readFile(path.join(folder, 'summary'), 'utf8'), 'answer of lifeboat standby drift\n')
  assert.deepEqual([await run('preview', 0), await run('preview', 4)], [0, 0])
  assert.match(
    await readFile(path.join(folder, 'posted.md'), 'utf8'),
    /```\nanswer of lifeboat plan --diff\n```[\s\S]*```\nanswer of lifeboat standby drift\n```/,
  )
  assert.match(await readFile(path.join(folder, 'gh.args'), 'utf8'), /^pr comment 7 --body-file body\.md/)
  await rm(path.join(folder, 'posted.md'))
  assert.notEqual(await run('preview', 3), 0)
  await assert.rejects(readFile(path.join(folder, 'posted.md')))
})
