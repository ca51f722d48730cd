// What people copy a tree to another node with, called as they would call it on the node that has the tree.
import { cpSync } from 'node:fs'
import path from 'node:path'
import type { LabNode } from '../lab/node.ts'
import { prepared } from '../lab/place.ts'

/** A command for the shell of the node: the tree, the address of the other node, the folder there. */
export type Opponent = { readonly name: string; readonly command: (tree: string, address: string, folder: string) => string }

const rsyncOptions = '-aHAX --numeric-ids'
export const plainRsync: Opponent = {
  name: `rsync ${rsyncOptions}`,
  command: (tree, address, folder) => `rsync ${rsyncOptions} ${tree}/ root@${address}:${folder}/`,
}

/** Jobs of 2,000 files, four at a time; hard links are kept within a job only. */
export const fpsync: Opponent = {
  name: 'fpsync -n 4',
  command: (tree, address, folder) => `fpsync -n 4 -o '-lptgoDHAX --numeric-ids' ${tree}/ root@${address}:${folder}/`,
}

/** Far away it would take half an hour: what it has not done by then is left. */
export const rcloneSeconds = 120
/** Without its checksums, for each of which it would log in again; it carries no owners, modes, links or attributes. */
export const rclone: Opponent = {
  name: 'rclone copy --transfers 8',
  command: (tree, address, folder) => {
    const remote = `:sftp,host=${address},user=root,key_file=/root/.ssh/id_ed25519,disable_hashcheck=true:${folder}`
    return `timeout ${rcloneSeconds} rclone copy --transfers 8 ${tree} '${remote}' || test $? = 124`
  },
}

/** Puts fpsync and rclone on a node. */
export function installOpponents(node: LabNode): void {
  cpSync(path.join(prepared, 'opponents'), node.root, { recursive: true, dereference: true })
}
