// The helper of the nodes as a build whose clocks can be off: nodes of the lab share those of one kernel.
import { mkdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { run } from '../../lab/command.ts'
import type { LabNode } from '../../lab/node.ts'
import { repository, worldFolder } from '../../lab/place.ts'

/** From now on, and in this world alone, nodes get that build; before the first of them is prepared. */
export async function giveSkewedHelpers(): Promise<void> {
  const built = path.join(worldFolder, 'skewed-helper')
  mkdirSync(built, { recursive: true })
  const program = path.join(built, 'lifeboat-helper')
  const bin = path.join(repository, '.lab', 'bin')
  const script = 'cd "$1" && CGO_ENABLED=0 GOFLAGS=-mod=readonly "$2/go" build -trimpath -buildvcs=false -tags osusergo,grpcnotrace,labclock -o "$3" .'
  await run('sh', ['-c', script, 'sh', path.join(repository, 'helper'), bin, program], { deadlineMs: 180_000 })
  await run('mount', ['--bind', program, realpathSync(path.join(bin, 'lifeboat-helper'))])
}

/** Uptime and wall clock, as the helper of this node reads them from now on. */
export async function skewClocks(node: LabNode, uptimeMs: number, wallMs: number): Promise<void> {
  await node.run(`echo ${uptimeMs} ${wallMs} > /etc/lifeboat-clock-skew.new && mv /etc/lifeboat-clock-skew.new /etc/lifeboat-clock-skew`)
}
