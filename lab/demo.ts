// npm run demo: a working shop leaves its provider under live traffic, goes back, and leaves again. Everything happens
// in a private network; the figures at the end are counted by the customers, not by the product.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { enterLab } from './enter.ts'
import { hostTitles, isHostKind } from './host.ts'
import { prepared } from './place.ts'
import type { Sample } from './traffic.ts'

const sources = ['web-1', 'web-2', 'files-1'] as const

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

const { startWorld } = await import('./world.ts')
const { runVisibly, tell } = await import('./stage.ts')

const began = performance.now()
const folder = path.join(prepared, 'demo')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const host = isHostKind(options.from) ? options.from : null
tell(`The old provider: ${host === null ? 'three hosts that answer ssh' : `a ${hostTitles[host]} with 25 machines, three of them our shop`}.`)
const world = await startWorld({
  sources: [...sources],
  targets: options.to === 'aws' ? 'aws' : 'static',
  names: true,
  databases: true,
  ...(host === null ? {} : { host }),
  folder,
})
const customers = world.customers(8)
tell('www keeps its orders in PostgreSQL, their receipts in Redis and its pictures in files; the other two have files alone.')
tell('Customers shop at www, api and files.shop.example: 24 requests a second, half of them orders, none may fail.')

const failures: string[] = []
const lifeboat = async (...args: string[]): Promise<void> => {
  const status = await runVisibly(folder, args)
  if (status !== 0) failures.push(`lifeboat ${args.join(' ')} ended with ${status}`)
}
await lifeboat('inventory', 'old')
await lifeboat('plan')
await lifeboat('migrate', '--yes')
await lifeboat('status')
for (const name of sources) await lifeboat('rollback', name, '--yes')
const rolledBack = failures.length === 0
await lifeboat('migrate', '--yes')
const movedAgain = failures.length === 0
await Promise.all(sources.map(async (name) => await lifeboat('finish', name, '--yes')))

const figures = await customers.stop()
const lost = Object.values(await world.lostWrites(figures)).flat()
const dnsTargets: Record<string, readonly string[]> = {}
for (const name of Object.keys(figures.acknowledged)) dnsTargets[name] = (await world.names?.addressesOf(name)) ?? []
const led = Object.values(dnsTargets).every((addresses) => addresses.length === 1 && (addresses[0] ?? '').startsWith('203.0.113.'))

const samples = path.join(folder, 'samples.jsonl')
writeFileSync(samples, customers.read().map(asReported).join('\n'))
await lifeboat('report', '--samples', samples, '--lost', String(lost.length))
const report = path.join(folder, '.lifeboat', 'reports')

const line = {
  schema: 'lifeboat.demo/1',
  nodes: sources.length,
  requests: figures.requests,
  failed: figures.failed,
  retried: figures.retried,
  lostWrites: lost.length,
  longestPauseMs: Math.round(figures.longestPauseMs),
  rolledBack,
  movedAgain,
  dnsTargets,
  seconds: Math.round((performance.now() - began) / 1000),
  report: newestReport(report),
}
for (const failure of [...failures, ...world.complaints]) tell(`! ${failure}`)
tell(
  `${line.requests} requests, ${line.failed} failed, ${line.retried} sent again, ${line.lostWrites} writes lost; the longest wait was ${line.longestPauseMs} ms. ${line.seconds} s in all.`,
)
tell(`The report: ${line.report}`)
if (options.json) process.stdout.write(`${JSON.stringify(line)}\n`)
if (options.keep) await keepOpen()
await world.stop()
process.exit(line.failed === 0 && line.lostWrites === 0 && led && failures.length === 0 ? 0 : 1)

function asReported({ at, ms, name, address, outcome, retried }: Sample): string {
  return JSON.stringify({ at, ms, name, address: address ?? '', outcome: outcome === 'ok' && retried ? 'retried' : outcome })
}

function newestReport(reports: string): string {
  const found = readdirSafe(reports).filter((name) => name.endsWith('.html'))
  return path.join(reports, found.sort().at(-1) ?? '')
}

function readdirSafe(place: string): string[] {
  try {
    return readdirSync(place)
  } catch {
    return []
  }
}

async function keepOpen(): Promise<void> {
  tell('The lab stays open until Ctrl-C.')
  await new Promise<void>((resolve) => process.once('SIGINT', resolve))
}

function refuseUnknown(): void {
  const allowed = { from: [...Object.keys(hostTitles), 'static'], to: ['aws', 'static'], story: ['move'] }
  for (const [name, known] of Object.entries(allowed) as ['from' | 'to' | 'story', readonly string[]][]) {
    if (known.includes(options[name])) continue
    process.stderr.write(`--${name} is one of ${known.join(', ')}.\n`)
    process.exit(2)
  }
}
