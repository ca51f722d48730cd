// Processes of this machine, found by what stands in their command line.
import { readdirSync, readFileSync } from 'node:fs'

/** `words` as they stand there: one argument after the other, each ended by a NUL. */
export function pidsWith(words: string): readonly number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids.filter((pid) => commandLine(pid).includes(words)).map(Number)
}

/** Those of them that this process started itself. */
export function childrenWith(parent: number, words: string): readonly number[] {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').map(Number)
  return pidsWith(words).filter((pid) => children.includes(pid))
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
