// Scenario 1 as a list: before and after every row, by the command that walks it.
import { rowsOf, walkedRows, type StepName } from '../../src/core/runbook.ts'
import { draw } from './draw.ts'

type Command = 'migrate' | 'rollback' | 'finish' | 'rehearse'
/** `started`: announced, nothing of it done. `done`: all of it done, and nobody has stored that. */
export type CrashCase = { readonly command: Command; readonly step: StepName; readonly state: 'started' | 'done' }

const rows = {
  migrate: (['prepare', 'sync', 'switch', 'settle', 'watch'] as const).flatMap(walkedRows),
  rollback: walkedRows('back'),
  finish: walkedRows('finish'),
  rehearse: rowsOf('sync').filter(({ name }) => name === 'rehearse'),
} as const

function casesOf(command: Command): CrashCase[] {
  return (
    rows[command]
      .flatMap(({ name }) => [{ command, step: name, state: 'started' } as const, { command, step: name, state: 'done' } as const])
      // Waiting for finish ends by a finish only.
      .filter(({ step, state }) => step !== 'await-finish' || state === 'started')
  )
}

const commands = ['migrate', 'rollback', 'finish'] as const
export const crashCases: readonly CrashCase[] = [...commands, 'rehearse' as const].flatMap(casesOf)

/** One case of each command that a move needs, always the same for a seed. */
export function drawnCases(seed: number): readonly CrashCase[] {
  return commands.map((command, turn) => draw(casesOf(command), turn, seed))
}
