// The fence on the node itself: a real node whose shop serves, its helper, and a power cut.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { answers } from '../../lab/answers.ts'
import { enterLab } from '../../lab/enter.ts'
import type { Scene } from '../support/scenario.ts'
import type { Side } from '../../src/movers/mover.ts'

await enterLab()
const { preparedPair } = await import('../support/pair.ts')
const { setScene } = await import('../support/scenario.ts')
const { fenceConformance } = await import('../conformance/fence.ts')
const { sshFence } = await import('../../src/nodes/fence/ssh.ts')

let scene: Scene
let close: () => Promise<void>
let from: Side

before(async () => {
  scene = await setScene({ files: 40 })
  const pair = await preparedPair(scene, 'web-1')
  close = pair.close
  from = pair.from
})
after(async () => {
  await close()
  await scene.stop()
})

const soon = () => AbortSignal.timeout(60_000)
/** The helper of the source, asked with the token of the dead controller (which the pair knows), or with another one. */
const open = (token?: number) => {
  const call: Side['call'] = async ({ op, ...rest }, signal) => {
    const { token: _given, ...request } = rest
    return await from.call({ op, ...request, ...(token === undefined ? {} : { token }) }, signal)
  }
  return sshFence(async () => await Promise.resolve({ link: { address: from.address, call }, token: 0 }))
}

fenceConformance('ssh on a real node', false, async (t) => {
  const node = scene.source('web-1')
  t.after(async () => await open().unfence('web-1', soon()))
  const restart = async () => {
    await node.powerCut()
    await node.powerOn()
  }
  return { fence: open(), other: open(), id: 'web-1', isReachable: async () => await answers(node.address, 80), restart }
})

describe('the fence on the node', () => {
  test('stops what must not run on both sides, keeps it from being started, and brings back what ran', async () => {
    const node = scene.source('web-1')
    const units = async () => (await node.attempt('systemctl is-active shop.service shop-cron.timer')).stdout.trim().split('\n')
    assert.deepEqual(await units(), ['active', 'active'])
    await open().fence('web-1', soon())
    assert.deepEqual(await units(), ['inactive', 'inactive'])
    await node.attempt('systemctl start shop.service shop-cron.timer')
    assert.deepEqual(await units(), ['inactive', 'inactive'])
    assert.equal(await open().isFenced('web-1', soon()), true)
    await open().unfence('web-1', soon())
    assert.deepEqual(await units(), ['active', 'active'])
  })

  test('is not taken from an execution that was overtaken', async () => {
    await assert.rejects(open(0).fence('web-1', soon()), { code: 'token-stale' })
    assert.equal(await answers(scene.source('web-1').address, 80), true)
  })
})
