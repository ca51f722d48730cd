// What was heard of each delivery, instance and alarm: enough to tell news from repetitions. It is filled from the evidence
// log, so that a restart forgets nothing.
import type { Signal } from '../../core/evidence.ts'
import { afterChange, flappingAt, steady, type Flapping } from '../../core/signals/flapping.ts'
import { deliveryTtlMs, standing, weigh, type Instance, type Told, type Verdict } from '../../core/signals/told.ts'

export type Heard = { readonly source: string; readonly deliveryKey: string; readonly told: readonly Told[]; readonly receivedAt: number }

export type Memory = {
  /** What each of what is told counts for, in order. `forget` takes the whole delivery back: it was not kept. */
  readonly hear: (heard: Heard) => { readonly verdicts: readonly Verdict[]; readonly forget: () => void }
  /** A signal that was kept earlier; in the order of the log. */
  readonly recall: (signal: Signal) => void
}

/** More of one sort are not remembered; the oldest go first. Only whoever has a key can fill it. */
const most = 100_000

export function openMemory(): Memory {
  const deliveries = shelf<number>()
  const instances = shelf<Instance>()
  const alarms = shelf<Flapping>()

  const change = (instanceKey: string, alarmKey: string, told: Told, receivedAt: number): void => {
    if (told.state !== 'firing' && told.state !== 'resolved') return
    const before = instances.get(instanceKey)
    const after = standing(before, { state: told.state, occurredAt: Date.parse(told.occurredAt) })
    if (after.state !== before?.state) {
      alarms.set(alarmKey, afterChange(alarms.get(alarmKey) ?? steady, Math.min(Date.parse(told.occurredAt), receivedAt)))
    }
    instances.set(instanceKey, after)
  }
  return {
    hear: ({ source, deliveryKey, told, receivedAt }) => {
      const undo: (() => void)[] = []
      const delivery = keyOf(source, deliveryKey)
      const isRepeated = receivedAt - (deliveries.get(delivery) ?? -Infinity) < deliveryTtlMs
      undo.push(isRepeated ? () => undefined : deliveries.set(delivery, receivedAt))
      const verdicts = told.map((each) => {
        const [instance, alarm] = [keyOf(source, each.instanceKey), keyOf(source, each.alarm)]
        const before = instances.get(instance)
        undo.push(instances.keep(instance), alarms.keep(alarm))
        if (!isRepeated) change(instance, alarm, each, receivedAt)
        const { isFlapping } = flappingAt(alarms.get(alarm) ?? steady, receivedAt)
        return weigh(each.state, { receivedAt, occurredAt: Date.parse(each.occurredAt), isRepeated, before, isFlapping })
      })
      return { verdicts, forget: () => undo.toReversed().forEach((each) => each()) }
    },
    recall: ({ source, deliveryKey, instanceKey, alarm = instanceKey, at, ...told }) => {
      deliveries.set(keyOf(source, deliveryKey), Date.parse(at))
      change(keyOf(source, instanceKey), keyOf(source, alarm), { ...told, instanceKey, alarm }, Date.parse(at))
    },
  }
}

function keyOf(source: string, key: string): string {
  return `${source}\0${key}`
}

/** A map that forgets what was not touched for the longest time. */
function shelf<Value>() {
  const all = new Map<string, Value>()
  const keep = (key: string): (() => void) => {
    const before = all.get(key)
    return () => void (before === undefined ? all.delete(key) : all.set(key, before))
  }
  return {
    get: (key: string): Value | undefined => all.get(key),
    /** Answers how to put back what is there now. */
    keep,
    set: (key: string, value: Value): (() => void) => {
      const undo = keep(key)
      all.delete(key)
      all.set(key, value)
      if (all.size > most) all.delete(all.keys().next().value ?? '')
      return undo
    },
  }
}
