// What a source does to the power of a machine beyond the promises that all sources share.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Source } from '../../../src/providers/provider.ts'
import { setPower } from '../../../src/providers/vcloud/power.ts'
import { runTask } from '../../../src/providers/vcloud/tasks.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { calls, connect, nodeNamed, openSource, startDirector, type Director } from './lab.ts'

type Scene = { readonly director: Director; readonly source: Source; readonly id: string }

async function scene(t: TestContext, name: string): Promise<Scene> {
  const director = await startDirector(t)
  const source = await openSource(t, director)
  return { director, source, id: (await nodeNamed(source, name)).id }
}

describe('power', () => {
  test('a guest that hears ends by itself, and its machine is undeployed', async (t) => {
    const { director, source, id } = await scene(t, 'web-1')
    await source.power(id, 'off', soon())
    assert.deepEqual([calls(director, 'POST', '/shutdown'), calls(director, 'POST', '/undeploy')], [1, 1])
    assert.deepEqual(director.events, [{ event: 'power', machine: 'web-1', power: 'off' }])
    const { body } = director.requests.find(({ where }) => where.endsWith('/undeploy')) ?? assert.fail()
    assert.match(body, /^<UndeployVAppParams xmlns="http:\/\/www\.vmware\.com\/vcloud\/v1\.5"><UndeployPowerAction>powerOff</)
  })

  test('a guest without Tools does not hear, and its power is cut', async (t) => {
    const { director, source, id } = await scene(t, 'mute-1')
    await source.power(id, 'off', soon())
    assert.deepEqual([calls(director, 'POST', '/shutdown'), calls(director, 'POST', '/undeploy')], [1, 1])
    assert.equal((await nodeNamed(source, 'mute-1')).power, 'off')
  })

  test('a guest that hears but does not end has its time, then its shutdown is cancelled and its power is cut', async (t) => {
    const { director, source, id } = await scene(t, 'web-1')
    await director.control('/deaf', { vm: 'web-1' })
    await connect(t, director).run((session) => setPower(session, id, 'off', soon(), 100), soon())
    assert.equal(calls(director, 'POST', '/action/cancel'), 1)
    assert.equal((await nodeNamed(source, 'web-1')).power, 'off')
  })

  test('a machine that is off but deployed is undeployed, one that is off for good is not touched', async (t) => {
    const { director, source, id } = await scene(t, 'web-1')
    const act = { act: 'cut its power', signal: soon() }
    await connect(t, director).run((session) => runTask(session, `/api/vApp/${id}/power/action/powerOff`, act), soon())
    await source.power(id, 'off', soon())
    await source.power(id, 'off', soon())
    await source.power((await nodeNamed(source, 'db-1')).id, 'on', soon())
    assert.deepEqual([calls(director, 'POST', '/shutdown'), calls(director, 'POST', '/undeploy'), calls(director, 'POST', '/powerOn')], [0, 1, 0])
  })

  test('a suspended machine is not switched off: its memory would be lost', async (t) => {
    const { director, source, id } = await scene(t, 'web-1')
    await director.control('/power', { vm: 'web-1', state: 'suspended' })
    const node = await nodeNamed(source, 'web-1')
    assert.deepEqual([node.power, node.hazards.map(({ code }) => code)], ['suspended', ['suspended']])
    await assert.rejects(source.power(id, 'off', soon()), failsWith('source-refused', /would lose the memory of vm-/))
    assert.equal(calls(director, 'POST', '/undeploy'), 0)
    await source.power(id, 'on', soon())
  })

  test('a machine that is busy with another task is waited for', async (t) => {
    const { director, source, id } = await scene(t, 'web-1')
    await director.control('/tasks', { ms: 150 })
    await Promise.all([source.snapshot(id, 'first', soon()), source.power(id, 'off', soon())])
    const node = await nodeNamed(source, 'web-1')
    assert.deepEqual([node.power, node.snapshots], ['off', 1])
  })

  test('a task that fails is one sentence with what it says', async (t) => {
    const { director, source, id } = await scene(t, 'old-1')
    await director.control('/task', { operation: 'vappDeploy', message: 'The quota of\n running machines is used up.' })
    await assert.rejects(
      source.power(id, 'on', soon()),
      failsWith('source-refused', /^The vCloud Director \S+ \(old\) failed to start vm-[\w-]+ \(The quota of running machines is used up\)\.$/),
    )
  })

  test('a task that does not end in time says so, and an abort ends the wait for it', async (t) => {
    const { director, id } = await scene(t, 'old-1')
    await director.control('/tasks', { ms: 60_000 })
    const { run } = connect(t, director)
    const place = `/api/vApp/${id}/power/action/powerOn`
    const late = run((session) => runTask(session, place, { act: 'start it', signal: soon() }, 100), soon())
    await assert.rejects(late, failsWith('source-refused', /did not start it within 0\.1 s; its task still runs/))
    const [over, reason] = [new AbortController(), new Error('enough')]
    const waiting = run((session) => setPower(session, id, 'on', over.signal), over.signal)
    setImmediate(() => over.abort(reason))
    await assert.rejects(waiting, reason)
  })

  test('what is no machine is not switched', async (t) => {
    const { director, source } = await scene(t, 'web-1')
    const vApp =
      director.requests
        .find(({ where }) => where.startsWith('GET /api/vApp/vapp-'))
        ?.where.split('/')
        .at(-1) ?? ''
    await assert.rejects(source.power(vApp, 'off', soon()), failsWith('source-refused', /is a VApp, not a machine/))
    await assert.rejects(source.power('vm-1/../vm-2', 'off', soon()), failsWith('source-refused', /does not let this account stop/))
  })
})
