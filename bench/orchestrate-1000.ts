// What the orchestration of many moves costs, on nodes that are simulated: the work of the controller and its database.
import { below, within, type Benchmark, type Case, type Goal } from './benchmark.ts'
import { figuresOf, type Figures } from './simulated-run.ts'

const simulated =
  'Nodes, names and providers are simulated in another process (docs/simulation.md), each question to them takes up to 20 ms; configuration, plan, workflows, PostgreSQL, limits and journal are real. Ten old and ten new providers, each fifth move a database that the next four come after. Each size was run once.'

function caseOf(
  of: string,
  unit: string,
  moves: number,
  quick: boolean,
  goals: readonly Goal[],
  notes: string,
  figure: (of: Figures, moves: number) => number,
): Case {
  const besides = goals.flatMap(({ opponent }) => (opponent === null ? [] : [Number.parseInt(opponent, 10)]))
  const run = (size: number) => async (): Promise<number> => figure(await figuresOf(size), size)
  return {
    name: `${of}/${moves}`,
    unit,
    rounds: 1,
    quick,
    goals,
    notes: `${notes} ${simulated}`,
    prepare: async () => {
      const others = Object.fromEntries(besides.map((size) => [`${size} moves`, run(size)]))
      return await Promise.resolve({ contestants: { ...others, ours: run(moves) }, close: async () => await Promise.resolve() })
    },
  }
}

function casesOf(moves: number, besides: readonly number[], quick: boolean): readonly Case[] {
  const flat = besides.map((size) => within(1.2, `${size} moves`))
  return [
    caseOf(
      'time of a move',
      'ms',
      moves,
      quick,
      flat,
      'From `migrate` until all are switched and wait for `finish`, divided by their number.',
      ({ wallMs }) => wallMs,
    ),
    caseOf(
      'processor of a move',
      'ms',
      moves,
      quick,
      flat,
      'Of controller and PostgreSQL in that time, divided by their number.',
      ({ processorMs }) => processorMs,
    ),
    caseOf('memory', 'MiB', moves, quick, [below(400)], 'The peak of the controller.', ({ peakMiB }) => peakMiB),
    caseOf(
      'status',
      'ms',
      moves,
      quick,
      [below(400)],
      '`lifeboat status --json` while all are kept in step, with the start of the command; median of seven.',
      ({ commandMs }) => commandMs,
    ),
    caseOf('status request', 'ms', moves, quick, [below(400)], 'The same without the command.', ({ statusMs }) => statusMs),
    caseOf('journal of one move', 'ms', moves, quick, flat.slice(0, 1), 'All its records over the socket; median of seven.', ({ journalMs }) => journalMs),
  ]
}

export const orchestrate1000: Benchmark = {
  name: 'orchestrate-1000',
  says: 'Whether a move costs the same when a thousand go at once.',
  cases: [...casesOf(100, [10], true), ...casesOf(1000, [10, 100], false)],
}

const resumed =
  'From kill -9, while all are switched and kept in step, until each move was claimed anew on both its nodes, by a controller that is started at once.'

export const resume: Benchmark = {
  name: 'resume',
  says: 'How soon all moves go on after the controller was killed.',
  cases: [
    caseOf('all', 's', 100, true, [below(30)], resumed, ({ resumeMs }) => resumeMs / 1000),
    caseOf('all', 's', 1000, false, [below(30)], resumed, ({ resumeMs }) => resumeMs / 1000),
    caseOf('each', 'ms', 1000, false, [within(1.2, '10 moves')], `${resumed} Divided by their number.`, ({ resumeMs }, moves) => resumeMs / moves),
  ],
}
