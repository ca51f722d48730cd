// The long matrices: `matrix.ts crash|full|gray|group|recovery|sim`. Each case is a process of its own, two at a time. What has passed on this
// very tree is not run again, so an interrupted run goes on where it stopped. The table goes to docs/tests/NAME.md.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { crashCases } from './support/crash-cases.ts'
import { faultCases } from './support/fault-cases.ts'
import { grayFaults } from './support/gray-faults.ts'
import { groupCases } from './support/group-cases.ts'
import { powerCases } from './support/power-cases.ts'
import { recoveryCases } from './support/recovery-cases.ts'
import { isHeavy } from './support/sample.ts'

type Case = { readonly name: string; readonly file: string; readonly environment: Readonly<Record<string, string>> }
type Outcome = {
  readonly tree: string
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
  /** What its tests told of themselves (`told: …`), cells of the table. */
  readonly told?: string
}
type Matrix = {
  readonly title: string
  readonly says: string
  readonly cases: readonly Case[]
  /** Columns for what the cases tell. */
  readonly columns?: readonly string[]
}

const root = path.join(import.meta.dirname, '..')
const scenarios = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => isHeavy(path.join(root, file)) && !/(crash|faults|group|power-cuts)\.test\.ts$/.test(file))
  .sort()

const matrices: Readonly<Record<string, Matrix>> = {
  crash: {
    title: 'Killed at every boundary of every step, and what else befalls a move',
    says: `The controller of a one-node move is killed with -9 when a step is announced (\`started\`: nothing of it done) and when it is done (\`done\`: nobody has stored that), under ten requests a second. The same command, given again, must come to its end: no request failed, no acknowledged write lost, the name at the right node, one side that serves.

The rows with a fault in front are one world each: the fault comes when a step is announced and goes a little later, at one step after the other. The move goes on by itself, or the command has told in one sentence why it ended, and the same command goes on.`,
    cases: [
      ...crashCases.map(({ command, step, state }) => ({
        name: `${command}, ${step} ${state}`,
        file: 'test/scenarios/crash.test.ts',
        environment: { LIFEBOAT_CRASH: `${step}:${state}` },
      })),
      ...faultCases.map(({ fault, title, blows }) => ({
        name: `${title}, at ${blows.map(({ step }) => step).join(', ')}`,
        file: 'test/scenarios/faults.test.ts',
        environment: { LIFEBOAT_FAULT: `${fault}:` },
      })),
    ],
  },
  full: {
    title: 'The scenarios, with nothing left out for time',
    says: 'Every test file that boots nodes or runs the engine, of which a run of `npm test` draws a share, but those of the crash matrix, which has a table of its own; and a loss of power at each step, on either side.',
    cases: [
      ...scenarios.map((file) => ({ name: file.slice('test/'.length, -'.test.ts'.length), file, environment: { LIFEBOAT_SCENARIOS: 'all' } })),
      ...powerCases.map(({ side, step }) => ({
        name: `power of the ${side} goes, ${step}`,
        file: 'test/scenarios/power-cuts.test.ts',
        environment: { LIFEBOAT_POWER: `${side}:${step}` },
      })),
    ],
  },
  gray: {
    title: 'Gray faults, seen by the ladder and by a TCP check',
    says: `Each row is a real sshd and a service on this machine, well for 33 rounds of three observers, and then sick in one way while it goes on to accept connections (but one). Observers look every 5 s, every 1.5 s once something is bad; all three must say so for 30 s. *Confirmed* is the time from the fault to that, with a limit of 60 s. *TCP alone* is the same judge, on the rung \`tcp\` of the same samples.`,
    columns: ['confirmed', 'layer that is sick', 'taken for', 'TCP alone'],
    cases: grayFaults.map(({ name: fault }) => ({ name: fault, file: 'test/watch/gray.test.ts', environment: { LIFEBOAT_GRAY: fault } })),
  },
  group: {
    title: 'A group under fire',
    says: `An app and its database, which each write spans, share a freeze, there and back. A row is one world, in which a blow comes at each boundary of a step, on the way there and back by turns, at either member: the controller is killed with -9; or a node loses its power, before the first commit and after it; or the app does not start on the other side once its database is there. The same command must come to its end: no acknowledged write lost, neither in the app nor in the database, the app written to on one side at a time, and no request failed but of a node without power.`,
    cases: groupCases.map(({ name: called }) => ({ name: called, file: 'test/scenarios/group.test.ts', environment: { LIFEBOAT_GROUP: called } })),
  },
  recovery: {
    title: 'How long it takes until clients are well again',
    says: `Nobody is asked (\`watch.policy.mode: auto\`). Each row is a world of its own: a shop behind vCenter whose standby is kept in step and was drilled, a name with a TTL of 5 s at BIND, three observers that look every 5 s and must agree (two of them) for 30 s, five requests a second through the name, and a writer at both addresses every 20 ms. Then the source falls ill. Each row asks that its goal is kept, that never two sides took writes, and that no write was lost but what the source alone acknowledged after the last complete copy.

*Confirmed* and *recovered* are from the first bad look of the evidence: to when it was confirmed, and to when the checks of the standby hold with its name switched (T0 to T8 of the report). *Cut off* is from the decision to the confirmed fence, or to the seal of a source that still answers; *serves* from there to the commit.`,
    columns: ['confirmed', 'cut off', 'serves', 'recovered', 'how', 'goal'],
    cases: recoveryCases.map(({ name: called, title }) => ({
      name: title,
      file: 'test/scenarios/outage-auto.test.ts',
      environment: { LIFEBOAT_RECOVERY: called },
    })),
  },
  sim: {
    title: 'The model of the switch, searched further, and many simulated worlds',
    says: '`npm test` searches three attempts of a move; here it is four. It plays one world of simulated nodes (docs/simulation.md); here each case plays five, by its seed (`LIFEBOAT_SEED`, `LIFEBOAT_WORLDS`). Failovers are simulated for 10,000 days (`LIFEBOAT_DAYS`, `LIFEBOAT_HOURS`).',
    cases: [
      { name: 'switch-model', file: 'test/model/switch-model.test.ts', environment: { LIFEBOAT_SIM: 'all' } },
      { name: 'failover-model', file: 'test/model/failover-model.test.ts', environment: { LIFEBOAT_SIM: 'all' } },
      ...Array.from({ length: 40 }, (_, nth) => ({
        name: `250 days of failovers, seed ${nth + 1}`,
        file: 'test/failover-sim/failover.test.ts',
        environment: { LIFEBOAT_SEED: String(nth + 1), LIFEBOAT_DAYS: '250', LIFEBOAT_HOURS: '24' },
      })),
      ...Array.from({ length: 40 }, (_, nth) => ({
        name: `worlds of seed ${nth + 1}`,
        file: 'test/sim/moves.test.ts',
        environment: { LIFEBOAT_SEED: String(nth + 1), LIFEBOAT_WORLDS: '5' },
      })),
    ],
  },
}

const name = process.argv[2] ?? ''
process.env['NODE_COMPILE_CACHE'] ??= path.join(root, '.lab/compiled')
const matrix = matrices[name]
if (matrix === undefined) throw new Error(`matrix.ts wants one of ${Object.keys(matrices).join(', ')}.`)
const kept = path.join(root, '.lab', 'matrix', `${name}.jsonl`)
mkdirSync(path.dirname(kept), { recursive: true })
const tree = digestOfTree()
const passedBefore = (existsSync(kept) ? readFileSync(kept, 'utf8').split('\n').filter(Boolean) : [])
  .map((line) => JSON.parse(line) as Outcome)
  .filter((outcome) => outcome.tree === tree && outcome.failed === 0)
const outcomes = new Map(passedBefore.map((outcome) => [outcome.name, outcome]))
const waiting = matrix.cases.filter((each) => !outcomes.has(each.name))
if (outcomes.size > 0) tell(`${outcomes.size} of ${matrix.cases.length} passed on this tree before`)
await Promise.all([takeTurns(), takeTurns()])
writeTable(matrix)
process.exit(matrix.cases.every((each) => outcomes.get(each.name)?.failed === 0) ? 0 : 1)

async function takeTurns(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const outcome = await play(next)
    outcomes.set(next.name, outcome)
    appendFileSync(kept, `${JSON.stringify(outcome)}\n`)
    tell(`${outcomes.size}/${matrix?.cases.length} ${outcome.failed === 0 ? 'passed' : 'FAILED'} ${next.name} (${outcome.seconds} s)`)
  }
}

async function play({ name: called, file, environment }: Case): Promise<Outcome> {
  const began = performance.now()
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', file], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const status = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)))
  const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(said)?.[1] ?? 0)
  const failed = status === 0 ? count('fail') : Math.max(1, count('fail'))
  if (failed > 0) writeFileSync(path.join(path.dirname(kept), `${called.replaceAll(/[^a-z-]+/g, '-')}.tap`), said)
  const told = /^\s*# told: (.*)$/m.exec(said)?.[1]
  return {
    ...(told === undefined ? {} : { told }),
    tree,
    name: called,
    passed: count('pass'),
    failed,
    skipped: count('skipped'),
    seconds: Math.round((performance.now() - began) / 1000),
  }
}

/** Another tree, another result: everything that is compiled into what runs, tests and lab included. */
function digestOfTree(): string {
  const hash = createHash('sha256')
  const files = globSync(['src/**', 'stacks/**', 'lab/**', 'test/**', 'helper/**/*.go', 'package-lock.json'], { cwd: root, withFileTypes: true })
  for (const file of files
    .filter((each) => each.isFile())
    .map((each) => path.relative(root, path.join(each.parentPath, each.name)))
    .sort())
    hash.update(file).update(readFileSync(path.join(root, file)))
  return hash.digest('hex').slice(0, 12)
}

function writeTable({ title, says, cases, columns = [] }: Matrix): void {
  const rows = cases.map((each) => {
    const { passed = 0, failed = 1, skipped = 0, seconds = 0, told = columns.map(() => '').join(' | ') } = outcomes.get(each.name) ?? {}
    return `| ${each.name} | ${failed === 0 ? 'passed' : '**failed**'} | ${columns.length === 0 ? '' : `${told} | `}${passed} | ${skipped} | ${seconds} |`
  })
  const all = [...outcomes.values()]
  const held = all.filter((outcome) => outcome.failed === 0).length
  const text = `# ${title}

${says}

\`npm run test:${name}\` wrote this on ${new Date().toISOString().slice(0, 10)} (${os.availableParallelism()} cores, two cases at a time; tree ${tree}): **${held} of ${cases.length} passed**, ${Math.round(all.reduce((sum, each) => sum + each.seconds, 0) / 120)} minutes.

| case | result | ${columns.map((column) => `${column} | `).join('')}tests | left out | seconds |
|---|---|${columns.map(() => '---|').join('')}---|---|---|
${rows.join('\n')}
`
  const page = path.join(root, 'docs', 'tests', `${name}.md`)
  mkdirSync(path.dirname(page), { recursive: true })
  writeFileSync(page, text)
  tell(`${held} of ${cases.length} passed; the table is docs/tests/${name}.md`)
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`)
}
