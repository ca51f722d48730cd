// Whether credentials and configuration still lead to where the stacks of a provider were made: somewhere else the engine
// would find nothing of them, and make everything again, or forget that it is there.
import type { Layer } from '../../stacks/net.ts'
import { z } from 'zod'
import { LifeboatError } from '../core/errors.ts'
import type { Place, Target } from '../providers/provider.ts'
import type { Engine } from '../provision/engine.ts'

const recordedSchema = z.object({ account: z.string(), region: z.string() })

/** `net`: the layer whose outputs tell where it was made. Fails with target-refused. */
export async function refuseElsewhere(engine: Engine, target: Target, net: Layer, signal: AbortSignal): Promise<void> {
  if (target.place === undefined) return
  const recorded = recordedSchema.safeParse(await engine.outputs(net, signal))
  // Nothing was made yet, or before this was recorded.
  if (!recorded.success) return
  const here = await target.place(signal)
  if (here.account === recorded.data.account && here.region === recorded.data.region) return
  const text = `${net.stack} was made in ${wordsOf(recorded.data)}, and credentials and configuration lead to ${wordsOf(here)} now; nothing was changed.`
  throw new LifeboatError('target-refused', text, { details: { stack: net.stack, made: recorded.data, here } })
}

function wordsOf({ account, region }: Place): string {
  return `${account === null ? 'an account that shows no network of its own' : `account ${account}`} in ${region}`
}
