// Amazon SNS, and with it CloudWatch: signed with a key whose certificate stands on Amazon's host. What is signed are fields,
// not bytes, so that these are read first, as texts alone.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
import { verify } from 'node:crypto'
import { z } from 'zod'
import type { Signal } from '../../core/evidence.ts'
import type { Told } from '../../core/signals/told.ts'
import { LifeboatError } from '../../core/errors.ts'
import type { Delivery, HookFamily } from './hook.ts'
import { refused } from './keys.ts'
import { namesOf, shaped, timeOf } from './reading.ts'
import { snsCertificates } from './sns-certificates.ts'
import { certificateUrl, confirmationUrl, topicPattern } from './sns-origin.ts'

const topic = z.string().regex(topicPattern, 'must be the ARN of an SNS topic')
const schema = z.strictObject({
  family: z.literal('sns'),
  topics: z.array(topic).min(1).describe('topics that are believed, by their ARN; a subscription of one of them is confirmed by itself'),
})

const message = z.object({
  Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']),
  MessageId: z.string().min(1),
  TopicArn: z.string(),
  Subject: z.string().nullish(),
  Message: z.string(),
  Timestamp: z.string(),
  SignatureVersion: z.enum(['1', '2']),
  Signature: z.string().regex(/^[A-Za-z0-9+/]{64,}={0,2}$/),
  SigningCertURL: z.string(),
  SubscribeURL: z.string().optional(),
  Token: z.string().optional(),
})
type Message = z.output<typeof message>

const alarm = z.object({
  AlarmName: z.string().min(1),
  AlarmArn: z.string().optional(),
  AWSAccountId: z.string().optional(),
  Region: z.string().optional(),
  NewStateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']),
  NewStateReason: z.string().default(''),
  StateChangeTime: z.string(),
  Trigger: z.object({ Dimensions: z.array(z.object({ value: z.string() })).optional() }).optional(),
})

const states: Readonly<Record<z.output<typeof alarm>['NewStateValue'], Signal['state']>> = { ALARM: 'firing', OK: 'resolved', INSUFFICIENT_DATA: 'blind' }

export const sns: HookFamily<typeof schema> = {
  schema,
  open: (_name, { topics }, context) => {
    const keyAt = snsCertificates(context)
    return {
      verify: async (delivery) => {
        const given = envelopeOf(delivery)
        // Base64 has several spellings of one signature; SNS writes one.
        if (Buffer.from(given.Signature, 'base64').toString('base64') !== given.Signature) throw refused('its signature is not written as SNS does')
        if (!topics.includes(given.TopicArn)) throw refused('its topic is none of those under `topics:`')
        const key = await keyAt(certificateUrl(given.SigningCertURL, given.TopicArn), delivery.receivedAt)
        const algorithm = given.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256'
        if (!verify(algorithm, Buffer.from(signedText(given)), key, Buffer.from(given.Signature, 'base64'))) throw refused('its signature is not that of SNS')
        return { scheme: 'x509', keyId: given.TopicArn, ok: true }
      },
      read: ({ body }) => {
        const given = shaped(body, message)
        return { deliveryKey: given.MessageId, told: [given.Type === 'Notification' ? toldBy(given) : asideOf(given)] }
      },
      afterwards: async ({ body }) => {
        const { Type, SubscribeURL = '', TopicArn } = shaped(body, message)
        if (Type !== 'SubscriptionConfirmation') return
        const { status } = await context.fetch(confirmationUrl(SubscribeURL, TopicArn))
        if (status !== 200) throw new LifeboatError('server-busy', `SNS did not take the confirmation of ${TopicArn} (${status}).`)
      },
    }
  },
}

/** Who sends something else is not SNS. */
function envelopeOf({ body }: Delivery): Message {
  try {
    return shaped(body, message)
  } catch {
    throw refused('it is no message of SNS')
  }
}

/** Name and value of each field, a line each. */
function signedText(given: Message): string {
  const keys =
    given.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const)
  return keys.flatMap((key) => (given[key] == null ? [] : [`${key}\n${given[key]}\n`])).join('')
}

function toldBy(given: Message): Told {
  const result = alarm.safeParse(plain(given.Message))
  if (!result.success) return asideOf(given)
  const { AlarmName, AlarmArn, AWSAccountId, Region, NewStateValue, NewStateReason, StateChangeTime, Trigger } = result.data
  const key = AlarmArn ?? `${AWSAccountId ?? ''}/${Region ?? ''}/${AlarmName}`
  return {
    alarm: key,
    instanceKey: key,
    state: states[NewStateValue],
    severity: 'major',
    occurredAt: timeOf(StateChangeTime, 'StateChangeTime'),
    subjects: namesOf(AlarmName, ...(Trigger?.Dimensions ?? []).map(({ value }) => value)),
    text: `${AlarmName}: ${NewStateReason}`,
  }
}

/** What is no alarm of CloudWatch. */
function asideOf({ Type, TopicArn, Timestamp, Subject, Message }: Message): Told {
  const text = Type === 'Notification' ? (Subject ?? Message) : Type
  return { alarm: TopicArn, instanceKey: TopicArn, state: 'info', severity: 'info', occurredAt: timeOf(Timestamp, 'Timestamp'), subjects: [], text }
}

function plain(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
