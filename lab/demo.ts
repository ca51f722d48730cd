// npm run demo: a working shop leaves its provider under live traffic, goes back, and leaves again; or, with `--story outage`,
// is carried away from a provider that has become ill. Everything happens in a private network; the figures at the end are
// counted by the customers, not by the product.
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { enterLab } from './enter.ts'
import { hostTitles } from './host.ts'
import { prepared } from './place.ts'
import type { Telling } from './stage.ts'

const { values: options } = parseArgs({
  options: {
    from: { type: 'string', default: 'vsphere' },
    to: { type: 'string', default: 'aws' },
    story: { type: 'string', default: 'move' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
refuseUnknown()
await enterLab()

const { tell } = await import('./stage.ts')
const { tellMove } = await import('./story-move.ts')
const { tellOutage } = await import('./story-outage.ts')

const folder = path.join(prepared, 'demo')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const telling: Telling = { folder, from: options.from, to: options.to === 'aws' ? 'aws' : 'static' }
const { line, isGood, stop } = await (options.story === 'outage' ? tellOutage : tellMove)(telling)
if (options.json) process.stdout.write(`${JSON.stringify(line)}\n`)
if (options.keep) await keepOpen()
await stop()
process.exit(isGood ? 0 : 1)

async function keepOpen(): Promise<void> {
  tell('The lab stays open until Ctrl-C.')
  await new Promise<void>((resolve) => process.once('SIGINT', resolve))
}

function refuseUnknown(): void {
  const allowed = { from: [...Object.keys(hostTitles), 'static'], to: ['aws', 'static'], story: ['move', 'outage'] }
  for (const [name, known] of Object.entries(allowed) as ['from' | 'to' | 'story', readonly string[]][]) {
    if (known.includes(options[name])) continue
    process.stderr.write(`--${name} is one of ${known.join(', ')}.\n`)
    process.exit(2)
  }
}
