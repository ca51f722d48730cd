// `npm run lab -- COMMAND`: a world that stays open, to play with.
import { parseArgs } from 'node:util'
import { askWorld, bringDown, bringUp, openPort, openShell, worldIsUp } from './open-world.ts'
import { faultKinds } from './faults.ts'
import { hostTitles } from './host.ts'
import { serveWorld } from './serve-world.ts'

const usage = `Usage: npm run lab -- COMMAND
  up [--from KIND] [--to aws|static]             starts a world in the background; KIND: ${Object.keys(hostTitles).join(', ')}, static
  down                                           ends it; nothing stays
  status                                         its nodes, names and customers
  traffic [stop | REQUESTS-PER-SECOND]           starts customers, or says how they fare
  fault [SUBJECT KIND|none]                      causes or mends a fault; without arguments: lists the kinds
  shell [NODE]                                   a shell in the world, with lifeboat on PATH; or on a node
  open PORT|ADDRESS:PORT                         makes a port of the world reachable on this machine's loopback
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { from: { type: 'string', default: 'vsphere' }, to: { type: 'string', default: 'aws' }, help: { type: 'boolean', short: 'h' } },
})
const [command, ...rest] = positionals

const choice = { from: values.from, to: values.to }
const commands: Readonly<Record<string, () => Promise<number>>> = {
  up: async () => say(await bringUp(choice)),
  down: async () => say((await bringDown()) ? 'The world is gone.\n' : 'There was no world.\n'),
  status: async () => say(worldIsUp() ? await askWorld('/status', {}) : 'There is no world. Try: npm run lab -- up\n'),
  traffic: async () => say(await askWorld('/traffic', { what: rest[0] ?? 'start' })),
  fault: async () => say(rest.length === 0 ? kindsText() : await askWorld('/fault', { subject: rest[0], kind: rest[1] ?? '' })),
  shell: async () => await openShell(rest[0]),
  open: async () => await openPort(rest[0] ?? ''),
  // What `up` starts in the background.
  serve: async () => await serveWorld(choice),
}

async function main(): Promise<number> {
  if (values.help === true) return say(usage)
  const run = commands[command ?? '']
  if (run) return await run()
  process.stderr.write(usage)
  return 2
}

function kindsText(): string {
  return faultKinds()
    .map(({ kind, on, title }) => `${kind.padEnd(19)}${on.padEnd(11)}${title}\n`)
    .join('')
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
