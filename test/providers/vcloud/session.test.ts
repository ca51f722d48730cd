// Sessions: which version is spoken, both log-ins and tokens, one session for all, opened again when lost.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exitStatusOf } from '../../../src/core/errors.ts'
import { Secret } from '../../../src/core/secret.ts'
import { readAnswer } from '../../../src/providers/vcloud/answer.ts'
import { chosenVersion, compare } from '../../../src/providers/vcloud/versions.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { calls, nodeNamed, openSource, startDirector } from './lab.ts'

const old = { versions: [{ version: '1.5' }, { version: '5.1' }] } as const

function chosen(...versions: string[]): string {
  const infos = versions.map((version) => `<VersionInfo deprecated="${version.endsWith('!')}"><Version>${version.replace('!', '')}</Version></VersionInfo>`)
  return chosenVersion(readAnswer(`<SupportedVersions>${infos.join('')}</SupportedVersions>`, 'It'), 'It')
}

describe('versions', () => {
  test('are compared number by number', () => {
    assert.deepEqual(['29.0', '9.0', '5.1', '27.0', '5.10', '1.5'].toSorted(compare), ['1.5', '5.1', '5.10', '9.0', '27.0', '29.0'])
    assert.equal(compare('36', '36.0'), 0)
  })

  test('the newest that both know is spoken: no alpha, none after 39, a deprecated one only when nothing else is left', () => {
    assert.equal(chosen('9.0', '29.0', '5.1'), '29.0')
    assert.equal(chosen('38.1', '39.1', '39.2.0-alpha', '40.0'), '39.1')
    assert.equal(chosen('36.3', '37.0!'), '36.3')
    assert.equal(chosen('36.3!', '37.0!'), '37.0')
    assert.equal(chosen('1.0', '1.5'), '1.5')
    for (const none of [['1.0'], ['40.0'], [], ['nonsense']]) assert.throws(() => chosen(...none), failsWith('source-refused', /Lifeboat speaks 1\.5 to 39/))
  })
})

describe('a session', () => {
  test('carries the version and the newest way to log in that the server has', async (t) => {
    for (const [options, login, accept] of [
      [{}, 'POST /cloudapi/1.0.0/sessions', 'application/*+xml;version=38.1'],
      [old, 'POST /api/sessions', 'application/*+xml;version=5.1'],
    ] as const) {
      const director = await startDirector(t, options)
      assert.equal((await (await openSource(t, director)).nodes(soon())).nodes.length, 4)
      assert.deepEqual(
        director.requests.slice(0, 3).map(({ where }) => where),
        ['GET /api/versions', login, 'GET /api/query'],
      )
      assert.equal(director.requests.at(-1)?.accept, accept)
    }
  })

  test('an API token opens one too', async (t) => {
    const director = await startDirector(t)
    const source = await openSource(t, director, { token: new Secret('api-token-of-the-lab') })
    assert.equal((await source.nodes(soon())).nodes.length, 4)
    assert.equal(calls(director, 'POST', '/oauth/tenant/shop/token'), 1)
  })

  test('a wrong password, organisation or token is one, exit 3, and is told nowhere', async (t) => {
    const director = await startDirector(t)
    const wrong = [{ password: new Secret('c4nary') }, { org: 'c4nary' }, { token: new Secret('c4nary') }]
    for (const more of wrong) {
      const failure: unknown = await (await openSource(t, director, more)).nodes(soon()).catch((error: unknown) => error)
      assert.ok(failsWith('source-login', /refuses the (log-in of ops@|API token for the organisation shop)/)(failure))
      assert.equal(exitStatusOf('source-login'), 3)
      if (!('org' in more)) assert.ok(!String(failure).includes('c4nary'))
    }
    const early = await startDirector(t, old)
    const token = await openSource(t, early, { token: new Secret('c4nary') })
    await assert.rejects(token.nodes(soon()), failsWith('source-login', /speaks version 5\.1, which knows no API tokens/))
  })

  test('one that ends between two answers is opened again, and the reading starts over', async (t) => {
    const director = await startDirector(t, { pageCap: 1 })
    await director.control('/sessions/end', { after: 3 })
    const { nodes, complete } = await (await openSource(t, director)).nodes(soon())
    assert.deepEqual([nodes.length, complete, director.logins()], [4, true, 2])
    assert.equal(calls(director, 'GET', '/api/query'), 4 + 5)
  })

  test('one that the server ends every time is an error that says so', async (t) => {
    const director = await startDirector(t)
    await director.control('/status', { code: 401, count: 1000 })
    // The versions are told without a log-in, so somebody else answers here.
    await assert.rejects((await openSource(t, director)).nodes(soon()), failsWith('answer-malformed', /answers 401 at this address/))
    await director.control('/faults/clear')
    const source = await openSource(t, director)
    await director.control('/sessions/end', { after: 0, always: true })
    await assert.rejects(source.nodes(soon()), failsWith('source-session-lost', /ended the session while it was to list its machines/))
  })

  test('parallel work shares one, and closing ends it on the server', async (t) => {
    const director = await startDirector(t)
    const source = await openSource(t, director)
    await Promise.all([source.nodes(soon()), source.nodes(soon()), nodeNamed(source, 'web-1')])
    assert.equal(director.logins(), 1)
    await source.close()
    await source.close()
    assert.equal(calls(director, 'DELETE', '/api/session'), 1)
  })

  test('closing a source whose server is gone succeeds', async (t) => {
    const director = await startDirector(t)
    const source = await openSource(t, director)
    await source.nodes(soon())
    await director.stop()
    await source.close()
    await assert.rejects((await openSource(t, director)).nodes(soon()), failsWith('source-unreachable', /./))
  })

  test('a busy server is asked again', async (t) => {
    const director = await startDirector(t)
    await director.control('/status', { code: 503, count: 2 })
    assert.equal((await (await openSource(t, director)).nodes(soon())).nodes.length, 4)
  })
})
