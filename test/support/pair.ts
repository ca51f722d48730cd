// Two nodes of a move as a mover sees them, with nobody else at work on them: prepared by a real controller that is gone.
import path from 'node:path'
import type { ShopNode } from '../../lab/shop/nodes.ts'
import { openSsh } from '../../src/io/ssh.ts'
import { linkNode } from '../../src/nodes/link.ts'
import type { Pair, Side } from '../../src/movers/mover.ts'
import { openMoments } from './moment.ts'
import type { Scene } from './scenario.ts'

/** Moves until the approval, ends the controller, and answers both sides; data would flow from the source. */
export async function preparedPair(scene: Scene, move: ShopNode): Promise<Pair & { readonly close: () => Promise<void> }> {
  const { exitCode, stdout, stderr } = await scene.begin('migrate', move, '--json')
  if (exitCode !== 4) throw new Error(`The move does not wait for approval: ${exitCode} ${stdout.slice(-1000)}${stderr}`)
  const moments = await openMoments(scene, move)
  const { token } = await moments.known()
  await moments.close()
  scene.killController()
  const open = (name: Side['name']) => {
    const node = name === 'source' ? scene.source(move) : scene.target(move)
    const target = { alias: node.name, address: node.address, port: 22, user: 'root', keyFile: scene.keyFile, agent: null, jump: null, sudo: false }
    const ssh = openSsh(target, { knownHosts: path.join(scene.folder, 'known_hosts'), socketFolder: process.env['XDG_RUNTIME_DIR'] ?? '/run' })
    const link = linkNode(ssh, move, () => 'the helper is there already')
    const side: Side = { ...link, name, call: async (request, signal) => await link.call({ token, ...request }, signal, 120_000) }
    return { side, close: link.close }
  }
  const [from, to] = [open('source'), open('target')]
  return { from: from.side, to: to.side, close: async () => void (await Promise.all([from.close(), to.close()])) }
}
