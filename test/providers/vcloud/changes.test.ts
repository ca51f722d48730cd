// Snapshots and network cards: nothing of somebody else's is overwritten, and what was is brought back.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Source } from '../../../src/providers/provider.ts'
import { writeMark } from '../../../src/providers/vcloud/marks.ts'
import { runTask } from '../../../src/providers/vcloud/tasks.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { calls, connect, nodeNamed, openFence, openSource, startDirector, type Director } from './lab.ts'

type Scene = { readonly director: Director; readonly source: Source; readonly id: string }

async function scene(t: TestContext, name = 'web-1'): Promise<Scene> {
  const director = await startDirector(t)
  const source = await openSource(t, director)
  return { director, source, id: (await nodeNamed(source, name)).id }
}

describe('snapshots', () => {
  test("somebody else's is never overwritten, and the inventory warns of it", async (t) => {
    const { director, source, id } = await scene(t)
    await director.control('/snapshot', { vm: 'web-1' })
    await assert.rejects(source.snapshot(id, 'before', soon()), failsWith('source-refused', /has one \(20\d\d-.*\); taking before would delete it/))
    assert.equal(calls(director, 'POST', '/createSnapshot'), 0)
    const node = await nodeNamed(source, 'web-1')
    assert.deepEqual([node.snapshots, node.hazards.map(({ code }) => code)], [1, ['snapshots']])
  })

  test('our own of another name is not overwritten either', async (t) => {
    const { source, id } = await scene(t)
    await source.snapshot(id, 'first', soon())
    await assert.rejects(source.snapshot(id, 'second', soon()), failsWith('source-refused', /taking second would delete it/))
    await source.snapshot(id, 'first', soon())
  })

  test('one that somebody took in the place of ours is not taken for ours', async (t) => {
    const { director, source, id } = await scene(t)
    await source.snapshot(id, 'before', soon())
    await director.control('/snapshot', { vm: 'web-1', created: '2031-01-01T00:00:00.000Z' })
    await assert.rejects(source.snapshot(id, 'before', soon()), failsWith('source-refused', /has one \(2031-01-01/))
  })

  test('a crash between the note and the snapshot is made good by taking it, one after it finds it taken', async (t) => {
    const { director, source, id } = await scene(t)
    const asking = { act: 'note it', signal: soon() }
    const crash = (): Promise<void> => connect(t, director).run((session) => writeMark(session, id, 'lifeboat.snapshot', 'before', asking), soon())
    await crash()
    await source.snapshot(id, 'before', soon())
    await crash()
    await source.snapshot(id, 'before', soon())
    assert.deepEqual([(await nodeNamed(source, 'web-1')).snapshots, calls(director, 'POST', '/createSnapshot')], [1, 1])
  })

  test('a guest that would not hold still gets one without that', async (t) => {
    const { director, source, id } = await scene(t, 'mute-1')
    await source.snapshot(id, 'before', soon())
    const quiesced = director.requests.filter(({ where }) => where.endsWith('/createSnapshot')).map(({ body }) => /quiesce="(\w+)"/.exec(body)?.[1])
    assert.deepEqual(quiesced, ['true', 'false'])
    assert.equal((await nodeNamed(source, 'mute-1')).snapshots, 1)
  })
})

/** As somebody does it in the portal. */
async function plug(t: TestContext, director: Director, id: string, index: number, connected: boolean): Promise<void> {
  const place = `/api/vApp/${id}/networkConnectionSection/`
  await connect(t, director).run(async (session) => {
    const { text } = await session.ask(place, { act: 'show', signal: soon() })
    const xml = text.replace(new RegExp(`(<NetworkConnectionIndex>${index}<.*?<IsConnected>)\\w+`), `$1${connected}`)
    const body = { type: 'application/vnd.vmware.vcloud.networkConnectionSection+xml', xml }
    await runTask(session, place, { act: 'plug it', signal: soon(), method: 'PUT', body })
  }, soon())
}

describe('network cards', () => {
  test('the section goes back to the letter, but for the cables', async (t) => {
    const { director, source, id } = await scene(t)
    const { run } = connect(t, director)
    const place = `/api/vApp/${id}/networkConnectionSection/`
    const before = await run(async (session) => (await session.ask(place, { act: 'show', signal: soon() })).text, soon())
    await source.network(id, 'disconnected', soon())
    const sent = director.requests.find(({ where }) => where === `PUT ${place}`)?.body
    assert.equal(sent, before.replaceAll('<IsConnected>true<', '<IsConnected>false<'))
    assert.notEqual(sent, before)
  })

  test('a card that was not connected before stays so, also for another process', async (t) => {
    const { director, source, id } = await scene(t)
    await plug(t, director, id, 1, false)
    await source.network(id, 'disconnected', soon())
    const other = await openSource(t, director)
    await other.network(id, 'connected', soon())
    assert.deepEqual(
      (await nodeNamed(other, 'web-1')).nics.map(({ connected }) => connected),
      [true, false],
    )
    assert.deepEqual(
      director.events.map((event) => 'connected' in event && event.connected),
      [false, true],
    )
  })

  test('a card that somebody plugs in again does not make the others forgotten, and each time is noted anew', async (t) => {
    const { director, source, id } = await scene(t)
    const cables = async (): Promise<unknown> => (await nodeNamed(source, 'web-1')).nics.map(({ connected }) => connected)
    await source.network(id, 'disconnected', soon())
    await plug(t, director, id, 1, true)
    await source.network(id, 'disconnected', soon())
    assert.deepEqual(await cables(), [false, false])
    await source.network(id, 'connected', soon())
    assert.deepEqual(await cables(), [true, true])
    await plug(t, director, id, 0, false)
    await source.network(id, 'disconnected', soon())
    await source.network(id, 'connected', soon())
    assert.deepEqual(await cables(), [false, true])
  })

  test('an account that may not write notes can cut a machine off all the same, and gets every card back', async (t) => {
    const { director, source, id } = await scene(t)
    await director.control('/task', { operation: 'metadataUpdate', message: 'No right to edit properties.', count: 9 })
    await source.network(id, 'disconnected', soon())
    const cables = async (): Promise<unknown> => (await nodeNamed(source, 'web-1')).nics.map(({ connected }) => connected)
    assert.deepEqual(await cables(), [false, false])
    await source.network(id, 'connected', soon())
    assert.deepEqual(await cables(), [true, true])
  })

  test('a fenced machine stays fenced over a restart', async (t) => {
    const { director, source, id } = await scene(t)
    const fence = await openFence(t, director)
    assert.equal(await fence.isFenced(id, soon()), false)
    await fence.fence(id, soon())
    await source.power(id, 'off', soon())
    await source.power(id, 'on', soon())
    assert.equal(await fence.isFenced(id, soon()), true)
  })

  test('a change that the server refuses is no fence', async (t) => {
    const { director, source, id } = await scene(t)
    await director.control('/task', { operation: 'vappUpdateVm', message: 'Nothing can be changed now' })
    await assert.rejects(
      source.network(id, 'disconnected', soon()),
      failsWith('source-refused', /failed to disconnect the network of vm-.*Nothing can be changed now/),
    )
  })
})
