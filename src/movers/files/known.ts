// What is known of both sides of a root. It lives in memory: a controller that starts anew finds it out again.
import type { Admitted, Point } from './recorder.ts'

export type Known = {
  /** Up to here passes have made both sides equal. */
  point: Point | null
  /** Up to here a comparison has found both sides equal; what was named since is not compared yet. */
  compared: Point | null
  recorder: 'untried' | 'trusted' | 'distrusted'
  /** Copies that each side had let in when the last one of ours had ended: what a copy writes no recorder names. */
  admitted: Admitted | null
  /** A copy was broken off, or was none of ours: what differs now is not the recorder's fault. */
  disturbed: boolean
}

export const nothingKnown: Known = { point: null, compared: null, recorder: 'untried', admitted: null, disturbed: false }

/** A comparison in the freeze has found what no pass had carried over: all of it is found out again. */
export function doubt(known: Known): void {
  known.point = null
  known.compared = null
  if (known.recorder === 'trusted') known.recorder = 'untried'
}

/** A copy may have left something that no recorder named. */
export function disturb(known: Known): void {
  known.compared = null
  known.disturbed = true
}

/** Whether copies were let in since the last one of ours had ended. */
export function noticeStrangers(known: Known, now: Admitted | null): boolean {
  const before = known.admitted
  const isNew = before !== null && (now === null || now.source !== before.source || now.target !== before.target)
  if (isNew) disturb(known)
  known.admitted = now
  return isNew
}
