// A conversation with a name server in which both sides sign.
import { LifeboatError } from '../../core/errors.ts'
import { endpointText, exchangeMessages } from '../../io/dns-wire.ts'
import { answerWithinMs, type Exchange } from '../authority.ts'
import { rcodeOf, rcodeText, type Message } from '../codec.ts'
import type { Authority } from '../provider.ts'
import { checkReply, signMessage, tsigErrors, type Checked, type TsigKey } from './tsig.ts'

/** Unix milliseconds. The two clocks may differ by five minutes, so the clock is a parameter that tests can set wrong. */
export type Clock = () => number

/**
 * Every request signed, every reply checked. A reply that is not signed never counts as success; one that names a
 * reason fails with dns-refused, any other with answer-malformed.
 */
export function signedExchange(authority: Authority, key: TsigKey, clock: Clock): Exchange {
  return {
    authority,
    send: async (requests, signal) => {
      const now = Math.floor(clock() / 1000)
      const signed = requests.map((request) => signMessage(request, key, now))
      const replies = await exchangeMessages(
        authority,
        signed.map(({ bytes }) => bytes),
        { signal, deadlineMs: answerWithinMs },
      )
      const after = Math.floor(clock() / 1000)
      return replies.map((reply, at) => trusted(authority, key, checkReply(reply, key, signed[at]?.mac ?? Buffer.alloc(0), after), now))
    },
  }
}

/** What the server's refusal means, for an answer that is no success. */
export function refusal(authority: Authority, reply: Message, what: string): LifeboatError {
  return refused(authority, `answers ${rcodeText(reply.rcode)} to ${what}${reasons[rcodeText(reply.rcode)] ?? ''}`)
}

const reasons: Readonly<Record<string, string>> = {
  REFUSED: ': the key has no right to it',
  NOTAUTH: ': it has no authority over this zone',
  NOTZONE: ': a name is not in this zone',
  SERVFAIL: ': it failed; its log says why',
}

function trusted(authority: Authority, key: TsigKey, checked: Checked, now: number): Message {
  if (checked.error !== 0) throw refused(authority, keyProblem(key, checked, now))
  if (checked.signed) return checked.message
  const { rcode } = checked.message
  const settled = ['NOERROR', 'NXDOMAIN', 'YXDOMAIN', 'YXRRSET', 'NXRRSET'] as const
  if (settled.some((name) => rcodeOf(name) === rcode)) {
    throw new LifeboatError('answer-malformed', `The answer of the name server ${endpointText(authority)} is not signed with the key ${key.name}.`)
  }
  throw refused(authority, `answers ${rcodeText(rcode)} without a signature`)
}

function keyProblem(key: TsigKey, checked: Checked, now: number): string {
  switch (checked.error) {
    case tsigErrors.badSignature:
      return `refuses the signature of the key ${key.name} (BADSIG): the secret is not the one it has`
    case tsigErrors.badKey:
      return `knows no key ${key.name} with ${key.algorithm} (BADKEY)`
    case tsigErrors.badTime: {
      if (checked.serverTime === null) return 'refuses the time of the signature (BADTIME): the clock here or there is wrong'
      const ahead = now - checked.serverTime
      return `has another time (BADTIME): the clock here is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}; the limit is 300 s`
    }
    default:
      return `refuses the signature of the key ${key.name} (TSIG error ${checked.error})`
  }
}

function refused(authority: Authority, what: string): LifeboatError {
  return new LifeboatError('dns-refused', `The name server ${endpointText(authority)} ${what}.`)
}
