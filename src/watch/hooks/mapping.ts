// For senders whose bodies have no fixed shape: where each thing stands in them, as lifeboat.yaml says.
import { z } from 'zod'
import type { Signal } from '../../core/evidence.ts'
import type { Reading } from './hook.ts'
import { namesOf, severityOf, timeOf, unreadable } from './reading.ts'

const path = z.string().regex(/^[^.]+(\.[^.]+)*$/, 'must be a path like data.alert.id')
const words = z.array(z.string().min(1)).default([])

/** Where a field stands: keys and positions, with a dot between them. */
export const fieldsSchema = z.strictObject({
  id: path.optional().describe('of the delivery, the same over its retries; default: its bytes'),
  alarm: path.optional().describe('what was set up to ring; default: the instance'),
  instance: path.describe('the same in the delivery of the beginning and in that of the end'),
  state: path,
  at: path.describe('when it happened: ISO 8601, or seconds or milliseconds since 1970'),
  severity: path.optional(),
  text: path.optional(),
  subjects: z.array(path).default([]).describe('names of moves, hosts or services'),
})

/** Which words at `state` mean what. A word that stands nowhere here is refused. */
export const statesSchema = z.strictObject({ firing: z.array(z.string().min(1)).min(1), resolved: words, ack: words, blind: words, info: words })

type Fields = z.output<typeof fieldsSchema>
type States = z.output<typeof statesSchema>

/** What a body tells; `id`: of the delivery, where its family knows a better one than the body does. */
export function mapped(value: unknown, fields: Fields, states: States, id: string | null = null): Reading {
  const instanceKey = textAt(value, fields.instance)
  const at = textAt(value, fields.at)
  const text = fields.text === undefined ? '' : textAt(value, fields.text)
  return {
    deliveryKey: id ?? (fields.id === undefined ? null : textAt(value, fields.id)),
    told: [
      {
        alarm: fields.alarm === undefined ? instanceKey : textAt(value, fields.alarm),
        instanceKey,
        state: stateOf(textAt(value, fields.state), states),
        severity: fields.severity === undefined ? 'major' : severityOf(textAt(value, fields.severity)),
        occurredAt: timeOf(/^\d{10}(\.\d+)?$/.test(at) ? Number(at) * 1000 : /^\d{13}$/.test(at) ? Number(at) : at, fields.at),
        subjects: fields.subjects.flatMap((each) => namesOf(...textsAt(value, each))),
        text,
      },
    ],
  }
}

function stateOf(word: string, states: States): Signal['state'] {
  const found = (['firing', 'resolved', 'ack', 'blind', 'info'] as const).find((state) => states[state].includes(word))
  if (found === undefined) throw unreadable('its state is none of those under `states:`')
  return found
}

function textAt(value: unknown, where: string): string {
  const [text] = textsAt(value, where)
  if (text === undefined || text === '') throw unreadable(`there is no ${where}`)
  return text
}

/** A list gives all the texts in it. */
function textsAt(value: unknown, where: string): string[] {
  const found = where
    .split('.')
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined), value)
  return (Array.isArray(found) ? found : [found]).flatMap((each: unknown) => (typeof each === 'string' || typeof each === 'number' ? [String(each)] : []))
}
