// What a fail-over of a move would do, as one digest: what is approved is what is done, and a drill speaks for no other
// plan. Nothing is in it that a pass, a check or a look changes.
import { canonicalJson } from './canonical.ts'
import { runbookVersion } from './runbook.ts'
import type { MoveFacts, MoveSettings } from './stored-move.ts'

/** Digest of that plan; `digest` makes it of a text. Null: there is no target to fail over to. */
export function failoverPlanOf(settings: MoveSettings, { target }: Pick<MoveFacts, 'target'>, digest: (text: string) => string): string | null {
  if (target === null) return null
  const { name, from, to, source, names, data, services, singletons, ports, checks, fence } = settings
  return digest(
    canonicalJson({
      runbook: runbookVersion,
      move: name,
      source: { ...from, address: source.address },
      target: { ...to, id: target.id, address: target.address },
      names,
      data,
      services,
      singletons,
      ports,
      checks,
      fence,
    }),
  )
}
