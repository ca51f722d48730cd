// How a move of a scenario ends: finished, and nothing of ours left but what keeps the source closed (V17).
import assert from 'node:assert/strict'
import { waitUntil } from '../../src/io/wait.ts'
import type { ShopNode } from '../../lab/shop/nodes.ts'
import type { Scene } from './scenario.ts'
import { tracesOn } from './sides.ts'

/** What stays on a source that nobody could power off: the guard of its units, and the program that refuses clients and answers for the tombstone. */
const stays = [
  /^\/etc\/systemd\/system\/lifeboat-[\w-]+-helper\.service$/,
  /^\/etc\/systemd\/system\/multi-user\.target\.wants\/lifeboat-[\w-]+-helper\.service$/,
  /^\/etc\/systemd\/system\/[\w.-]+\.d\/50-lifeboat-[\w-]+\.conf$/,
  /^\/(run\/lifeboat-[\w-]+|var\/lib\/lifeboat)$/,
  /^table inet lifeboat_\w+$/,
  /^[:-].*LIFEBOAT_/,
  /^unit lifeboat-[\w-]+-helper\.service loaded active running$/,
  /^cgroup lifeboat-[\w-]+-helper\.service$/,
]

/** Finishes the move, which serves from the target and whose old address is quiet, and looks at both sides. */
export async function finishClean(scene: Scene, move: ShopNode = 'web-1'): Promise<void> {
  const { exitCode, stdout, stderr } = await scene.begin('finish', move, '--yes', '--json')
  assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
  await leftNothing(scene, move)
}

/** The target as it was, with the data; the source closed, or off where its provider can do that. */
export async function leftNothing(scene: Scene, move: ShopNode = 'web-1'): Promise<void> {
  const [source, target] = [scene.source(move), scene.target(move)]
  // The helper of the target ends a moment after its last answer.
  const traces = await afterMost(15_000, async () => await tracesOn(target))
  assert.deepEqual(traces, [], traces.length === 0 ? '' : `${traces.join(', ')}\n${(await target.attempt("systemctl status --no-pager 'lifeboat*'")).stdout}`)
  assert.equal((await target.run('ls -A /srv /srv/shop')).includes('lifeboat'), false)
  if (scene.host !== null) return
  // A way through the node's firewall stays open as long as a connection lives by it.
  const more = async () => (await tracesOn(source)).filter((trace) => !stays.some((one) => one.test(trace)))
  assert.deepEqual(await afterMost(15_000, more), [])
  assert.match((await tracesOn(source)).join(), /50-lifeboat-/, 'the guard stays')
}

/** What is there still after so many milliseconds at most. */
async function afterMost(ms: number, look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const none = async () => ((await look()).length === 0 ? true : null)
  await waitUntil(none, { what: 'Nothing', deadlineMs: ms, everyMs: 100, signal: AbortSignal.timeout(ms * 2) }).catch(() => undefined)
  return await look()
}
