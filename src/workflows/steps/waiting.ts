// What steps share that wait for people: what was said before in this run, and a rest that ends when something is said.
import type { JournalRecord } from '../../core/records.ts'
import { sleep } from '../../io/wait.ts'
import type { Step } from '../run.ts'
import type { SignalKind } from '../signals.ts'

const lookEveryMs = 250

/** All records of this run so far, oldest first. */
export async function recordsOfRun({ run: { services, move, run } }: Step): Promise<readonly JournalRecord[]> {
  return (await services.journal.after(0, { move, limit: 100_000 })).filter((record) => record.run === run)
}

/** Rests so many milliseconds, but not while somebody waits for an answer to what they said. */
export async function restUnlessTold({ run: { services, move, run }, signal }: Step, kind: SignalKind, ms: number): Promise<void> {
  const end = performance.now() + ms
  for (let left = ms; left > 0; left = end - performance.now()) {
    if (await services.signals.waits(move, run, kind)) return
    await sleep(Math.min(lookEveryMs, left), signal)
  }
}
