// Whose a machine is, written into its notes for the people who see it in the vCenter.
import type { Ownership } from '../provider.ts'

/** The notes of a machine. */
export function notesOf({ project, stack, move, run }: Ownership): string {
  return ['Made by Lifeboat.', `project: ${project}`, `stack: ${stack}`, `move: ${move ?? ''}`, `run: ${run}`].join('\n')
}
