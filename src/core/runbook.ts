// The runbook as a table (runbook.md): one row per step, top to bottom, with its undo. Every name here is stored in
// journals and databases and is permanent; titles are free. A row without an action does not compile (workflows/steps).

/**
 * Of what is done in which order, here and in workflows/migrate.ts: a process replays only runs of its own version. Raised
 * where a run that is under way could go another way than it went (test/workflows/migrate.test.ts); titles and deadlines are free.
 */
export const runbookVersion = 'runbook-3'

export type Phase = 'prepare' | 'sync' | 'switch' | 'settle' | 'watch' | 'finish' | 'back' | 'failover' | 'reprotect'

/**
 * `seconds`: the deadline of the step; null where waiting is its nature (it then watches something else). `asked`: done when
 * somebody asked for it, and else no step of a move. `undoWaits`: its undo has no deadline, as another side decides.
 */
type Row = {
  readonly name: string
  readonly phase: Phase
  readonly title: string
  readonly undo?: string
  readonly seconds: number | null
  readonly asked?: true
  readonly undoWaits?: true
}

export const runbook = [
  { name: 'check-source', phase: 'prepare', title: 'Look at the source', seconds: 60 },
  { name: 'adopt-inventory', phase: 'prepare', title: 'Keep what was found', seconds: 10 },
  { name: 'provision-node', phase: 'prepare', title: 'Provision the target', undo: 'destroy-node', seconds: 900 },
  { name: 'prepare-node', phase: 'prepare', title: 'Prepare both nodes', undo: 'clean-node', seconds: 120 },
  { name: 'claim-names', phase: 'prepare', title: 'Claim the names', undo: 'free-names', seconds: 30 },

  { name: 'start-recording', phase: 'sync', title: 'Record changes on both sides', undo: 'stop-recording', seconds: 10 },
  { name: 'first-sync', phase: 'sync', title: 'Copy the data', seconds: null },
  { name: 'lower-ttl', phase: 'sync', title: 'Lower the time to live', undo: 'restore-ttl', seconds: null },
  { name: 'keep-in-sync', phase: 'sync', title: 'Bring the copy up to date', seconds: null },
  { name: 'rehearse', phase: 'sync', title: 'Rehearse on a view of the copy', undo: 'end-rehearsal', seconds: 600, asked: true },
  { name: 'await-approval', phase: 'sync', title: 'Wait for approval, keep in step', seconds: null },

  { name: 'check-ready', phase: 'switch', title: 'Check that all is ready', seconds: 60 },
  { name: 'hold-clients', phase: 'switch', title: 'Hold the clients', undo: 'unhold-clients', seconds: 5 },
  { name: 'freeze-source', phase: 'switch', title: 'Stop writes on the source', undo: 'thaw-source', seconds: 15 },
  { name: 'final-sync', phase: 'switch', title: 'Copy the last changes', seconds: 20 },
  { name: 'verify-data', phase: 'switch', title: 'Compare both sides', seconds: 20 },
  { name: 'seal-source', phase: 'switch', title: 'Seal the source', undo: 'unseal-source', seconds: 5, undoWaits: true },
  { name: 'promote-target', phase: 'switch', title: 'Start the services on the target', undo: 'demote-target', seconds: 20 },
  { name: 'check-target', phase: 'switch', title: 'Check the target', seconds: 10 },
  { name: 'commit-switch', phase: 'switch', title: 'Commit the switch', seconds: 5 },

  { name: 'release-clients', phase: 'settle', title: 'Release the clients to the target', seconds: 10 },
  { name: 'forward-stragglers', phase: 'settle', title: 'Forward stragglers', seconds: 5 },
  { name: 'start-singletons', phase: 'settle', title: 'Start what runs only once', seconds: 10 },
  { name: 'start-reverse-sync', phase: 'settle', title: 'Keep the source in step', undo: 'stop-reverse-sync', seconds: 30 },
  { name: 'switch-dns', phase: 'settle', title: 'Point the names at the target', seconds: null },

  { name: 'watch-target', phase: 'watch', title: 'Watch the target', seconds: null },
  { name: 'await-finish', phase: 'watch', title: 'Wait for finish, keep the way back open', seconds: null },

  { name: 'stop-forwarding', phase: 'finish', title: 'Stop forwarding', seconds: null },
  { name: 'raise-ttl', phase: 'finish', title: 'Raise the time to live', seconds: 60 },
  { name: 'retire-source', phase: 'finish', title: 'Power the source off', seconds: 300 },
  { name: 'clean-up', phase: 'finish', title: 'Clean up', seconds: 120 },
] as const satisfies readonly Row[]

/** Going back after the commit is the same switch with the sides exchanged, names last (runbook.md §5). */
export const wayBack = [
  { name: 'check-ready-back', phase: 'back', title: 'Check that the source is ready', seconds: 60 },
  { name: 'hold-clients-back', phase: 'back', title: 'Hold the clients on both sides', undo: 'unhold-clients-back', seconds: 5 },
  { name: 'freeze-target', phase: 'back', title: 'Stop writes on the target', undo: 'thaw-target', seconds: 15 },
  { name: 'final-sync-back', phase: 'back', title: 'Copy the last changes back', seconds: 20 },
  { name: 'verify-data-back', phase: 'back', title: 'Compare both sides', seconds: 20 },
  { name: 'seal-target', phase: 'back', title: 'Seal the target', undo: 'unseal-target', seconds: 5, undoWaits: true },
  { name: 'promote-source', phase: 'back', title: 'Start the services on the source', undo: 'demote-source', seconds: 20 },
  { name: 'check-source-back', phase: 'back', title: 'Check the source', seconds: 10 },
  { name: 'commit-switch-back', phase: 'back', title: 'Commit the way back', seconds: 5 },
  { name: 'release-clients-back', phase: 'back', title: 'Release the clients to the source', seconds: 10 },
  { name: 'forward-stragglers-back', phase: 'back', title: 'Forward stragglers', seconds: 5 },
  { name: 'start-singletons-back', phase: 'back', title: 'Start what runs only once', seconds: 10 },
  { name: 'start-reverse-sync-back', phase: 'back', title: 'Keep the target in step', seconds: 30 },
  { name: 'switch-dns-back', phase: 'back', title: 'Point the names at the source', seconds: null },
] as const satisfies readonly Row[]

/**
 * The source is given up (runbook.md §6): it is fenced, not asked. Between measure-loss and write-tombstone come rows of the
 * way there (`failover`, `afterFailover`).
 */
export const givenUp = [
  { name: 'decide-failover', phase: 'failover', title: 'Decide to fail over', seconds: 60 },
  { name: 'fence-source', phase: 'failover', title: 'Fence the source', undo: 'unfence-source', seconds: 240 },
  { name: 'confirm-fence', phase: 'failover', title: 'See that the source is fenced', seconds: 120 },
  { name: 'measure-loss', phase: 'failover', title: 'Find out what is lost', seconds: 40 },
  { name: 'write-tombstone', phase: 'failover', title: 'Tell the source that it is over', seconds: 30 },
] as const satisfies readonly Row[]

/** A source that was given up is back, and is to be the standby of the target: both when somebody asked for it (runbook.md §6). */
export const takenBack = [
  { name: 'salvage-source', phase: 'reprotect', title: 'Keep aside what only the source has', seconds: null },
  { name: 'reprotect', phase: 'reprotect', title: 'Make the source follow the target', seconds: null },
] as const satisfies readonly Row[]

export type ForwardRow = (typeof runbook)[number]
export type BackRow = (typeof wayBack)[number]
export type RunbookRow = ForwardRow | BackRow | (typeof givenUp)[number] | (typeof takenBack)[number]
export type StepName = RunbookRow['name']
export type UndoName = Extract<RunbookRow, { undo: string }>['undo']
export type ActionName = StepName | UndoName

/** All of them; what gives the source up takes the place of the switch up to the promotion. */
export const rows: readonly RunbookRow[] = [
  ...runbook.filter(({ phase }) => phase === 'prepare' || phase === 'sync'),
  ...givenUp,
  ...runbook.filter(({ phase }) => phase !== 'prepare' && phase !== 'sync'),
  ...takenBack,
  ...wayBack,
]

const repeatedOnTheWayBack = runbook.filter((row) => row.phase === 'switch' || (row.phase === 'settle' && row.name !== 'switch-dns')).map((row) => row.name)
const thereOfBack = new Map<string, ForwardRow['name']>(wayBack.map(({ name }, index) => [name, repeatedOnTheWayBack[index] ?? 'switch-dns']))

/** The row of the way there that this one of the way back repeats with the sides exchanged. Any other name is its own answer. */
export function nameThere<Name extends string>(name: Name): Exclude<Name, BackRow['name']> | ForwardRow['name'] {
  return thereOfBack.get(name) ?? (name as Exclude<Name, BackRow['name']>)
}

/** Whether it is a row of the way back, or the undo of one. */
export function isOnTheWayBack(name: string): boolean {
  return wayBack.some((row) => row.name === name || ('undo' in row && row.undo === name))
}

/** Whether it is a row, not the undo of one. */
export function isRow(name: string): name is StepName {
  return rows.some((row) => row.name === name)
}

/** The rows of a phase, in order. */
export function rowsOf(phase: Phase): readonly RunbookRow[] {
  return rows.filter((row) => row.phase === phase)
}

/** The same without those that somebody has to ask for: what every move walks. */
export function walkedRows(phase: Phase): readonly RunbookRow[] {
  return rowsOf(phase).filter((row) => !('asked' in row))
}

/** Up to the commit, and after it, of a fail-over. */
export const failover = named('decide-failover', 'fence-source', 'confirm-fence', 'measure-loss', 'promote-target', 'check-target', 'commit-switch')
export const afterFailover = named('switch-dns', 'start-singletons', 'write-tombstone')
/** After a switch as planned away from a source that is ill: the names wait for nothing that takes its time there. */
export const settleIll = named('release-clients', 'forward-stragglers', 'switch-dns', 'start-singletons', 'start-reverse-sync')

function named(...names: readonly StepName[]): readonly RunbookRow[] {
  return names.flatMap((name) => rows.filter((row) => row.name === name))
}

/** The undo names of rows that were begun, newest first. A row after the commit has none that may be walked. */
export function undoAfter(begun: readonly StepName[]): readonly UndoName[] {
  return begun
    .map((name) => rows.find((row) => row.name === name))
    .flatMap((row) => (row !== undefined && 'undo' in row ? [row.undo] : []))
    .toReversed()
}

/** The row of a step or an undo. */
export function rowOf(name: string): RunbookRow | undefined {
  return rows.find((row) => row.name === name) ?? rows.find((row) => 'undo' in row && row.undo === name)
}

/** What a person reads for a step or an undo. */
export function titleOf(name: string): string {
  const row = rowOf(name)
  if (row === undefined) return name
  return row.name === name ? row.title : `Undo: ${row.title}`
}

/** The deadline of a step or undo in milliseconds; null: none. */
export function deadlineMsOf(name: string): number | null {
  const row = rowOf(name)
  if (row === undefined || row.name !== name) return row !== undefined && 'undoWaits' in row ? null : 60_000
  return row.seconds === null ? null : row.seconds * 1000
}
