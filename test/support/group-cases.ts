// A group under fire as a list: an app and its database share a freeze, there and back, and at each boundary of it the
// controller is killed, or a node loses its power. One world plays all blows of a row, on the way there and back by turns.
import { rowsOf, wayBack, type StepName } from '../../src/core/runbook.ts'
import { draw } from './draw.ts'

export const [app, database] = ['web-1', 'web-2'] as const

/** What strikes when this record of this member is about to be stored: the controller dies, one side of a node has no power, or the app cannot start where it is to serve. */
export type GroupBlow = {
  readonly command: 'migrate' | 'rollback'
  readonly step: StepName
  readonly state: 'started' | 'done'
  readonly of: typeof app | typeof database
  readonly strikes: 'controller' | 'app' | { readonly node: typeof app | typeof database; readonly side: 'source' | 'target' }
}

export type GroupCase = { readonly name: string; readonly blows: readonly GroupBlow[] }

const there = [...rowsOf('switch').map((row) => row.name), 'release-clients', 'forward-stragglers'] as const

/** By turns, as a way back needs one there before it. */
function kills(row: number): GroupBlow[] {
  const [to, from] = [there[row], wayBack[row]?.name]
  if (to === undefined || from === undefined) throw new Error(`There is no row ${row}.`)
  return [app, database].flatMap((of) =>
    (['started', 'done'] as const).flatMap((state) =>
      [['migrate', to] as const, ['rollback', from] as const].map(([command, step]) => ({ command, step, state, of, strikes: 'controller' }) as const),
    ),
  )
}

/** Before the first commit, and after it: both are that of the database. */
function powerCuts(node: typeof app | typeof database, side: 'source' | 'target'): GroupBlow[] {
  const moments = [
    { command: 'migrate', step: 'final-sync', state: 'started' },
    { command: 'rollback', step: 'final-sync-back', state: 'started' },
    { command: 'migrate', step: 'commit-switch', state: 'done' },
    { command: 'rollback', step: 'commit-switch-back', state: 'done' },
  ] as const
  return moments.map((moment) => ({ ...moment, of: database, strikes: { node, side } }))
}

export const groupCases: readonly GroupCase[] = [
  ...there.map((step, row) => ({ name: step, blows: kills(row) })),
  { name: 'power of the source of the database', blows: powerCuts(database, 'source') },
  { name: 'power of the target of the database', blows: powerCuts(database, 'target') },
  // Scenario 40.
  {
    name: 'second member fails',
    blows: [
      { command: 'migrate', step: 'promote-target', state: 'started', of: app, strikes: 'app' },
      { command: 'rollback', step: 'promote-source', state: 'started', of: app, strikes: 'app' },
    ],
  },
  { name: 'power of the source of the app', blows: powerCuts(app, 'source') },
]

/** One blow there and one back, always the same for a seed. */
export function drawnGroupCase(seed: number): GroupCase {
  const all = groupCases.flatMap(({ blows }) => blows)
  const blows = (['migrate', 'rollback'] as const).map((command, turn) =>
    draw(
      all.filter((blow) => blow.command === command),
      turn,
      seed,
    ),
  )
  return { name: 'drawn', blows }
}

export function describeBlow({ step, state, of, strikes }: GroupBlow): string {
  const what = { controller: 'controller killed', app: 'the app does not start' } as const
  return `${typeof strikes === 'string' ? what[strikes] : `power of the ${strikes.side} of ${strikes.node} goes`}, ${step} of ${of} ${state}`
}
