// The one script that reads a node from inside, put together from files so that each part is read as the shell it is.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { quote } from '../../io/ssh.ts'

export type Section = { readonly name: string; readonly seconds: number; readonly text: string }

/** Name, file and the seconds it may take at most, in their order. */
const files = [
  ['writes-before', 'writes', 2],
  ['system', 'system', 3],
  ['hardware', 'hardware', 3],
  ['mounts', 'mounts', 2],
  ['usage', 'usage', 4],
  ['sockets', 'sockets', 8],
  ['services', 'services', 5],
  ['cron', 'cron', 4],
  ['literals', 'literals', 3],
  ['users', 'users', 2],
  ['surroundings', 'surroundings', 4],
  ['web', 'web', 5],
  ['databases', 'databases', 8],
  ['containers', 'containers', 5],
  ['changes', 'changes', 8],
  ['writes-after', 'writes', 2],
] as const

/** Everything that `sh -s` is given. The node itself stops after `withinSeconds`, whether anybody still listens or not. */
export function insideScript(withinSeconds: number, sections: readonly Section[] = allSections()): string {
  const parts = sections.map(({ name, seconds, text }) => `section ${name} ${seconds} ${quote(text)}`)
  return [`within=${withinSeconds}`, `words=${quote(read('words.sh'))}`, read('run.sh'), ...parts, ''].join('\n')
}

/** What may have changed since somebody last looked, and matters to a move that begins: also who writes to its data. */
export function sectionsForMove(paths: readonly string[]): Section[] {
  const chosen = allSections().filter(({ name }) => ['sockets', 'services', 'cron', 'literals', 'mounts'].includes(name))
  return [...chosen, { name: 'writers', seconds: 3, text: `paths=${quote(paths.join('\n'))}\n${read('sections/writers.sh')}` }]
}

export function allSections(): Section[] {
  return files.map(([name, file, seconds]) => ({ name, seconds, text: read(`sections/${file}.sh`) }))
}

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, file), 'utf8')
}
