// What people type and write wrongly: each mistake is one sentence, a hint, and the exit status that scripts rely on.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { ExecResult } from '../../src/io/exec.ts'
import { openDesk } from '../support/cli.ts'

const page = `project: shop
providers:
  old: { kind: static, nodes: [ { name: web-1, address: 127.0.0.1 } ] }
  iron: { kind: static, nodes: [ { name: web-1, address: 127.0.0.2 } ] }
defaults:
  ssh: { user: root, port: 1 }
moves:
  web-1:
    from: { provider: old, name: web-1 }
    ssh: { address: 127.0.0.1 }
    to: { provider: iron, ssh: { address: 127.0.0.2 } }
    data: [ { kind: files, path: /srv/shop } ]
`
const withVCenter = (password: string): string =>
  page.replace('old: {', `vc: { kind: vsphere, url: https://127.0.0.1:1/sdk, user: ops, password: ${password} }\n  old: {`)

type Failure = { readonly schema: string; readonly code: string; readonly message: string; readonly hint: string; readonly details: Record<string, unknown> }

/** The one line of `lifeboat.error/1` on stdout, and nothing else there. */
function failureOf(result: ExecResult): Failure {
  const lines = result.stdout.trimEnd().split('\n')
  assert.equal(lines.length, 1, result.stdout)
  const failure = JSON.parse(lines[0] ?? '') as Failure
  assert.equal(failure.schema, 'lifeboat.error/1')
  for (const text of [failure.message, failure.hint]) assert.match(text, /\S\.?$/)
  return failure
}

test('a mistake in lifeboat.yaml', async (t) => {
  const desk = await openDesk(t)

  await t.test('names the nearest key for one that is not known', async () => {
    await desk.write(page.replace('providers:', 'provider:'))
    const result = await desk.lifeboat(['plan'])
    assert.equal(result.exitCode, 2, result.stderr)
    assert.equal(result.stdout, '')
    assert.match(result.stderr, /^✖ provider: is not known here; did you mean providers\? \(line 2\)\..* \(config-unknown-key\)\n  Try: .+\n$/)
  })

  await t.test('names the line of a literal secret and never prints its value', async () => {
    await desk.write(withVCenter('hunter2-hunter2'))
    for (const flags of [[], ['--json'], ['--verbose']]) {
      const result = await desk.lifeboat(['inventory', 'vc', ...flags])
      assert.equal(result.exitCode, 2)
      assert.match(result.stdout + result.stderr, /providers\.vc\.password: must be a reference .* \(line 3\)/)
      assert.doesNotMatch(result.stdout + result.stderr, /hunter2/)
    }
  })

  await t.test('names the variable that a secret refers to and that is not set', async () => {
    await desk.write(withVCenter('env:LIFEBOAT_TEST_ABSENT'))
    const result = await desk.lifeboat(['inventory', 'vc', '--json'])
    assert.equal(result.exitCode, 2)
    const failure = failureOf(result)
    assert.equal(failure.code, 'secret-unavailable')
    assert.equal(failure.message, 'env:LIFEBOAT_TEST_ABSENT is not set; providers.vc.password needs it (line 3).')
  })

  await t.test('says that there is none, and how to name one', async () => {
    const other = await openDesk(t)
    const result = await other.lifeboat(['plan', '--json'])
    assert.equal(result.exitCode, 2)
    const failure = failureOf(result)
    assert.equal(failure.code, 'config-missing')
    assert.ok(failure.message.includes(other.folder))
    assert.match(failure.hint, /--config/)
  })

  await t.test('says which named file cannot be read', async () => {
    const result = await desk.lifeboat(['plan', '--config', 'nowhere.yaml', '--json'])
    assert.equal(result.exitCode, 2)
    assert.match(failureOf(result).message, /nowhere\.yaml cannot be read\.$/)
  })
})

test('a command line that is wrong', async (t) => {
  const desk = await openDesk(t)

  await t.test('is told so with exit status 2, in one line with --json', async () => {
    await desk.write(page)
    for (const args of [['mirgate'], ['rollback'], ['plan', '--jsno'], ['report', '--lost', 'many']]) {
      const result = await desk.lifeboat([...args, '--json'])
      assert.equal(result.exitCode, 2, `${args.join(' ')}: ${result.stdout}${result.stderr}`)
      assert.equal(failureOf(result).code, 'usage')
      assert.equal(result.stderr, '')
    }
  })

  await t.test('suggests the command that was meant', async () => {
    const result = await desk.lifeboat(['mirgate'])
    assert.equal(result.exitCode, 2)
    assert.equal(result.stdout, '')
    assert.match(result.stderr, /^✖ There is no command mirgate; did you mean migrate\? \(usage\)\n  Try: .+\n$/)
  })

  await t.test('without a command and without a terminal asks for a command', async () => {
    const result = await desk.lifeboat(['--json'])
    assert.equal(result.exitCode, 2)
    assert.equal(failureOf(result).code, 'answer-needed')
  })
})

test('help, version and schema need neither configuration nor controller', async (t) => {
  const desk = await openDesk(t)
  const [help, version, schema] = await Promise.all([desk.lifeboat(['--help']), desk.lifeboat(['--version']), desk.lifeboat(['schema'])])
  for (const result of [help, version, schema]) {
    assert.equal(result.exitCode, 0, result.stderr)
    assert.equal(result.stderr, '')
  }
  for (const word of ['inventory', 'plan', 'migrate', 'status', 'approve', 'pause', 'rollback', 'finish', 'report', 'schema', '--json', '--yes'])
    assert.ok(help.stdout.includes(word), word)
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  const json = JSON.parse(schema.stdout) as { $schema?: string; properties?: Record<string, unknown> }
  assert.match(String(json.$schema), /^https:\/\/json-schema\.org\//)
  assert.deepEqual(
    ['project', 'providers', 'moves'].filter((key) => json.properties?.[key] === undefined),
    [],
  )
})

test('the controller refuses what cannot be, in one sentence', async (t) => {
  const desk = await openDesk(t)
  await desk.write(page)

  await t.test('a move that lifeboat.yaml does not have', async () => {
    for (const command of ['plan', 'migrate']) {
      const result = await desk.lifeboat([command, 'web-2', '--json'])
      assert.equal(result.exitCode, 2, result.stdout)
      const failure = failureOf(result)
      assert.equal(failure.code, 'move-unknown')
      assert.match(failure.message, /web-2.*web-1/)
    }
  })

  await t.test('a move that was never started', async () => {
    for (const command of ['status', 'approve', 'rollback', 'report']) {
      const result = await desk.lifeboat([command, 'web-1', '--json'])
      assert.equal(result.exitCode, 2, `${command}: ${result.stdout}`)
      assert.equal(failureOf(result).code, 'move-unknown')
    }
  })

  await t.test('a provider that lifeboat.yaml does not have', async () => {
    const result = await desk.lifeboat(['inventory', 'olt', '--json'])
    assert.equal(result.exitCode, 2)
    assert.match(failureOf(result).message, /^There is no provider olt in the configuration; did you mean old\?$/)
  })

  await t.test('a node whose name two have, naming the ids to choose from', async () => {
    await desk.write(page.replace('nodes: [ {', 'nodes: [ { name: web-1, id: rack-7, address: 127.0.0.3 }, {'))
    const result = await desk.lifeboat(['plan', '--json'])
    await desk.write(page)
    assert.equal(result.exitCode, 2, result.stdout)
    const failure = failureOf(result)
    assert.equal(failure.code, 'node-ambiguous')
    assert.equal(failure.message, 'old has 2 nodes called web-1: rack-7, web-1.')
    assert.match(failure.hint, /by its id/)
  })

  await t.test('a plan that is not the one that was shown', async () => {
    const result = await desk.lifeboat(['migrate', '--plan', '0123456789abcdef', '--json'])
    assert.equal(result.exitCode, 4)
    assert.equal(failureOf(result).code, 'plan-changed')
  })

  await t.test('a time that is none, or has passed', async () => {
    for (const [time, says] of [
      ['soon', /^--at soon is no time like 22:00/],
      ['2020-01-01T00:00Z', /^--at 2020-01-01T00:00Z has passed/],
    ] as const) {
      const result = await desk.lifeboat(['migrate', '--yes', '--at', time, '--json'])
      assert.equal(result.exitCode, 2, result.stdout)
      assert.match(failureOf(result).message, says)
    }
  })

  await t.test('a node that nobody can reach fails the move; the question about going back names its flag', async () => {
    const moved = await desk.lifeboat(['migrate', '--yes'])
    assert.equal(moved.exitCode, 3, moved.stderr)
    assert.match(moved.stderr, /root@127\.0\.0\.1:1 does not answer over ssh: Connection refused/)
    assert.match(moved.stderr, /Try: /)
    const asked = await desk.lifeboat(['rollback', 'web-1', '--json'])
    assert.equal(asked.exitCode, 2, asked.stdout)
    const failure = failureOf(asked)
    assert.equal(failure.code, 'answer-needed')
    assert.match(failure.message, /--yes/)
    const back = await desk.lifeboat(['rollback', 'web-1', '--yes'])
    assert.equal(back.exitCode, 0, back.stderr)
  })
})
