// What the opponents of a data benchmark need: an operator's own key on a node, without the product.
import { readFileSync } from 'node:fs'
import type { LabNode } from '../lab/node.ts'
import type { Scene } from '../test/support/scenario.ts'

/** From now on root of this node may log in to all nodes of the scene, whose host keys are believed the first time. */
export async function giveKey(scene: Scene, node: LabNode): Promise<void> {
  await node.run('umask 077 && cat > ~/.ssh/id_ed25519', { input: readFileSync(scene.keyFile, 'utf8') })
  await node.run('cat > ~/.ssh/config', { input: 'StrictHostKeyChecking accept-new\nBatchMode yes\n' })
}
