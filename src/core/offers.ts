// What an operator can do with a move as it stands, the likeliest first: pure.
import type { MoveStatus } from './records.ts'

export type Offer = 'open' | 'watch' | 'approve' | 'rehearse' | 'pause' | 'finish' | 'rollback' | 'reprotect'

/** Empty where nothing is left to do: a move that came home can be begun again like one that never was. */
export function offersFor({ phase, waitingFor, failedOver }: Pick<MoveStatus, 'phase' | 'waitingFor' | 'failedOver'>): readonly Offer[] {
  if (phase === 'finished' || phase === 'rolled-back') return []
  if (phase === 'failed') return ['rollback']
  // Nobody serves: nothing is likelier than that somebody ends that.
  if (waitingFor === 'verdict') return ['open', 'watch']
  // Nobody goes back to what was given up before it follows again.
  if (waitingFor === 'finish' && failedOver) return ['reprotect', 'finish']
  if (waitingFor === 'finish') return ['finish', 'rollback']
  if (waitingFor === 'approval') return ['watch', 'approve', 'rehearse', 'rollback']
  // In the switch nobody waits for a word any more.
  return phase === 'prepare' || phase === 'sync' ? ['watch', 'pause', 'rollback'] : ['watch', 'rollback']
}
