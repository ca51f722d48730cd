// One line for what an observer thinks of a node.
import { rungs } from '../core/evidence.ts'
import type { SightView } from '../core/judge-sight.ts'
import { visible } from '../core/terminal.ts'

/** `TIME web-1 gray: consistent with large-packets (kex fail, auth unknown)`. */
export function verdictLine(at: string, target: string, { verdict, layer, rungs: grades }: Pick<SightView, 'verdict' | 'layer' | 'rungs'>): string {
  const bad = rungs.filter((rung) => grades[rung] === 'fail' || grades[rung] === 'slow').map((rung) => `${rung} ${grades[rung]}`)
  const hint = layer === null ? '' : `: consistent with ${layer}`
  return visible(`${at} ${target} ${verdict}${hint}${bad.length === 0 ? '' : ` (${bad.join(', ')})`}`)
}
