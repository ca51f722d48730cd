// How a claim points at the records of the journal that it rests on.
import { markup, type Markup } from './markup.ts'

/** Writes the numbers of records, linked where the record stands on the page. */
export type References = (seqs: readonly number[]) => Markup | null

const most = 5

export function referencesTo(shown: ReadonlySet<number>): References {
  return (seqs) => {
    if (seqs.length === 0) return null
    const links = seqs.slice(0, most).map((seq, index) => {
      const comma = index === 0 ? '' : ', '
      return shown.has(seq) ? markup`${comma}<a href="#r${seq}">${seq}</a>` : markup`${comma}${seq}`
    })
    return markup`<span class="refs">${links}${seqs.length > most ? ` and ${seqs.length - most} more` : null}</span>`
  }
}
