// The fence on the node itself: the helper shuts the ports of the move and stops its units, over reboots too. It needs a
// node that answers, and believes what that says: a gray provider, yes; a dead one, no.
import { LifeboatError } from '../../core/errors.ts'
import type { Fence } from '../../core/fence.ts'
import type { Link } from '../link.ts'

type Claimed = { readonly link: Pick<Link, 'address' | 'call'>; readonly token: number }

/** A service that hangs is killed after 5 s; several go together. */
const fenceMs = 60_000

/** `claimed`: a link to the helper, and the token with which it was claimed. */
export function sshFence(claimed: (signal: AbortSignal) => Promise<Claimed>): Fence {
  const running = async ({ link }: Claimed, signal: AbortSignal) => {
    const { fenced, running: units } = await link.call({ op: 'fence-status' }, signal)
    return { fenced: fenced === true, units: Array.isArray(units) ? units.map(String) : [] }
  }
  return {
    fence: async (_id, signal) => {
      const on = await claimed(signal)
      await on.link.call({ op: 'fence', token: on.token }, signal, fenceMs)
      const { fenced, units } = await running(on, signal)
      if (fenced && units.length === 0) return `The helper on ${on.link.address} has shut its ports and stopped its services; they stay so.`
      throw new LifeboatError('node-failed', `The helper on ${on.link.address} took the order to fence, but ${units.join(', ') || 'it'} still runs.`)
    },
    isFenced: async (_id, signal) => {
      const { fenced, units } = await running(await claimed(signal), signal)
      return fenced && units.length === 0
    },
    unfence: async (_id, signal) => {
      const { link, token } = await claimed(signal)
      await link.call({ op: 'unfence', token }, signal, fenceMs)
    },
    close: async () => {},
  }
}
