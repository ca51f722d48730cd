// A world for killed-world.test.ts: two nodes, then a line of JSON that says what there is, and nothing more.
import { readlinkSync } from 'node:fs'
import { enterLab } from '../../lab/enter.ts'
import { startNode } from '../../lab/node.ts'

const mark = process.argv[2] ?? ''
await enterLab()
const nodes = await Promise.all([11, 12].map((last) => startNode({ name: `${mark}-${last}`, addresses: [`198.51.100.${last}`], volumeMiB: 64 })))
// Something that left its parent, as a controller does.
await nodes[0]?.run('setsid -f sleep 1000 >/dev/null 2>&1')
const report = {
  world: process.env['LIFEBOAT_LAB_ID'],
  network: readlinkSync('/proc/self/ns/net'),
  processes: readlinkSync('/proc/self/ns/pid'),
  devices: nodes.map(({ volume }) => volume?.device),
}
process.stdout.write(`${JSON.stringify(report)}\n`)
setInterval(() => undefined, 1000)
