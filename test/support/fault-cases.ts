// What befalls a move besides the death of its controller, and at which steps: those where it can matter. Each fault has one
// world, in which it comes at one step after the other, goes again, and the move comes to its end.
import { walkedRows, type StepName } from '../../src/core/runbook.ts'
import { draw } from './draw.ts'

export type Command = 'migrate' | 'rollback' | 'finish'
type Steps = { readonly [command in Command]?: readonly StepName[] }

const named: Steps = {
  migrate: ['claim-names', 'lower-ttl', 'check-ready', 'switch-dns', 'watch-target'],
  rollback: ['switch-dns-back'],
  finish: ['raise-ttl'],
}
const asked: Steps = { migrate: ['check-source'], finish: ['retire-source'] }
const clocked: Steps = {
  migrate: [
    'claim-names',
    'lower-ttl',
    'await-approval',
    'hold-clients',
    'freeze-source',
    'final-sync',
    'seal-source',
    'promote-target',
    'commit-switch',
    'release-clients',
    'switch-dns',
    'watch-target',
  ],
  rollback: ['seal-target', 'release-clients-back'],
  finish: ['stop-forwarding'],
}
const written: Steps = {
  migrate: ['claim-names', 'first-sync', 'keep-in-sync', 'freeze-source', 'seal-source', 'commit-switch', 'release-clients', 'switch-dns'],
  rollback: ['hold-clients-back', 'commit-switch-back'],
  finish: ['raise-ttl'],
}
const opened: Steps = { migrate: ['first-sync', 'hold-clients', 'commit-switch', 'await-finish'], rollback: ['check-ready-back'], finish: ['clean-up'] }
const everything: Steps = {
  migrate: (['prepare', 'sync', 'switch', 'settle', 'watch'] as const).flatMap((phase) => walkedRows(phase).map((row) => row.name)),
  rollback: walkedRows('back').map((row) => row.name),
  finish: walkedRows('finish').map((row) => row.name),
}

/** The fault as people read it, and its steps. */
const faultSteps = {
  'name-server-gone': { title: 'the name server is gone', steps: named },
  'name-server-silent': { title: 'the name server takes connections and never answers', steps: named },
  'vcenter-silent': { title: 'the vCenter takes connections and never answers', steps: asked },
  'vcenter-busy': { title: 'the vCenter answers 503', steps: asked },
  'database-restarted': { title: 'the embedded database is restarted', steps: everything },
  'shared-database-restarted': { title: 'the shared database is restarted', steps: opened },
  'target-terminated': { title: 'the instance of the target is terminated', steps: { migrate: ['keep-in-sync', 'hold-clients'] } },
  'disk-full': { title: 'the disk of the state folder is full', steps: written },
  'clock-ahead': { title: 'the clock of the controller is an hour ahead', steps: clocked },
  'clock-behind': { title: 'the clock of the controller is an hour behind', steps: clocked },
  'state-older': { title: 'the state is that of an older version', steps: opened },
  'state-newer': { title: 'a newer version has used the state', steps: opened },
} as const satisfies Record<string, { readonly title: string; readonly steps: Steps }>

export type FaultName = keyof typeof faultSteps
export type Blow = { readonly command: Command; readonly step: StepName }
export type FaultCase = { readonly fault: FaultName; readonly title: string; readonly blows: readonly Blow[] }

const commands = ['migrate', 'rollback', 'finish'] as const

export const faultCases: readonly FaultCase[] = (Object.keys(faultSteps) as FaultName[]).map((fault) => {
  const { title, steps }: { title: string; steps: Steps } = faultSteps[fault]
  return { fault, title, blows: commands.flatMap((command) => (steps[command] ?? []).map((step) => ({ command, step }))) }
})

/** Of which a normal run draws one: the others take minutes before anybody notices, or wait to be seen whole. */
const often: readonly FaultName[] = [
  'name-server-gone',
  'name-server-silent',
  'shared-database-restarted',
  'disk-full',
  'clock-ahead',
  'clock-behind',
  'state-older',
  'state-newer',
]

/** One fault at one step of a migration, always the same for a seed. */
export function drawnFault(seed: number): FaultCase {
  const drawn = faultCases.filter(({ fault }) => often.includes(fault))
  const { blows, ...rest } = draw(drawn, 0, seed)
  return {
    ...rest,
    blows: [
      draw(
        blows.filter(({ command }) => command === 'migrate'),
        1,
        seed,
      ),
    ],
  }
}
