import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { bindSecrets, isReference, resolveReferences, UnboundSecret, type Resolve } from '../../src/config/references.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'

describe('references to secrets', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-references-'))
    await writeFile(join(folder, 'token'), 'from a file\n')
    await writeFile(join(folder, 'windows'), 'two lines\r\nof windows\r\n')
    await writeFile(join(folder, 'empty'), '\n')
  })
  after(() => rm(folder, { recursive: true }))

  const options = (changes: Partial<Resolve> = {}): Resolve => ({
    baseFolder: folder,
    home: folder,
    env: { PATH: process.env['PATH'], TOKEN: ' spaces stay ', EMPTY: '' },
    signal: AbortSignal.timeout(10_000),
    ...changes,
  })
  const resolve = async (text: string, changes: Partial<Resolve> = {}) =>
    (await resolveReferences([{ reference: text, path: 'dns.zone.token', line: 7 }], options(changes))).get(text)?.reveal()

  it('are texts of three forms', () => {
    for (const text of ['env:NAME', 'env:_n1', 'file:/a b', 'file:~/x', 'command:pass show x | head -1', 'command:a\nb']) assert.ok(isReference(text), text)
    for (const text of ['env:', 'env:1A', 'env:A B', 'ENV:A', 'file:', 'command:', 'hunter2', 'https://x', ' env:A']) assert.ok(!isReference(text), text)
  })

  it('are read from the environment as they stand there', async () => {
    assert.equal(await resolve('env:TOKEN'), ' spaces stay ')
  })

  it('are read from files beside the configuration, at home or anywhere, without the line end at the end', async () => {
    assert.equal(await resolve('file:token'), 'from a file')
    assert.equal(await resolve('file:~/token', { baseFolder: '/' }), 'from a file')
    assert.equal(await resolve(`file:${folder}/windows`), 'two lines\r\nof windows')
  })

  it('are what a command prints, run by sh beside the configuration in the environment that is given', async () => {
    assert.equal(await resolve('command:cat token | tr a-z A-Z'), 'FROM A FILE')
    assert.equal(await resolve('command:printf %s "$TOKEN"'), ' spaces stay ')
  })

  it('that cannot be resolved fail with what is wrong, path and line', async () => {
    const failures: [string, string][] = [
      ['env:NOT_THERE', 'env:NOT_THERE is not set; dns.zone.token needs it (line 7).'],
      ['env:EMPTY', 'env:EMPTY is empty; dns.zone.token needs it (line 7).'],
      ['file:empty', 'file:empty is empty; dns.zone.token needs it (line 7).'],
      ['file:missing', 'file:missing cannot be read (ENOENT); dns.zone.token needs it (line 7).'],
      ['file:.', 'file:. cannot be read (EISDIR); dns.zone.token needs it (line 7).'],
      ['command:exit 3', 'command:exit … ended with exit code 3; dns.zone.token needs it (line 7).'],
      ['command:true', 'command:true … is empty; dns.zone.token needs it (line 7).'],
    ]
    for (const [text, message] of failures) await assert.rejects(resolve(text), { code: 'secret-unavailable', message })
  })

  it('that cannot be resolved show nothing of what a command was given or has printed', async () => {
    const error: unknown = await resolve('command:echo hunter2; echo hunter2 >&2; exit 1 # --token hunter2').catch((caught: unknown) => caught)
    assert.ok(error instanceof LifeboatError)
    assert.doesNotMatch(inspect(error, { depth: 9 }), /hunter2/)
  })

  it('may be left out where a command does not need them', async () => {
    const left: string[] = []
    const references = ['env:NOT_THERE', 'env:TOKEN', 'env:NOT_THERE'].map((reference, index) => ({ reference, path: `p${index}`, line: index }))
    const values = await resolveReferences(references, options({ onUnavailable: (error) => left.push(error.message) }))
    assert.deepEqual([...values.keys()], ['env:TOKEN'])
    assert.deepEqual(left, ['env:NOT_THERE is not set; p0 needs it (line 0).'])
  })

  it('stop with the reason of whoever stops them', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    setImmediate(() => stop.abort(reason))
    const onUnavailable = () => assert.fail('is not unavailable')
    await assert.rejects(resolve('command:exec sleep 30', { signal: stop.signal, onUnavailable }), reason)
    await assert.rejects(resolve('file:token', { signal: stop.signal, onUnavailable }), reason)
    const ours = new LifeboatError('not-now', 'Enough.')
    await assert.rejects(resolve('command:true', { signal: AbortSignal.abort(ours), onUnavailable: () => {} }), ours)
  })

  it('are bound wherever they stand, and nothing else is touched', () => {
    const document = { a: [new UnboundSecret('env:A'), 1], b: { c: new UnboundSecret('env:B'), d: null }, e: new Secret('kept') }
    const config = bindSecrets(document, new Map([['env:A', new Secret('a')]]))
    assert.equal((config.a[0] as Secret).reveal(), 'a')
    assert.throws(() => config.b.c.reveal(), { code: 'credentials-needed', message: 'The value of env:B is not here.' })
    assert.equal(config.e.reveal(), 'kept')
    assert.deepEqual([config.a[1], config.b.d], [1, null])
  })
})
