// Control groups of the nodes. Each node's systemd must own a group of its own, else the nodes take each other's
// services for theirs. Groups are the one thing that outlives the namespaces of a world, so they carry its name.
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import path from 'node:path'
import { startTime } from './start-time.ts'

const prefix = 'lifeboat-lab-'
/** cgroup v2 alone; or v1 with its systemd hierarchy, and v2 beside it on hybrid hosts (nspawn uses both). */
export const unified = existsSync('/sys/fs/cgroup/cgroup.controllers')
const hierarchies = (unified ? ['/sys/fs/cgroup'] : ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']).filter((folder) => existsSync(folder))

/** Makes the group of a node; answers its folders, into each of which the node's first process has to write its pid. */
export function makeControlGroup(node: string): string[] {
  const folders = hierarchies.map((hierarchy) => path.join(hierarchy, prefix + (process.env['LIFEBOAT_LAB_ID'] ?? 'none'), node))
  for (const folder of folders) mkdirSync(folder, { recursive: true })
  return folders
}

/** Removes the (empty) groups of a node whose processes are gone. */
export function removeControlGroup(folders: readonly string[]): void {
  for (const folder of folders) removeTree(folder)
}

/** Removes the groups of a world whose processes are gone. */
export function removeControlGroups(world: string): void {
  for (const hierarchy of hierarchies) removeTree(path.join(hierarchy, prefix + world))
}

/** Removes the groups of worlds that were killed. */
export function sweepControlGroups(): void {
  for (const hierarchy of hierarchies) {
    for (const entry of readdirSync(hierarchy)) {
      const [pid, start] = entry.startsWith(prefix) ? entry.slice(prefix.length).split('-') : []
      if (pid !== undefined && start !== startTime(Number(pid))) removeTree(path.join(hierarchy, entry))
    }
  }
}

function removeTree(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(path.join(folder, entry.name))
    }
    rmdirSync(folder)
  } catch {
    // Gone already, or a process is just ending in it: the next world sweeps it.
  }
}
