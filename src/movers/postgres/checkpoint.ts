// Before the freeze: what is written now need not be written in there.
import { codeOf, LifeboatError, messageOf } from '../../core/errors.ts'
import { act } from '../act.ts'
import type { Side } from '../mover.ts'
import { psql, type Cluster } from './cluster.ts'

/** Within the gate before the freeze; one that takes longer would take all of the budget in there. */
const checkpointMs = 20_000

/** A server that stops, or that is promoted, would do this then, for as long as there is to write. Fails with gate-closed. */
export async function checkpoint(cluster: Cluster, side: Side, role: 'open' | 'closed', signal: AbortSignal): Promise<void> {
  await act(side, psql(cluster, 'checkpoint'), { signal, role, deadlineMs: checkpointMs }).catch((error: unknown) => {
    if (codeOf(error) !== 'node-failed') throw error
    const why = messageOf(error)
    throw new LifeboatError('gate-closed', `PostgreSQL on ${side.address} wrote no checkpoint within ${checkpointMs / 1000} s: ${why}`)
  })
}
