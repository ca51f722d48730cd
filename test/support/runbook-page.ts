// docs/runbook.md, as the table of src/core/runbook.ts says it.
import { rowsOf, titleOf, type Phase, type RunbookRow } from '../../src/core/runbook.ts'

const phases: readonly (readonly [Phase, string, string])[] = [
  ['prepare', 'Prepare', 'Nothing of the source changes. What was put in place is taken away again when the move is given up.'],
  [
    'sync',
    'Keep in step',
    'The source serves and is read; copies that were made stay, whatever happens. A move that is approved still waits for its `window` and for the time that `migrate --at` names.',
  ],
  [
    'switch',
    'Switch',
    'Clients wait from `hold-clients` on. Until `commit-switch` any failure undoes what was begun, newest first, and the source serves on; nodes that nobody reaches do that alone.',
  ],
  ['settle', 'Settle', 'After the commit there is only forward: each row is tried until it is done, or until somebody asks to go back.'],
  ['watch', 'Watch', 'The target serves and the source follows it. `rollback` costs one more short switch.'],
  ['finish', 'Finish', 'Begins with `lifeboat finish`, the point of no return.'],
  [
    'failover',
    'Give the source up',
    '`lifeboat failover`, when the source does not answer: instead of holding and sealing it, it is fenced, and that is read back. Between `measure-loss` and `write-tombstone` come `promote-target`, `check-target`, `commit-switch`, `switch-dns` and `start-singletons`. Where the source answers after all, the switch that loses nothing is tried first.',
  ],
  [
    'reprotect',
    'Take the source back',
    '`lifeboat reprotect`, once the source that was given up can be back: what fences it is lifted, and it comes up closed. A failure leaves the target serving without a standby; `reprotect` tries again.',
  ],
  [
    'back',
    'Go back',
    '`rollback` after the commit: the same switch with the sides exchanged, names last. A failure before `commit-switch-back` leaves the target serving.',
  ],
]

export function runbookPage(): string {
  const rows = ([phase, title, says]: (typeof phases)[number]): string =>
    [`## ${title}`, '', says, '', '| step | what it does | ends within | undone by |', '|---|---|---|---|', ...rowsOf(phase).map(line), ''].join('\n')
  return `# The runbook: each step of a move

Written from the table that moves are run by (src/core/runbook.ts); a test holds both together. Names of steps are what \`--json\`, the journal and the report call them.
A step that does not end in time has failed; where no time is given it waits, by its nature, and tells what for.

${phases.map(rows).join('\n')}`
}

function line(row: RunbookRow): string {
  const undo = 'undo' in row ? `\`${row.undo}\`` : ''
  return `| \`${row.name}\` | ${titleOf(row.name)} | ${row.seconds === null ? '' : `${row.seconds} s`} | ${undo} |`
}
