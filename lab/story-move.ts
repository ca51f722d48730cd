// The story of a move: three nodes leave their provider under live traffic, go back, and leave again.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { hostTitles, isHostKind } from './host.ts'
import { commands, count, isGood, newestReport, tell, tellCounted, type Telling, type Told } from './stage.ts'
import type { Sample } from './traffic.ts'
import { startWorld } from './world.ts'

const sources = ['web-1', 'web-2', 'files-1'] as const

export async function tellMove({ folder, from, to }: Telling): Promise<Told> {
  const began = performance.now()
  const host = isHostKind(from) ? from : null
  tell(`The old provider: ${host === null ? 'three hosts that answer ssh' : `a ${hostTitles[host]} with 25 machines, three of them our shop`}.`)
  const world = await startWorld({ sources: [...sources], targets: to, names: true, databases: true, ...(host === null ? {} : { host }), folder })
  const customers = world.customers(8)
  tell('www keeps its orders in PostgreSQL, their receipts in Redis and its pictures in files; the other two have files alone.')
  tell('Customers shop at www, api and files.shop.example: 24 requests a second, half of them orders, none may fail.')

  const { run, failures } = commands(folder)
  await run(['inventory', 'old'])
  await run(['plan'])
  await run(['migrate', '--yes'])
  await run(['status'])
  for (const name of sources) await run(['rollback', name, '--yes'])
  const rolledBack = failures.length === 0
  await run(['migrate', '--yes'])
  const movedAgain = failures.length === 0
  await Promise.all(sources.map(async (name) => await run(['finish', name, '--yes'])))

  const counted = await count(world, customers)
  const samples = path.join(folder, 'samples.jsonl')
  writeFileSync(samples, customers.read().map(asReported).join('\n'))
  await run(['report', '--samples', samples, '--lost', String(counted.lostWrites)])
  const seconds = Math.round((performance.now() - began) / 1000)
  const report = newestReport(folder)
  for (const failure of [...failures, ...world.complaints]) tell(`! ${failure}`)
  tellCounted(counted, seconds)
  tell(`The report: ${report}`)
  const line = { schema: 'lifeboat.demo/1', nodes: sources.length, ...counted, rolledBack, movedAgain, seconds, report }
  return { line, isGood: isGood(counted, failures), stop: world.stop }
}

function asReported({ at, ms, name, address, outcome, retried }: Sample): string {
  return JSON.stringify({ at, ms, name, address: address ?? '', outcome: outcome === 'ok' && retried ? 'retried' : outcome })
}
