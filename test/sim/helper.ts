// What a simulated helper does outside of attempts, and the way to all of its ops.
import { z } from 'zod'
import type { Details } from '../../src/core/errors.ts'
import { attemptOps, authorize, verdictOf, type Call, type Op } from './attempt.ts'
import { refusal } from './machine.ts'

const configSchema = z.object({
  side: z.string(),
  role: z.enum(['open', 'closed']),
  services: z.array(z.string()),
  singletons: z.array(z.string()),
  peer: z.object({ address: z.string() }),
})

function hello({ machine, helper }: Call): Details {
  const { attempt, config, role, highest, token, owner, forwarding, tombstone } = helper
  const phase = attempt?.phase ?? 'idle'
  const verdict = { attempt: highest, value: verdictOf(helper, highest) }
  const rest = { role: role ?? undefined, phase: phase === 'done' ? 'committed' : phase, attempt: highest, verdict, tombstone }
  return { ...rest, owner, token, bootId: String(machine.boot), configured: config !== null, forwarding: forwarding === 'on' }
}

function claim({ helper, args }: Call): Details {
  const [owner, token, execution] = [String(args['owner']), Number(args['token']), String(args['execution'])]
  if (helper.owner !== '' && helper.owner !== owner) throw refusal('owned-by-other', `this node belongs to ${helper.owner}`)
  if (token < helper.token) throw refusal('token-stale', 'a higher token was seen', { highest: helper.token })
  if (token === helper.token && helper.execution !== '' && execution !== helper.execution)
    throw refusal('token-stale', 'it was taken by another execution', { highest: helper.token })
  if (helper.tombstone && token === helper.token) throw refusal('gate-closed', 'this node is finished: only a higher claim is taken')
  Object.assign(helper, { owner, token, execution, tombstone: false })
  return { token }
}

function configure(call: Call): Details {
  authorize(call)
  const { helper, machine } = call
  const { side, role, services, singletons, peer } = configSchema.parse(call.args['config'])
  const config = { side, units: [...services, ...singletons], services, peer: peer.address }
  if (helper.attempt !== null && JSON.stringify(config) !== JSON.stringify(helper.config)) throw refusal('gate-closed', 'an attempt is open')
  helper.config = config
  helper.role ??= role
  if (helper.role === 'closed') machine.running.clear()
  return { role: helper.role, nft: true, filter: 'nft', rsync: '3.2.7', bootId: String(machine.boot) }
}

function tombstone(call: Call): Details {
  const { helper } = call
  if (helper.tombstone && call.args['token'] === helper.token) return {}
  authorize(call)
  if (helper.role !== 'closed' || helper.attempt !== null || helper.forwarding === 'on') throw refusal('gate-closed', 'this side is not done yet')
  Object.assign(helper, { tombstone: true, forwarding: 'none' })
  return {}
}

function remove(call: Call): Details {
  authorize(call)
  const { helper, machine, args } = call
  if (helper.attempt !== null) throw refusal('gate-closed', `attempt ${helper.attempt.number} is open`)
  if (helper.role === 'closed' && (args['force'] !== true || helper.forwarding !== 'none'))
    throw refusal('gate-closed', 'this side is closed: what closes it stays')
  machine.helper = null
  return {}
}

/** An op that needs our token and answers this. */
const authorized = (act: Op): Op => {
  return (call) => {
    authorize(call)
    return act(call)
  }
}

const ops: Readonly<Record<string, Op>> = {
  ...attemptOps,
  hello,
  claim,
  configure,
  authorize: authorized(() => ({})),
  peer: authorized(({ peer }) => ({ reachable: peer?.isOn === true && peer.helper !== null, ms: 1 })),
  closings: authorized(() => ({})),
  echo: authorized(() => ({ listening: [] })),
  'record-start': authorized(({ helper, machine }) => {
    helper.recording = true
    return { epoch: 1, sequence: machine.sequence }
  }),
  'record-status': ({ helper, machine }) => ({ running: helper.recording, gap: false, epoch: 1, sequence: machine.sequence, admitted: helper.admitted }),
  'record-drain': authorized(({ machine }) => ({ sequence: machine.sequence, complete: true })),
  holder: () => ({ outside: {} }),
  'end-copies': authorized(({ helper }) => ({ admitted: helper.admitted })),
  forward: authorized(({ helper }) => {
    if (helper.role !== 'closed' || helper.forwarding === 'none') throw refusal('gate-closed', 'this side has nothing to forward')
    helper.forwarding = 'on'
    return { hash: 'simulated' }
  }),
  'forward-status': ({ helper }) => ({ forwarding: helper.forwarding === 'on', flows: 0, packets: 0, quietMs: 86_400_000 }),
  'stop-forward': authorized(({ helper }) => {
    if (helper.role !== 'closed') throw refusal('gate-closed', 'this side is open, it forwards nothing')
    helper.forwarding = 'rejecting'
    return { flows: 0, quietMs: 86_400_000 }
  }),
  'start-singletons': authorized(({ helper, machine, args }) => {
    if (helper.role !== 'open') throw refusal('gate-closed', 'this side is closed')
    for (const unit of args['units'] as string[]) machine.running.add(unit)
    return { started: args['units'] }
  }),
  tombstone,
  remove,
}

/** Answers one request; fails as the helper refuses. */
export function answerHelper(op: string, call: Call): Details {
  const act = ops[op]
  if (act === undefined) throw refusal('usage', `there is no op ${op} in the simulated helper`)
  return act(call)
}
