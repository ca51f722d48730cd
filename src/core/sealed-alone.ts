// A side that is sealed while the other one is silent: nobody serves. It opens on the word of the other side, on its fence,
// or on the word of somebody who knows that it is off (runbook.md §1 V3). Pure.
import { otherSide, type SealedAlone, type SideName } from './stored-move.ts'
import type { JournalRecord } from './records.ts'

/** What is known of the side that is silent. `off`: what its provider says, null: nothing; `word`: somebody says that it is off. */
export type Known = { readonly off: boolean | null; readonly word: boolean; readonly commitAsked: boolean }

/** With which reason the sealed side may be opened; `contradicted`: its provider says that it runs; null: not yet. */
export function openingReason({ off, word, commitAsked }: Known): 'fenced' | 'person' | 'contradicted' | null {
  // What may have taken over is not overruled by a machine alone.
  if (off === true && (word || !commitAsked)) return 'fenced'
  if (!word) return null
  return off === null ? 'person' : 'contradicted'
}

/** Whether the last attempt in these records (of one move, oldest first), which `opening` began, came so far that the other side was asked to commit. */
export function commitWasAsked(records: readonly Pick<JournalRecord, 'step' | 'state'>[], opening: 'hold-clients' | 'fence-source' = 'hold-clients'): boolean {
  const last = (step: string): number => records.findLastIndex((record) => record.state === 'started' && [step, `${step}-back`].includes(record.step))
  return last('commit-switch') > last(opening)
}

/** What is the matter, in two sentences. */
export function describeSealedAlone({ side, since, commitAsked }: SealedAlone): string {
  const other = otherSide(side)
  return `The ${side} is sealed and the ${other} has not answered since ${since}, so nobody serves; ${atStake(side, commitAsked)}`
}

/** The same of a source that was fenced for a fail-over whose target does not answer. */
export function describeFencedAlone(commitAsked: boolean): string {
  return `The source stays fenced and the target does not answer, so nobody serves; ${atStake('source', commitAsked)}`
}

function atStake(side: SideName, commitAsked: boolean): string {
  const other = otherSide(side)
  const lost = commitAsked
    ? `the ${other} was asked to take over, and may have done so`
    : `the ${other} was not asked to take over yet, so nothing is lost when the ${side} opens`
  return `${lost}. Before the ${side} is opened, the ${other} must be off, or cut off from everybody.`
}

/** The command that says so. */
export function wayOut(move: string, { side }: Pick<SealedAlone, 'side'>): string {
  return `lifeboat rollback ${move} --${otherSide(side)}-is-off`
}

/** The same for a source that stays fenced. */
export function targetIsOff(move: string): string {
  return wayOut(move, { side: 'source' })
}
