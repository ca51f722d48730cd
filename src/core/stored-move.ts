// One node's migration as it is stored: what was asked for (settings, a snapshot that a running move keeps), and what
// has been learned on the way (facts). Neither ever holds a secret; keys and passwords are references.
import { z } from 'zod'

const sshSettings = z.object({
  user: z.string(),
  port: z.number(),
  /** A path for ssh, or null: what the agent offers. */
  keyFile: z.string().nullable(),
  jump: z.string().nullable(),
  sudo: z.boolean(),
})

export const storedCheckSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('http'), url: z.string(), expect: z.number(), timeoutMs: z.number() }),
  z.object({ kind: z.literal('tcp'), port: z.number(), timeoutMs: z.number() }),
  z.object({ kind: z.literal('command'), command: z.string(), timeoutMs: z.number() }),
  z.object({ kind: z.literal('sql'), sql: z.string(), data: z.string(), timeoutMs: z.number() }),
])

export const moveSettingsSchema = z.object({
  name: z.string(),
  project: z.string(),
  /** Fingerprint of the plan that the run was begun with; null: by a version that did not keep it. */
  plan: z.string().nullable().default(null),
  from: z.object({ provider: z.string(), id: z.string() }),
  to: z.object({ provider: z.string() }),
  source: z.object({ address: z.string(), ssh: sshSettings }),
  target: z.object({ ssh: sshSettings }),
  /** Each parsed by the mover of its kind. */
  data: z.array(z.looseObject({ kind: z.string(), name: z.string() })),
  services: z.array(z.string()),
  singletons: z.array(z.string()),
  ports: z.array(z.object({ port: z.number(), protocol: z.enum(['tcp', 'udp']), proxyProtocol: z.union([z.boolean(), z.number()]) })),
  checks: z.array(storedCheckSchema),
  names: z.array(z.object({ dns: z.string(), name: z.string() })),
  /** What can cut the source off, in this order; none: begun by a version that did not keep it here. */
  fence: z.array(z.enum(['provider', 'ssh', 'hook'])).default([]),
  downtimeBudgetMs: z.number(),
  reverseSync: z.boolean(),
  /** When the switch may happen; null: whenever it is approved. */
  window: z.object({ from: z.string(), to: z.string(), zone: z.string() }).nullable().default(null),
  finish: z.object({
    policy: z.enum(['manual', 'auto-rollback']),
    watchForMs: z.number(),
    forwardForMs: z.number(),
    /** How often a move that is not finished is reminded of. */
    remindAfterMs: z.number().default(259_200_000),
  }),
})

/** How a run was begun: what its workflow is given. */
export const beginningSchema = z.object({
  want: z.enum(['migrate', 'rollback', 'failover']),
  /** Approve as soon as the gate is open (`--yes`), or ask a person. */
  approval: z.enum(['at-once', 'person']),
  /** No switch before this time (ISO 8601), whoever approved it. */
  notBefore: z.string().nullable(),
  /** Rehearse before approval is asked for. */
  rehearse: z.boolean(),
})

/** `since`: when the other side was first found silent (ISO 8601); `commitAsked`: it may have taken over. */
export const sealedAloneSchema = z.object({ side: z.enum(['source', 'target']), since: z.string(), commitAsked: z.boolean() })

const auditFacts = z.object({ files: z.number(), differences: z.number(), seconds: z.number(), endedAt: z.string() })
/** `gaveAt`: when it began by the clock of the side that is read; times of files there are of that clock, too. */
const passFacts = z.object({
  seconds: z.number(),
  movedBytes: z.number(),
  movedFiles: z.number(),
  endedAt: z.string(),
  beganAt: z.string().optional(),
  gaveAt: z.string().optional(),
  /** What is known to be missing since the pass; null: that cannot be known. Absent: by a version that did not keep it. */
  missingBytes: z.number().nullable().optional(),
  /** Of the pass before it, when this one did not reach what was there as it began. */
  completeAt: z.string().optional(),
})
type PassFacts = Readonly<z.infer<typeof passFacts>>

/** What was written before that on the side that is read, the pass has carried over; of what came while it ran nobody knows. */
export function completeAt({ completeAt: before, beganAt, endedAt }: PassFacts): string {
  return before ?? beganAt ?? endedAt
}

/** Whether a pass ended before it had what was there as it began: a replica that falls behind. */
export function isBehind({ missingBytes }: Pick<PassFacts, 'missingBytes'>): boolean {
  return (missingBytes ?? 0) > 0
}

/** What is kept of a pass after the one before it. Null: there is no complete copy yet. */
export function keptPass(before: PassFacts | null, made: Omit<PassFacts, 'completeAt'>): PassFacts | null {
  if (!isBehind(made)) return made
  return before === null ? null : { ...made, completeAt: completeAt(before), gaveAt: before.gaveAt }
}

export const moveFactsSchema = z.object({
  /** Which side accepts client writes: decided by the commit alone. */
  serving: z.enum(['source', 'target']),
  target: z.object({ address: z.string(), privateAddress: z.string().nullable(), id: z.string() }).nullable(),
  /** The size to which a standby was made smaller; null: it has the one of its plan. */
  parked: z.string().nullable().default(null),
  /** Set before the first byte is copied; a target that holds data is never destroyed. */
  holdsData: z.boolean(),
  files: z.number().nullable(),
  /** Boots under which all passes were made. After another boot, or a comparison that failed, a pass must read contents. */
  boots: z.object({ source: z.string(), target: z.string() }).nullable(),
  lastPass: passFacts.nullable(),
  /** The last comparison of everything while the source was in use. Null: none, or what came after it made it worthless. */
  audited: auditFacts.nullable().default(null),
  /** A token that a node has taken and this database never gave out: it is an older copy, and moves nothing. Null: no such is known. */
  behind: z.number().nullable().default(null),
  /** Somebody said that no newer copy is left: what both sides do now counts, not what is stored of it. */
  isAdopting: z.boolean().default(false),
  /** Highest attempt ever opened; only rises. */
  attempt: z.number(),
  /** Of the side that gives; null again once it is open or the other one serves. */
  seal: z.record(z.string(), z.unknown()).nullable(),
  /** The side that stays sealed while the other one is silent. Null: none does. */
  sealedAlone: sealedAloneSchema.nullable().default(null),
  /** Units that ran on the giver before the attempt: only these start on the receiver. */
  running: z.array(z.string()).readonly(),
  /** Copies that the receiver had let in when both sides were compared. */
  admitted: z.number(),
  /** Recorder sequence of the giver after the final pass. */
  sequence: z.number(),
  /** What each name was when it was claimed, and what we last wrote. */
  names: z.record(z.string(), z.object({ ttl: z.number(), a: z.array(z.string()).readonly(), aaaa: z.array(z.string()).readonly() })),
  /** Addresses of both nodes when the names were claimed; what of each name was the source's; what else than its main address the target was found to answer at. */
  own: z
    .object({
      source: z.array(z.string()),
      target: z.array(z.string()),
      named: z.record(z.string(), z.array(z.string())),
      offered: z.array(z.string()).nullable(),
    })
    .optional(),
  /** Which side reaches the ssh of the other one through the controller alone, as it was last tried. */
  relayed: z.object({ source: z.boolean(), target: z.boolean() }).optional(),
  ttlLoweredAt: z.string().nullable(),
  /** Approved in this run, and not switched yet: its time has not come. */
  approved: z
    .object({ run: z.number(), text: z.string(), details: z.record(z.string(), z.unknown()) })
    .nullable()
    .default(null),
  namesSwitchedAt: z.string().nullable(),
  /** The last look at the names after that, a sentence for each authority that does not tell what we wrote. Null: none yet. */
  namesSeen: z
    .object({ at: z.string(), changed: z.array(z.string()) })
    .nullable()
    .default(null),
  /** Checks that passed on the serving side, by their text: only these must pass on the other. */
  checksPassed: z.array(z.string()),
  /** TCP ports of the move that answered on the serving side then. Null: not looked at yet. */
  portsServed: z.array(z.number()).nullable().default(null),
  /** Measured, in ms, on the last attempt that got so far. */
  measured: z.object({
    drainMs: z.number().nullable(),
    verifyMs: z.number().nullable(),
    startMs: z.number().nullable(),
    /** Until the checks passed once the services had started: only a rehearsal tells. */
    checkMs: z.number().nullable().default(null),
    pauseMs: z.number().nullable(),
  }),
  /** The last rehearsal, and what it came to. Null: none was asked for. */
  rehearsal: z.object({ at: z.string(), passed: z.boolean(), text: z.string() }).nullable().default(null),
  heldAt: z.string().nullable(),
  /** Connections that came to the old address since the switch. */
  stragglers: z.number().nullable(),
  /** Of the answers that caches gave last about the names: how many still told an old address. Null: not asked, or none answered. */
  cached: z.object({ asked: z.number(), stale: z.number() }).nullable(),
  /** Whether the source answered when it was last asked after the switch: without it there is no way back. */
  sourceAnswers: z.boolean(),
  /** Why the source, which does not serve, cannot follow any more, whatever is tried (movers). Null: nothing of that is known. */
  cannotFollow: z.string().nullable().default(null),
  /** What keeps the source from serving while the target is promoted without its seal. Null: nothing; it is asked. */
  fence: z
    .object({
      by: z.enum(['provider', 'ssh', 'hook', 'person']),
      /** Others that cut it off, too, before that was enough. */
      also: z.array(z.enum(['provider', 'ssh', 'hook'])).optional(),
      text: z.string(),
      at: z.string(),
      /** Somebody said in this run that the silent target is off. */
      targetIsOff: z.object({ run: z.number(), by: z.string(), at: z.string() }).optional(),
    })
    .nullable()
    .default(null),
  /** Fences that were told to act since the source was whole last, read back or not. */
  fenceOrdered: z
    .array(z.enum(['provider', 'ssh', 'hook']))
    .readonly()
    .default([]),
  /**
   * The target took over without the source. `complete`: what the source had then the target has; `gaveAt`: the same by the
   * source's own clock. `salvaged`: what came after that was kept aside on the source.
   */
  failedOver: z
    .object({ at: z.string(), complete: z.string(), gaveAt: z.string().optional(), salvaged: z.object({ at: z.string() }).optional() })
    .nullable()
    .default(null),
  /** The fail-over that the policy, or whoever approved it, decided; null: none is under way, or a person began it by hand. */
  decided: z
    .object({ id: z.string(), trigger: z.enum(['policy', 'approval']), digest: z.string(), silentSince: z.number().nullable() })
    .nullable()
    .default(null),
  /** Since when the target, which serves, does not answer (ISO 8601). Null: it answers, or does not serve. */
  targetSilentSince: z.string().nullable().default(null),
})

export type SealedAlone = Readonly<z.infer<typeof sealedAloneSchema>>
export type SshSettings = Readonly<z.infer<typeof sshSettings>>
export type StoredCheck = Readonly<z.infer<typeof storedCheckSchema>>
export type MoveSettings = Readonly<z.infer<typeof moveSettingsSchema>>
export type Beginning = Readonly<z.infer<typeof beginningSchema>>
export type DecidedFailover = NonNullable<Readonly<z.infer<typeof moveFactsSchema>>['decided']>
export type MoveFacts = Readonly<z.infer<typeof moveFactsSchema>>
export const sides = ['source', 'target'] as const
export type SideName = (typeof sides)[number]
/** `running` (also while it waits) · `failed`: rests, migrate goes on · `rolled-back`: may be migrated again · `finished`. */
export type MoveState = 'running' | 'failed' | 'rolled-back' | 'finished'

export const noFacts: MoveFacts = {
  serving: 'source',
  target: null,
  parked: null,
  holdsData: false,
  files: null,
  boots: null,
  lastPass: null,
  audited: null,
  attempt: 0,
  seal: null,
  sealedAlone: null,
  running: [],
  admitted: 0,
  sequence: 0,
  names: {},
  ttlLoweredAt: null,
  approved: null,
  namesSwitchedAt: null,
  namesSeen: null,
  checksPassed: [],
  portsServed: null,
  measured: { drainMs: null, verifyMs: null, startMs: null, checkMs: null, pauseMs: null },
  rehearsal: null,
  heldAt: null,
  stragglers: null,
  cached: null,
  sourceAnswers: true,
  fence: null,
  fenceOrdered: [],
  failedOver: null,
  decided: null,
  behind: null,
  isAdopting: false,
  cannotFollow: null,
  targetSilentSince: null,
}

export function otherSide(side: SideName): SideName {
  return side === 'source' ? 'target' : 'source'
}

/** The text by which a check is known. */
export function describeCheck(check: StoredCheck): string {
  switch (check.kind) {
    case 'http':
      return `GET ${check.url} answers ${check.expect}`
    case 'tcp':
      return `port ${check.port} accepts`
    case 'command':
      return `\`${check.command}\` succeeds`
    case 'sql':
      return `\`${check.sql}\` answers on ${check.data}`
  }
}
