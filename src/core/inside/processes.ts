// Processes that hold something: their unit and program, and whose files of the data are open for writing.
import { given, type Section } from './answer.ts'

export type Owner = { readonly unit: string | null; readonly program: string | null }

/** Process number -> whose it is. */
export function processesOf(section: Section): ReadonlyMap<string, Owner> {
  return new Map(
    section.rows('process').map((row): [string, Owner] => {
      const [pid = '', group = '', program = '', ...name] = row.split('\t')
      // A program that was replaced by an update runs on from a file that is gone.
      return [pid, { unit: unitOf(group), program: given(program.replace(/ \(deleted\)$/, '')) ?? given(name.join('\t')) }]
    }),
  )
}

/** The service in a path of control groups; null for what somebody started by hand and for containers. */
function unitOf(group: string): string | null {
  if (group.includes('/user.slice/')) return null
  return group.split('/').findLast((part) => part.endsWith('.service')) ?? null
}

export type Writer = Owner & { readonly files: readonly string[] }

/** One entry for each unit, or program without one, that has files open for writing. */
export function readWriters(section: Section): Writer[] {
  const processes = processesOf(section)
  const open = section.rows('writer').map((row) => {
    const [pid = '', ...file] = row.split('\t')
    return { owner: processes.get(pid) ?? { unit: null, program: null }, file: file.join('\t') }
  })
  const byOwner = Map.groupBy(open, ({ owner }) => owner.unit ?? ` ${owner.program}`)
  return [...byOwner.values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : [{ ...first.owner, files: [...new Set([first, ...more].map(({ file }) => file))] }],
  )
}
