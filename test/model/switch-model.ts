// The switch of the runbook as a small world: two nodes that run one program (docs/helper-protocol.md), two controllers
// of which one may sleep for as long as it likes, requests that arrive late, a dead man whose clock may run out at any
// moment, reboots, writing clients. There is no time in it: whatever can happen may happen now. A confirmed fence and DNS are
// not in it, and a person's word is in the model of the helper's own machine (helper/internal/machine/world_test.go).

export const guardNames = [
  'seal-before-promotion',
  'sealed-stays-shut',
  'seal-checks-attempt',
  'seal-checks-silence',
  'asking-voids',
  'seal-is-durable',
  'promote-checks-attempt',
  'commit-checks-verdict',
  'void-respects-commit',
  'unseal-checks-attempt',
  'one-attempt-at-a-time',
  'tokens',
  'closed-side-alone-receives',
  'target-is-recorded',
] as const

export type Guard = (typeof guardNames)[number]
export type Guards = ReadonlySet<Guard>
export type Rules = { readonly guards: Guards; readonly attempts: number }

export type Side = 'S' | 'T'
export type Verdict = 'none' | 'promoted' | 'committed' | 'void'

export type ModelNode = {
  /** On disk: whether the services may start after a boot. */
  role: 'open' | 'closed'
  /** `checks`: up, but clients are not let in. */
  services: 'running' | 'stopped' | 'checks'
  token: number
  /** The highest attempt seen, and how far it has come here as the giver; `idle` also when it is over. */
  attempt: number
  phase: 'idle' | 'held' | 'frozen' | 'sealed'
  /** By attempt, as the receiver. */
  verdicts: Verdict[]
  /** Has acknowledged writes that the other side lacks. */
  ahead: boolean
  /** Its copy has changes that came from no client: a promotion that was undone, a copy over an open side. */
  mixed: boolean
}

/** What a controller is about to ask for, and what it holds in its hands for it. */
export type Request = {
  step: 'rest' | 'freeze' | 'pass' | 'seal' | 'promote' | 'commit' | 'release' | 'unseal'
  giver: Side
  attempt: number
  /** The giver's recorder has been silent since this controller's final pass. */
  silent: boolean
  seal: boolean
}

export type ControllerName = 'old' | 'new'
export type Controller = { readonly token: number; now: Request; /** Sent, given up, still under way. */ late: Request | null }

export type World = { S: ModelNode; T: ModelNode; old: Controller; new: Controller }

export const sides = ['S', 'T'] as const satisfies readonly Side[]
export const controllers = ['old', 'new'] as const satisfies readonly ControllerName[]
export const allGuards: Guards = new Set(guardNames)

export function without(...removed: readonly Guard[]): Guards {
  return new Set(guardNames.filter((guard) => !removed.includes(guard)))
}

/** S serves, T is a closed copy that lacks the latest writes; the old controller has claimed both. */
export function startOf({ attempts }: Rules): World {
  const idle: Request = { step: 'rest', giver: 'S', attempt: 0, silent: false, seal: false }
  const node = { token: 1, attempt: 0, phase: 'idle', mixed: false } as const
  const verdicts = (): Verdict[] => Array.from({ length: attempts + 1 }, () => 'none')
  return {
    S: { ...node, role: 'open', services: 'running', verdicts: verdicts(), ahead: true },
    T: { ...node, role: 'closed', services: 'stopped', verdicts: verdicts(), ahead: false },
    old: { token: 1, now: idle, late: null },
    new: { token: 2, now: idle, late: null },
  }
}

export function other(side: Side): Side {
  return side === 'S' ? 'T' : 'S'
}

export function copyOf(world: World): World {
  const node = (from: ModelNode): ModelNode => ({ ...from, verdicts: [...from.verdicts] })
  const controller = (from: Controller): Controller => ({ ...from, now: { ...from.now }, late: from.late && { ...from.late } })
  return { S: node(world.S), T: node(world.T), old: controller(world.old), new: controller(world.new) }
}

export function keyOf({ S, T, old, new: young }: World): string {
  return [S, T].map(nodeKey).join('|') + [old, young].map(({ now, late }) => `|${requestKey(now)}/${late ? requestKey(late) : ''}`).join('')
}

function nodeKey(node: ModelNode): string {
  const { role, services, token, attempt, phase, verdicts, ahead, mixed } = node
  return `${role[0]}${services[0]}${services[1]}${token}${attempt}${phase[0]}${verdicts.map((verdict) => verdict[0]).join('')}${+ahead}${+mixed}`
}

function requestKey({ step, giver, attempt, silent, seal }: Request): string {
  return `${step}${giver}${attempt}${+silent}${+seal}`
}

/** What must never happen to a client; empty: nothing of it did. */
export function harm(world: World): string[] {
  const found: string[] = []
  if (world.S.services === 'running' && world.T.services === 'running') found.push('both sides accept client writes')
  for (const side of sides) {
    if (world[side].services !== 'running') continue
    if (world[other(side)].ahead) found.push(`an acknowledged write is lost: ${side} serves and lacks it`)
    if (world[side].mixed) found.push(`${side} serves a mixture: its copy has changes that came from no client`)
  }
  return found
}

/** What the nodes promise each other (V1, V3); stricter than `harm`. */
export function brokenPromise(before: World, after: World): string | null {
  for (const side of sides) {
    const [was, is, peer] = [before[side], after[side], before[other(side)]]
    if (is.phase === 'sealed' && is.services !== 'stopped') return `${side} is sealed and its services run`
    const opened = was.phase === 'sealed' && is.role === 'open'
    if (opened && peer.verdicts[was.attempt] !== 'void') return `sealed ${side} opened without a void`
    const changed = was.verdicts.findIndex((verdict, attempt) => (verdict === 'void' || verdict === 'committed') && is.verdicts[attempt] !== verdict)
    if (changed !== -1) return `the verdict of attempt ${changed} was ${was.verdicts[changed]} and became ${is.verdicts[changed]}`
  }
  return null
}
