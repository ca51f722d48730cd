// The rules of the simulator that the tests of the source rely on.
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { describe, test } from 'node:test'
import { runTask, startTask } from '../../../src/providers/vcloud/tasks.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { connect, nodeNamed, openSource, startDirector } from './lab.ts'

async function post(url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', rejectUnauthorized: false, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

describe('the simulator', () => {
  test('takes orders over HTTP, too', async (t) => {
    const director = await startDirector(t)
    assert.equal(await post(`${director.url}/control/power`, '{"vm":"web-1","state":"off"}'), 200)
    assert.equal((await nodeNamed(await openSource(t, director), 'web-1')).power, 'off')
    assert.deepEqual(director.events, [{ event: 'power', machine: 'web-1', power: 'off' }])
    assert.equal(await post(`${director.url}/control/power`, '{"vm":"nobody","state":"off"}'), 400)
    assert.equal(await post(`${director.url}/control/nonsense`, ''), 400)
  })

  test('holds a machine while a task is under way, and takes back nothing but whole sections', async (t) => {
    const director = await startDirector(t)
    await director.control('/tasks', { ms: 60_000 })
    const { id } = await nodeNamed(await openSource(t, director), 'web-1')
    const { run } = connect(t, director)
    const asking = { act: 'try', signal: soon() }
    await run(async (session) => {
      const cards = `/api/vApp/${id}/networkConnectionSection/`
      const { text } = await session.ask(cards, asking)
      const body = { type: 'application/vnd.vmware.vcloud.networkConnectionSection+xml', xml: text.replace(/<NetworkConnection .*?<\/NetworkConnection>/, '') }
      await assert.rejects(runTask(session, cards, { ...asking, method: 'PUT', body }), failsWith('source-refused', /does not name the cards of this machine/))
      const wrong = { ...body, type: 'text/xml' }
      await assert.rejects(runTask(session, cards, { ...asking, method: 'PUT', body: wrong }), failsWith('source-refused', /wants networkConnectionSection/))
      const task = await startTask(session, `/api/vApp/${id}/power/action/suspend`, asking)
      assert.equal(task.state, 'running')
      await assert.rejects(startTask(session, `/api/vApp/${id}/power/action/reset`, asking, 0), failsWith('source-refused', /nothing that this machine can do/))
      await assert.rejects(
        startTask(session, `/api/vApp/${id}/power/action/powerOff`, asking, 0),
        failsWith('source-refused', /is busy completing an operation vappSuspend/),
      )
    }, soon())
  })

  test('refuses a version that it does not have', async (t) => {
    const director = await startDirector(t)
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = { accept: 'application/*+xml;version=5.5' }
      request(`${director.url}/api/query`, { headers, rejectUnauthorized: false, agent: false }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += String(chunk)))
        response.on('end', () => resolve(`${response.statusCode} ${text}`))
      })
        .on('error', reject)
        .end()
    })
    assert.match(answer, /^406 .*minorErrorCode="NOT_ACCEPTABLE"/s)
  })
})
