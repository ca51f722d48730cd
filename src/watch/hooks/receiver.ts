// From a delivery to evidence: verified, read, weighed, kept. It answers once all of that is on the disk; whatever follows
// from it comes later and elsewhere.
import { createHash, randomUUID } from 'node:crypto'
import { LifeboatError, codeOf, messageOf } from '../../core/errors.ts'
import type { Signal } from '../../core/evidence.ts'
import { lookAt, type DeadMan } from '../../core/signals/dead-man.ts'
import { deliveryTtlMs, type Told } from '../../core/signals/told.ts'
import type { EvidenceLog } from '../evidence-log.ts'
import type { Delivery, Hook } from './hook.ts'
import { openMemory } from './memory.ts'

export type OpenHook = { readonly family: string; readonly hook: Hook; readonly deadMan: { readonly alarm: string; readonly within: number } | null }

export type Receiver = {
  /**
   * Takes one delivery for an entry under `hooks:`; resolves once it is on the disk. Fails with hook-unknown, delivery-refused,
   * delivery-unreadable or server-busy (it may be sent again).
   */
  readonly receive: (source: string, delivery: Delivery) => Promise<readonly Signal[]>
  /** Keeps a signal for each alarm that should always fire and does so no more, or again (now: milliseconds). */
  readonly look: (now: number) => Promise<void>
}

export type ReceiverOptions = {
  /** By the name under `hooks:`. */
  readonly hooks: ReadonlyMap<string, OpenHook>
  readonly log: EvidenceLog
  readonly onLog: (text: string) => void
  /** Milliseconds. */
  readonly now: number
}

/** Deliveries that are worked on at the same time; whoever comes then is told to come again. */
const mostAtOnce = 256
/** Later nobody waits for an answer. */
const answerWithinMs = 1000
const [longestKey, longestText] = [200, 1000]

export async function openReceiver({ hooks, log, onLog, now }: ReceiverOptions): Promise<Receiver> {
  const memory = openMemory()
  const watched = new Map<string, DeadMan>()
  for (const [source, { deadMan }] of hooks) if (deadMan !== null) watched.set(source, { seenAt: now, isBlind: false })
  for (const { evidence } of await log.read({ from: timeAt(now - deliveryTtlMs), to: timeAt(now + 1), kinds: ['signal'] })) {
    if (evidence.kind === 'signal') memory.recall(evidence)
  }
  const complain = complaints(onLog)
  let atWork = 0

  const take = async (source: string, { family, hook, deadMan }: OpenHook, delivery: Delivery): Promise<readonly Signal[]> => {
    const auth = await hook.verify(delivery)
    const reading = hook.read(delivery)
    const rawSha256 = createHash('sha256').update(delivery.body).digest('hex')
    const deliveryKey = short(reading.deliveryKey ?? rawSha256)
    const told = reading.told.map(bounded)
    const { verdicts, forget } = memory.hear({ source, deliveryKey, told, receivedAt: delivery.receivedAt })
    const signals = told.map((each, nth): Signal => {
      const verdict = verdicts[nth] ?? { weight: 0, dropReason: 'It was not weighed.' }
      return { kind: 'signal', at: timeAt(delivery.receivedAt), id: randomUUID(), source, family, deliveryKey, ...each, auth, rawSha256, ...verdict }
    })
    try {
      await Promise.all([log.keepRaw(delivery.body), log.append(signals)])
    } catch (cause) {
      forget()
      throw new LifeboatError('server-busy', `The delivery could not be kept: ${messageOf(cause)}`, { cause })
    }
    const seen = watched.get(source)
    if (seen !== undefined && deadMan !== null && told.some((each) => isCalled(each, deadMan.alarm)))
      watched.set(source, { ...seen, seenAt: delivery.receivedAt })
    hook.afterwards?.(delivery).catch((error: unknown) => onLog(`hook ${source}: ${messageOf(error)}`))
    return signals
  }
  return {
    receive: async (source, delivery) => {
      const open = hooks.get(source)
      if (open === undefined) throw new LifeboatError('hook-unknown', 'There is no such hook.')
      if (atWork >= mostAtOnce) throw new LifeboatError('server-busy', `${mostAtOnce} deliveries are worked on; that is the limit.`)
      atWork += 1
      const work = take(source, open, delivery).finally(() => (atWork -= 1))
      try {
        return await within(answerWithinMs, work)
      } catch (error) {
        complain(source, error)
        throw error
      }
    },
    look: async (at) => {
      for (const [source, { family, deadMan }] of hooks) {
        const before = watched.get(source)
        if (before === undefined || deadMan === null) continue
        const { now: after, told } = lookAt(before, deadMan.within, at)
        watched.set(source, after)
        if (told !== null) await log.append([silence(source, family, deadMan.alarm, told === 'blind', at)])
      }
    },
  }
}

/** What we say ourselves: that monitoring tells nothing any more, or does so again. */
function silence(source: string, family: string, alarm: string, isBlind: boolean, at: number): Signal {
  const key = `dead-man ${alarm}`
  const common = { kind: 'signal', id: randomUUID(), source, family, severity: 'info', weight: 0 } as const
  return {
    ...common,
    subjects: [],
    at: timeAt(at),
    occurredAt: timeAt(at),
    deliveryKey: `${key} ${timeAt(at)}`,
    instanceKey: key,
    alarm: key,
    state: isBlind ? 'blind' : 'info',
    auth: { scheme: 'none', ok: true },
    rawSha256: createHash('sha256').digest('hex'),
    text: isBlind ? `${alarm} of ${source} does not come any more: this monitoring is blind.` : `${alarm} of ${source} comes again.`,
    dropReason: 'It tells of monitoring, not of what is monitored.',
  }
}

function isCalled({ alarm, text }: Told, name: string): boolean {
  return alarm === name || text === name || text.startsWith(`${name}:`)
}

/** One line a minute for each source and code: a sender that is set up wrongly comes often. */
function complaints(onLog: (text: string) => void): (source: string, error: unknown) => void {
  const told = new Map<string, { at: number; left: number }>()
  return (source, error) => {
    const key = `${source} ${codeOf(error)}`
    const { at, left } = told.get(key) ?? { at: -Infinity, left: 0 }
    const isNew = performance.now() - at > 60_000
    told.set(key, isNew ? { at: performance.now(), left: 0 } : { at, left: left + 1 })
    if (isNew) onLog(`hook ${source}: ${messageOf(error)}${left === 0 ? '' : ` (and ${left} more before)`}`)
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LifeboatError('server-busy', `The delivery was not kept within ${ms / 1000} s.`)), ms)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function bounded(told: Told): Told {
  return { ...told, alarm: short(told.alarm), instanceKey: short(told.instanceKey), text: told.text.slice(0, longestText) }
}

/** Keys of foreigners may be of any length. */
function short(key: string): string {
  return key.length <= longestKey ? key : createHash('sha256').update(key).digest('hex')
}

function timeAt(ms: number): string {
  return new Date(ms).toISOString()
}
