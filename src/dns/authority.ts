// Questions to one authoritative server, and what its answers say about names.
import { randomInt } from 'node:crypto'
import { LifeboatError } from '../core/errors.ts'
import { endpointText, exchangeMessages } from '../io/dns-wire.ts'
import { classes, decodeMessage, emptyMessage, encodeMessage, opcodes, rcodeOf, rcodeText, type Message, type Question } from './codec.ts'
import type { Authority } from './provider.ts'
import { types } from './record-data.ts'
import { lowerName } from './wire-name.ts'

/** Time for one connection with all its answers. A server that needs longer is of no use in a switch. */
export const answerWithinMs = 5000

/** Sends requests and gives back one checked reply for each; how they are signed and checked is its maker's matter. */
export type Exchange = {
  readonly authority: Authority
  readonly send: (requests: readonly Message[], signal: AbortSignal) => Promise<readonly Message[]>
}

/** An exchange without signatures, for servers that hold no key of ours. */
export function plainExchange(authority: Authority): Exchange {
  return {
    authority,
    send: async (requests, signal) => {
      const replies = await exchangeMessages(authority, requests.map(encodeMessage), { signal, deadlineMs: answerWithinMs })
      return replies.map((reply) => decodeMessage(reply).message)
    },
  }
}

/** Whole conversations stay below what a server reads ahead on one connection. */
const questionsPerConnection = 60

/**
 * Asks all questions and answers the replies in the same order. RD=0, so nobody is asked to look elsewhere; the reply
 * must be authoritative. Fails with dns-unreachable, dns-refused, answer-malformed; names-unfit when the name lies in
 * a zone that was given away to other servers.
 */
export async function ask(exchange: Exchange, questions: readonly Omit<Question, 'class'>[], signal: AbortSignal): Promise<readonly Message[]> {
  const replies: Message[] = []
  for (let at = 0; at < questions.length; at += questionsPerConnection) {
    const part = questions.slice(at, at + questionsPerConnection)
    const first = randomInt(65_536)
    const requests = part.map(({ name, type }, index) => ({
      ...emptyMessage((first + index) % 65_536, opcodes.query),
      questions: [{ name, type, class: classes.IN }],
    }))
    const answers = await exchange.send(requests, signal)
    answers.forEach((reply, index) => replies.push(checkedReply(exchange.authority, requests[index], reply)))
  }
  return replies
}

/** A reply belongs to its request: same identifier, opcode and (where it repeats it at all) question. */
export function isReplyTo(request: Message, reply: Message): boolean {
  const [asked] = request.questions
  const [repeated] = reply.questions
  const same =
    repeated === undefined ||
    (asked !== undefined && lowerName(asked.name) === lowerName(repeated.name) && asked.type === repeated.type && asked.class === repeated.class)
  return reply.response && reply.id === request.id && reply.opcode === request.opcode && reply.questions.length <= 1 && same
}

function checkedReply(authority: Authority, request: Message | undefined, reply: Message): Message {
  const where = endpointText(authority)
  const name = request?.questions[0]?.name ?? '.'
  if (request === undefined || !isReplyTo(request, reply) || reply.truncated) {
    throw new LifeboatError('answer-malformed', `What ${where} sent is no answer to the question about ${name}.`)
  }
  if (reply.rcode !== rcodeOf('NOERROR') && reply.rcode !== rcodeOf('NXDOMAIN')) {
    throw new LifeboatError('dns-refused', `The name server ${where} answers ${rcodeText(reply.rcode)} to the question about ${name}.`)
  }
  if (reply.authoritative) return reply
  const cut = reply.authorities.find((record) => record.type === types.NS)
  if (cut !== undefined && cut.name !== '.') {
    throw new LifeboatError('names-unfit', `${name} lies in ${lowerName(cut.name)}, which the name server ${where} leaves to other servers.`)
  }
  throw new LifeboatError('dns-refused', `The name server ${where} has no authority over ${name}.`)
}
