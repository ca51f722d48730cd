// How the demo speaks: what it does in words, each command as a person would type it, with its own live output, and the
// figures of its customers at the end.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { repository } from './place.ts'
import type { Traffic } from './traffic.ts'
import type { World } from './world.ts'

export type Telling = { readonly folder: string; readonly from: string; readonly to: 'aws' | 'static' }
/** `line`: `lifeboat.demo/1`. `stop`: ends the world, which may stay open until then. */
export type Told = { readonly line: Readonly<Record<string, unknown>>; readonly isGood: boolean; readonly stop: () => Promise<void> }

/** A sentence of the story, on stderr. */
export function tell(text: string): void {
  process.stderr.write(`\n${text}\n`)
}

/** Runs the CLI in a folder; its answer and its conversation both go to stderr, so that stdout stays for --json. */
export async function runVisibly(folder: string, args: readonly string[]): Promise<number> {
  tell(`$ lifeboat ${args.join(' ')}`)
  const child = spawn(process.execPath, [path.join(repository, 'src/cli.ts'), ...args], { cwd: folder, stdio: ['ignore', 2, 2] })
  return await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 255)))
}

/** Commands that must end with 0, or with the code that is given; what did not is kept as a sentence. */
export function commands(folder: string): { readonly run: (args: readonly string[], wanted?: number) => Promise<void>; readonly failures: readonly string[] } {
  const failures: string[] = []
  const run = async (args: readonly string[], wanted = 0): Promise<void> => {
    const status = await runVisibly(folder, args)
    if (status !== wanted) failures.push(`lifeboat ${args.join(' ')} ended with ${status}`)
  }
  return { run, failures }
}

export type Counted = {
  readonly requests: number
  readonly failed: number
  readonly retried: number
  readonly lostWrites: number
  readonly longestPauseMs: number
  readonly dnsTargets: Readonly<Record<string, readonly string[]>>
}

/** Ends the customers, and counts. */
export async function count(world: World, customers: Traffic): Promise<Counted> {
  const figures = await customers.stop()
  const lost = Object.values(await world.lostWrites(figures)).flat()
  const dnsTargets: Record<string, readonly string[]> = {}
  for (const name of Object.keys(figures.acknowledged)) dnsTargets[name] = (await world.names?.addressesOf(name)) ?? []
  const { requests, failed, retried } = figures
  return { requests, failed, retried, lostWrites: lost.length, longestPauseMs: Math.round(figures.longestPauseMs), dnsTargets }
}

/** Whether nothing failed, nothing is lost, and each name leads to its new node alone. */
export function isGood({ failed, lostWrites, dnsTargets }: Counted, failures: readonly string[]): boolean {
  const isLed = Object.values(dnsTargets).every((addresses) => addresses.length === 1 && (addresses[0] ?? '').startsWith('203.0.113.'))
  return failed === 0 && lostWrites === 0 && isLed && failures.length === 0
}

export function tellCounted({ requests, failed, retried, lostWrites, longestPauseMs }: Counted, seconds: number): void {
  tell(
    `${requests} requests, ${failed} failed, ${retried} sent again, ${lostWrites} writes lost; the longest wait was ${longestPauseMs} ms. ${seconds} s in all.`,
  )
}

export function newestReport(folder: string): string {
  const reports = path.join(folder, '.lifeboat', 'reports')
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
