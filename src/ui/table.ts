// Plain columns. Control and bidirectional characters of foreign names never reach the terminal.
import { visible } from '../core/terminal.ts'

/** Rows as aligned text; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(cell))
  const widths = (clean[0] ?? []).map((_, column) => Math.max(...clean.map((row) => row[column]?.length ?? 0)))
  return clean
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The text without anything that could move the cursor or turn the reading direction; a sentence longer than `most` characters is cut. */
export function printable(text: string, most = 240): string {
  return cut(text, most)
}

function cell(text: string): string {
  return cut(text, 60)
}

function cut(text: string, most: number): string {
  const clean = visible(text)
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean
}
