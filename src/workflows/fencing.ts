// The fences of a move, tried in their order until one is confirmed.
import { LifeboatError, messageOf } from '../core/errors.ts'
import { decideFence, type Door, type Fence, type FenceDecision, type Rung } from '../core/fence.ts'
import { deadline, orAbort, sleep } from '../io/wait.ts'

/** A machine may take a moment to end, and what stands before it to notice. */
const fallsSilentMs = 5000
const doorsAgainMs = 250

export type FenceRung = {
  readonly kind: Rung['kind']
  /** Of the node, as this rung knows it. */
  readonly id: string
  /** Where the move has no such fence it fails, and says why. */
  readonly open: (signal: AbortSignal) => Promise<Fence>
}

export type Fencing = {
  readonly rungs: readonly FenceRung[]
  /** Tries the ports of the old address. */
  readonly tryDoors: (signal: AbortSignal) => Promise<readonly Door[]>
  /** For one rung with its read-back. */
  readonly rungMs: number
}

/**
 * Cuts the node off, rung by rung. A rung that fails, or after which the old address still serves, leaves it to the next.
 * `onOrder` hears of each before it acts: one that fails may have acted all the same.
 */
export async function fenceNode(fencing: Fencing, signal: AbortSignal, onOrder: (kind: Rung['kind']) => Promise<void>): Promise<FenceDecision> {
  const act: Act = async (fence, { id, kind }, during) => {
    await onOrder(kind)
    const text = await fence.fence(id, during)
    return { isFenced: await fence.isFenced(id, during), text }
  }
  return await climb(fencing, signal, act, fallsSilentMs)
}

/** Looks once more, and changes nothing: right before the other side is promoted. */
export async function readFence(fencing: Fencing, signal: AbortSignal): Promise<FenceDecision> {
  const act: Act = async (fence, { id }, during) => {
    const isFenced = await fence.isFenced(id, during)
    return { isFenced, text: isFenced ? 'It is cut off, as read now.' : 'It is not cut off.' }
  }
  return await climb(fencing, signal, act, 0)
}

/** Brings the node back as it was before this fence. Fails as that does. */
export async function liftFence({ rungs, rungMs }: Fencing, kind: Rung['kind'], signal: AbortSignal): Promise<void> {
  const rung = rungs.find((each) => each.kind === kind)
  if (rung === undefined) throw new LifeboatError('not-now', `The move has no fence ${kind} any more; lift it by hand.`)
  const limit = deadline(signal, rungMs, `Lifting the fence ${kind} took longer than ${rungMs / 1000} s.`)
  const fence = await rung.open(limit)
  try {
    await fence.unfence(rung.id, limit)
  } finally {
    await fence.close().catch(() => undefined)
  }
}

type Act = (fence: Fence, rung: FenceRung, signal: AbortSignal) => Promise<Omit<Rung, 'kind'>>

/** `patienceMs`: how long doors that are open may take to close. */
async function climb({ rungs, tryDoors, rungMs }: Fencing, signal: AbortSignal, act: Act, patienceMs: number): Promise<FenceDecision> {
  const untilSilent = async (): Promise<readonly Door[]> => {
    for (const began = performance.now(); ;) {
      const doors = await tryDoors(signal)
      if (performance.now() - began >= patienceMs || !doors.some(({ answer }) => answer === 'accepts')) return doors
      await sleep(doorsAgainMs, signal)
    }
  }
  const done: Rung[] = []
  let decision = decideFence([], [])
  for (const rung of rungs) {
    done.push({ kind: rung.kind, ...(await onRung(rung, rungMs, signal, act)) })
    const isRead = done.some(({ isFenced }) => isFenced)
    decision = decideFence(done, isRead ? await untilSilent() : [])
    if (decision.confirmed) return decision
  }
  return decision
}

async function onRung(rung: FenceRung, rungMs: number, signal: AbortSignal, act: Act): Promise<Omit<Rung, 'kind'>> {
  const { kind, open } = rung
  const limit = deadline(signal, rungMs, `The fence ${kind} took longer than ${rungMs / 1000} s.`)
  const opened = open(limit)
  try {
    const fence = await orAbort(opened, limit)
    return await orAbort(act(fence, rung, limit), limit)
  } catch (error) {
    signal.throwIfAborted()
    return { isFenced: false, text: messageOf(error) }
  } finally {
    // One that opens too late is closed then; nobody waits for it.
    void opened.then(async (fence) => await fence.close()).catch(() => undefined)
  }
}
