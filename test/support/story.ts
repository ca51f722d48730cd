// Plays the story of a move (workflows/migrate.ts) without nodes: what each step answers is given, and what followed is told.
import type { StepName } from '../../src/core/runbook.ts'
import { migrate, type Ending, type Verbs } from '../../src/workflows/migrate.ts'
import type { Result, Want } from '../../src/workflows/run.ts'

export const done: Result = { state: 'done', details: {} }
export const failed: Result = { state: 'failed', code: 'node-failed', text: 'It broke.' }
const silent: Result = { state: 'failed', code: 'other-side-silent', text: 'Nobody knows what became of the target.' }
export const interrupted: Result = { state: 'interrupted' }
/** `stored`: the names under which the durable engine keeps what was done, in their order. */
export type Told = { readonly ending: Ending; readonly trace: readonly string[]; readonly stored: readonly string[] }

/**
 * Plays a story: `answers` gives for a step the results of its first, second… time; then it succeeds. `again`: so many
 * attempts are tried again by themselves. `askedAt`: when this step fails somebody asks to go back.
 */
export async function play(
  answers: Partial<Record<StepName, readonly Result[]>>,
  options: {
    serving?: 'source' | 'target'
    want?: Want
    rehearsal?: boolean
    sealed?: boolean
    fenced?: boolean
    /** The fence cannot be lifted. */
    stuck?: boolean
    opensAs?: 'source' | 'target'
    again?: number
    askedAt?: StepName
  } = {},
): Promise<Told> {
  const trace: string[] = []
  const stored: string[] = []
  const times = new Map<string, number>()
  let serving = options.serving ?? 'source'
  let undone = 0
  let sealed = options.sealed ?? false
  const verbs: Verbs = {
    step: async (name) => {
      const time = times.get(name) ?? 0
      times.set(name, time + 1)
      const result = answers[name]?.[time] ?? done
      trace.push(result.state === 'done' ? name : `${name}!`)
      if (result.state === 'done' && name === 'commit-switch') serving = 'target'
      if (result.state === 'done' && name === 'commit-switch-back') serving = 'source'
      return await Promise.resolve(result)
    },
    undo: async (name) => {
      trace.push(`undo ${name}`)
      if (options.stuck === true && name === 'unfence-source') return await Promise.resolve(silent)
      if (sealed && name.startsWith('unseal-')) [serving, sealed] = [options.opensAs ?? serving, false]
      return await Promise.resolve(done)
    },
    look: async () => await Promise.resolve({ serving, sealed, fenced: options.fenced ?? false }),
    noteUndone: async () => {
      trace.push('attempt undone')
      return await Promise.resolve((options.again ?? 0) >= ++undone)
    },
    takeRollback: async () => {
      trace.push('take-rollback')
      await Promise.resolve()
    },
    rest: async () => await Promise.resolve(options.askedAt !== undefined && trace.at(-1) === `${options.askedAt}!`),
  }
  return { ending: await migrate(keeping(verbs, stored), options.want ?? 'migrate', options.rehearsal), trace, stored }
}

function keeping(verbs: Verbs, stored: string[]): Verbs {
  const keep = <T>(name: string, answer: T): T => {
    stored.push(name)
    return answer
  }
  return {
    step: async (name) => await keep(name, verbs.step(name)),
    undo: async (name) => await keep(`undo ${name}`, verbs.undo(name)),
    look: async () => await keep('look', verbs.look()),
    noteUndone: async (...noted) => await keep('note', verbs.noteUndone(...noted)),
    takeRollback: async () => await keep('take-rollback', verbs.takeRollback()),
    rest: async (tries) => await keep('rest', verbs.rest(tries)),
  }
}
