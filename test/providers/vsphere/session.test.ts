// Sessions: one, opened when needed, opened again when lost, ended on closing.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sleep } from '../../../src/io/wait.ts'
import { withoutVcsim } from '../../support/vcsim.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { calls, openSource, startProxy, startShop } from './lab.ts'

describe('a session', { skip: withoutVcsim }, () => {
  test('a session that ends between two pages is opened again, and every machine comes once', async (t) => {
    const vcsim = await startShop(t, ['-page-cap', '1'])
    let ended = false
    const proxy = await startProxy(t, vcsim, async ({ forward }, { body }) => {
      const answer = await forward()
      if (!ended && body.includes('<RetrievePropertiesEx ') && body.includes('>VirtualMachine<')) {
        ended = true
        assert.ok(answer.body.includes('<token>'))
        await vcsim.order('/fault', { method: 'ContinueRetrievePropertiesEx', type: 'NotAuthenticated', count: 1, skip: 1 })
      }
      return answer
    })
    const { nodes, complete } = await (await openSource(t, vcsim, proxy)).nodes(soon())
    assert.deepEqual([nodes.map(({ name }) => name), complete], [['web-1', 'web-2', 'orders'], true])
    assert.equal(calls(proxy, 'Login'), 2)
  })

  test('a session that the server says is lost every time is an error that says so', async (t) => {
    const vcsim = await startShop(t, ['-page-cap', '1'])
    await vcsim.order('/fault', { method: 'ContinueRetrievePropertiesEx', type: 'NotAuthenticated' })
    await assert.rejects((await openSource(t, vcsim)).nodes(soon()), failsWith('source-session-lost', /ended the session while it was to list what it has/))
  })

  test('a session that idled away is opened again, and the old one is not sent along', async (t) => {
    const vcsim = await startShop(t, ['-session-timeout', '300ms'])
    let lastLogin: string | undefined = ''
    const proxy = await startProxy(t, vcsim, ({ forward }, asked) => {
      if (asked.body.includes('<Login ')) lastLogin = asked.headers.cookie
      return forward()
    })
    const source = await openSource(t, vcsim, proxy)
    const first = await source.nodes(soon())
    // Only time ends an idle session.
    await sleep(600, soon())
    assert.deepEqual(await source.nodes(soon()), first)
    assert.ok(calls(proxy, 'Login') >= 2)
    assert.equal(lastLogin, undefined)
  })

  test('a success without values, as some servers answer without a session, is a lost session and not an unknown inventory', async (t) => {
    const vcsim = await startShop(t)
    const id = (await (await openSource(t, vcsim)).nodes(soon())).nodes[0]?.id
    let stripped = 0
    const proxy = await startProxy(t, vcsim, async ({ forward }, { body, headers }) => {
      if (!body.includes('<RetrievePropertiesEx ') || !body.includes('>VirtualMachine<') || stripped > 0) return forward()
      stripped += 1
      const one = body.replace(/<obj type="ContainerView">.*<\/objectSet>/, `<obj type="VirtualMachine">${id}</obj></objectSet>`)
      const answer = await forward({ body: one, headers: { ...headers, cookie: '' } })
      assert.deepEqual([answer.status, answer.body.includes('missingSet'), answer.body.includes('NotAuthenticated')], [200, true, true])
      return answer
    })
    const { nodes, complete } = await (await openSource(t, vcsim, proxy)).nodes(soon())
    assert.deepEqual([nodes.length, complete, stripped, calls(proxy, 'Login')], [3, true, 1, 2])
  })

  test('closing ends the session on the server', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim)
    const source = await openSource(t, vcsim, proxy)
    await source.nodes(soon())
    await source.close()
    await source.close()
    assert.deepEqual([calls(proxy, 'Login'), calls(proxy, 'Logout'), calls(proxy, 'DestroyView')], [1, 1, 2])
  })

  test('closing a source whose vCenter is gone succeeds', async (t) => {
    const vcsim = await startShop(t)
    const source = await openSource(t, vcsim)
    await source.nodes(soon())
    await vcsim.stop()
    await source.close()
  })

  test('parallel work shares one log-in', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim)
    const source = await openSource(t, vcsim, proxy)
    await Promise.all([source.nodes(soon()), source.nodes(soon()), source.nodes(soon())])
    assert.equal(calls(proxy, 'Login'), 1)
  })
})
