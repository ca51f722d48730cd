// npm run bench -- [name…] [--quick] [--json]
import { parseArgs } from 'node:util'
import { enterLab } from '../lab/enter.ts'
import { LifeboatError, exitStatusOf, hintOf } from '../src/core/errors.ts'
import { didYouMean } from '../src/core/nearest.ts'
import { measure, type Line } from './benchmark.ts'
import { benchmarks } from './benchmarks.ts'
import { keepResults, loadNow, resultTable } from './page.ts'

const usage = `npm run bench -- [name…] [--quick] [--json]

  name      ${benchmarks.map(({ name }) => name).join(', ')}; none: all
  --quick   the short cases, once each; keeps no result
  --json    one line of JSON for each result on stdout

Without --quick the results also go to docs/performance.md. Exit 0 when every goal holds, else 1.`

type Options = { readonly names: readonly string[]; readonly quick: boolean; readonly json: boolean; readonly help: boolean }

function optionsOf(args: readonly string[]): Options {
  try {
    const flags = { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const
    const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true })
    const known = benchmarks.map(({ name }) => name)
    const stranger = positionals.find((name) => !known.includes(name))
    if (stranger !== undefined) throw new LifeboatError('usage', `There is no benchmark ${stranger}${didYouMean(stranger, known)}`)
    return { names: positionals, ...values }
  } catch (error) {
    if (error instanceof LifeboatError) throw error
    throw new LifeboatError('usage', error instanceof Error ? error.message : String(error))
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { names, quick, json, help } = optionsOf(args)
  if (help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  await enterLab()
  const lines: Line[] = []
  let failed = false
  for (const benchmark of benchmarks.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const loadBefore = loadNow()
    const own: Line[] = []
    for (const one of benchmark.cases.filter((each) => each.quick || !quick)) {
      // What was measured before a failure is kept, and what comes after it is measured.
      const given = await measure(benchmark.name, one, quick, tell).catch((error: unknown) => {
        tell(`${benchmark.name} ${one.name} failed: ${error instanceof Error ? error.message : String(error)}`)
        failed = true
        return []
      })
      if (json) for (const line of given) process.stdout.write(`${JSON.stringify(line)}\n`)
      own.push(...given)
    }
    if (!quick) keepResults(benchmarks, benchmark.name, loadBefore, own)
    lines.push(...own)
  }
  if (!json) process.stdout.write(`${resultTable(lines)}\n`)
  return !failed && lines.every(({ holds }) => holds) ? 0 : 1
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    if (!(error instanceof LifeboatError)) throw error
    process.stderr.write(`${error.message}\nTry: ${hintOf(error.code) ?? 'npm run bench -- --help'}\n`)
    process.exit(exitStatusOf(error.code))
  },
)
