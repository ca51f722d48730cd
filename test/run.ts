// Runs every test file by node's own runner: those that boot nodes or run the engine last (each has a world of
// its own), the others first. Prints one summary; the exit status says whether all passed.
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { isHeavy, sampled } from './support/sample.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } })
const root = path.join(import.meta.dirname, '..')
const all = (positionals.length > 0 ? positionals : globSync('test/**/*.test.ts', { cwd: root })).map((file) => path.resolve(root, file)).sort()
const files = values.only === undefined ? all : all.filter((file) => file.includes(values.only ?? ''))
const wholeRun = positionals.length === 0 && values.only === undefined
const light = files.filter((file) => !isHeavy(file))
const heavy = files.filter(isHeavy)

// Some thousand processes of node begin with the same modules: stripped and compiled once.
process.env['NODE_COMPILE_CACHE'] ??= path.join(root, '.lab/compiled')

type Counts = { passed: number; failed: number; skipped: number }
/** Seconds of each file that was played. */
const took = new Map<string, number>()
const total: Counts = { passed: 0, failed: 0, skipped: 0 }

/** `concurrency`: how many files run at the same time. */
async function runFiles(some: readonly string[], concurrency: number): Promise<void> {
  if (some.length === 0) return
  const stream = run({ files: [...some], concurrency, timeout: 15 * 60_000 })
  stream.on('test:pass', (event) => count(event, event.skip === undefined ? 'passed' : 'skipped'))
  stream.on('test:fail', (event) => count(event, 'failed'))
  stream.on('test:summary', ({ file, duration_ms }) => {
    if (file !== undefined) took.set(path.relative(root, file), duration_ms / 1000)
  })
  const shown = stream.compose(spec)
  shown.pipe(process.stdout, { end: false })
  await new Promise((resolve, reject) => {
    shown.once('end', resolve)
    shown.once('error', reject)
  })
}

function count(event: { readonly details: { readonly type?: string | undefined } }, how: keyof Counts): void {
  if (event.details.type !== 'suite') total[how]++
}

// Most of a test's time is spent waiting: for nodes to boot, leases to run out, names to be forgotten.
const atOnce = availableParallelism() + 1
const began = performance.now()
await runFiles(light, atOnce)
await runFiles(wholeRun ? sampled(heavy) : heavy, atOnce)
const seconds = Math.round((performance.now() - began) / 1000)
const slowest = [...took].toSorted(([, one], [, other]) => other - one).slice(0, 10)
process.stdout.write(`\n${took.size} files in ${seconds} s; the slowest: ${slowest.map(([file, each]) => `${file} ${Math.round(each)} s`).join(', ')}\n`)
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)
