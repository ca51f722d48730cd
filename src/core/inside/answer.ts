// The frames of the script's answer (nodes/inside/run.sh): `@NAME` begins a section, `|WORD<tab>VALUE` is a line of it,
// `=NAME STATUS` ends it. Whatever else comes is noise of a login shell and is left out.

export type Section = {
  /** How the section ended: in order (whatever its last command said), by its time limit, or not before the answer did. */
  readonly end: 'done' | 'late' | 'cut'
  /** The values of all lines with this word. */
  readonly rows: (word: string) => readonly string[]
}

export type Answer = ReadonlyMap<string, Section>

/** What `timeout -s KILL` ends with. */
const killed = 137

export function readAnswer(text: string): Answer {
  const sections = new Map<string, Section>()
  let open: { readonly name: string; readonly rows: Map<string, string[]> } | null = null
  const close = (end: Section['end']): void => {
    if (open === null) return
    const { name, rows } = open
    sections.set(name, { end, rows: (word) => rows.get(word) ?? [] })
    open = null
  }
  // PostgreSQL, where inventories are kept, takes no NUL.
  for (const line of text.replaceAll('\0', '\uFFFD').split('\n')) {
    const ended = /^=(\S+) (\d+)$/.exec(line)
    if (line.startsWith('@')) {
      close('cut')
      open = { name: line.slice(1), rows: new Map() }
    } else if (ended !== null && ended[1] === open?.name) {
      close(Number(ended[2]) === killed ? 'late' : 'done')
    } else if (line.startsWith('|') && open !== null) {
      const [word = '', ...value] = line.slice(1).split('\t')
      const rows = open.rows.get(word) ?? []
      rows.push(value.join('\t'))
      open.rows.set(word, rows)
    }
  }
  close('cut')
  return sections
}

/** A whole number, or null: nothing else is taken for one. */
export function wholeNumber(text: string | undefined): number | null {
  const value = /^\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? value : null
}

/** The text, or null when there is none. */
export function given(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? ''
  return trimmed === '' ? null : trimmed
}

/** `KEY=value` lines of shell and systemd; quotes around a value go. */
export function assignments(rows: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    rows.flatMap((row): [string, string][] => {
      const at = row.indexOf('=')
      return at < 1 ? [] : [[row.slice(0, at), row.slice(at + 1).replaceAll(/^(["'])(.*)\1$/g, '$2')]]
    }),
  )
}
