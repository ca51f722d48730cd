// What is known of both sides of a root. It lives in memory: a controller that starts anew finds it out again.
import type { Point } from './recorder.ts'

export type Known = {
  /** Up to here passes have made both sides equal. */
  point: Point | null
  /** Up to here a comparison has found both sides equal; what was named since is not compared yet. */
  compared: Point | null
  recorder: 'untried' | 'trusted' | 'distrusted'
}

export const nothingKnown: Known = { point: null, compared: null, recorder: 'untried' }

/** A comparison in the freeze has found what no pass had carried over: all of it is found out again. */
export function doubt(known: Known): void {
  known.point = null
  known.compared = null
  if (known.recorder === 'trusted') known.recorder = 'untried'
}
