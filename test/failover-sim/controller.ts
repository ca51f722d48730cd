// A controller of the simulated world: the product's judge, policy and failover, behind ports that lose and delay what goes through.
import {
  afterAnswer,
  beforeAsking,
  beginFailover,
  hasEnded,
  mayAsk,
  takeOver,
  type AskedStep,
  type FailoverAnswer,
  type FailoverState,
} from '../../src/core/failover.ts'
import type { TargetView } from '../../src/core/judge.ts'
import type { JudgeRules } from '../../src/core/judge-rules.ts'
import { decide, type Decision, type PolicyInput, type PolicySettings } from '../../src/core/policy.ts'
import type { Random, Timeline } from './timeline.ts'
import type { SideName, World } from './world.ts'

export type Controller = { readonly name: string; readonly tick: (judged: Judged) => Decision | null; pausedUntil: number }
/** What the judge made of the log, which all controllers read. */
export type Judged = { readonly at: number; readonly view: TargetView }
export type Setting = {
  readonly timeline: Timeline
  readonly random: Random
  readonly world: World
  readonly rules: JudgeRules
  readonly settings: PolicySettings
  readonly lostShare: number
  /** How often a controller falls asleep right before what it sends. */
  readonly sleepShare: number
}

const leaseMs = 30_000
export const target = 'web-1'

export function createController(name: string, setting: Setting): Controller {
  const controller: Controller = {
    name,
    pausedUntil: 0,
    tick: (judged) => {
      if (setting.timeline.now() < controller.pausedUntil) return null
      const input = inputOf(setting, judged)
      if (setting.world.world.work !== null) {
        drive(controller, setting, input)
        return null
      }
      const decision = decide(input)
      if (decision.act === 'fail-over' && decision.by !== null) begin(controller, setting, decision.by, judged.view.silentSince)
      return decision
    },
  }
  return controller
}

function begin({ name }: Controller, { world: { world, tell }, timeline }: Setting, by: 'policy' | 'approval', silentSince: number | null): void {
  const id = `f-${world.history.length + 1}`
  const at = timeline.now()
  world.work = { state: beginFailover(id, by, at, silentSince), from: world.serving, owner: name, leaseUntil: at + leaseMs }
  world.history.push({ id, move: target, startedAt: at, endedAt: null, by })
  if (by === 'approval' && world.approval !== null) world.approval = { ...world.approval, used: { by: id, at } }
  tell(`${name} begins ${id} by ${by}`)
}

/** Goes on with what it owns, or takes over what nobody has renewed. */
function drive(controller: Controller, setting: Setting, input: PolicyInput): void {
  const { world, timeline } = setting
  const { work } = world.world
  if (work === null) return
  if (work.owner !== controller.name) {
    if (timeline.now() < work.leaseUntil) return
    world.tell(`${controller.name} takes over ${work.state.id} from ${work.owner}`)
    Object.assign(work, { owner: controller.name, state: takeOver(work.state, timeline.now()) })
  }
  work.leaseUntil = timeline.now() + leaseMs
  keep(setting, beforeAsking(work.state, input))
  if (!hasEnded(work.state) && mayAsk(work.state, input)) ask(controller, setting, work.state)
}

function keep({ world: { world, tell }, timeline }: Setting, state: FailoverState): void {
  const { work } = world
  if (work === null || work.state.id !== state.id) return
  if (work.state.step !== state.step) tell(`${state.id}: ${state.step} (${state.epoch ?? '-'}) ${state.why}`)
  work.state = state
  if (!hasEnded(state)) return
  world.work = null
  world.history = world.history.map((each) => (each.id === state.id ? { ...each, endedAt: timeline.now() } : each))
  world.told.push(`end ${state.step}`)
}

/** What is asked may be lost, answered late, or sent by somebody who fell asleep right before. */
function ask(controller: Controller, setting: Setting, { id, by, step, epoch }: FailoverState): void {
  const { timeline, random, world, lostShare, sleepShare } = setting
  if (step === 'done' || step === 'given-up' || step === 'manual' || random.chance(lostShare)) return
  const { from } = world.world.work ?? { from: world.world.serving }
  const sleeps = random.chance(sleepShare) ? random.one([30_000, 120_000, 600_000, 5_400_000]) : 0
  if (sleeps > 0) controller.pausedUntil = timeline.now() + sleeps
  timeline.at(timeline.now() + sleeps + random.between(20, 500), () => {
    answerTo(setting, from, step, epoch, by, (answer) => {
      if (random.chance(lostShare)) return
      timeline.at(timeline.now() + random.between(20, 500), () => {
        const { work } = world.world
        if (work === null || work.owner !== controller.name || work.state.id !== id || timeline.now() < controller.pausedUntil) return
        keep(setting, afterAnswer(work.state, { step, epoch }, answer, timeline.now()))
      })
    })
  })
}

function answerTo(
  { world, timeline, random }: Setting,
  from: SideName,
  step: AskedStep,
  epoch: number | null,
  by: string,
  answer: (it: FailoverAnswer) => void,
): void {
  const taken = (accepted: boolean): FailoverAnswer => (accepted ? {} : { refused: 'stale' })
  const own = epoch ?? 0
  switch (step) {
    case 'claim':
    case 'reclaim':
      return answer(world.claim(from))
    case 'fence':
      // Its interface may be dead, and answers before the cut takes effect.
      if (world.world.fenceApiDown) return
      timeline.at(timeline.now() + random.between(1000, 20_000), () => void world.fence(from, own))
      return answer({})
    case 'confirm-fence':
      return answer({ isFenced: world.isFenced(from, own) })
    case 'promote':
      return answer(taken(world.promote(from, own, by)))
    case 'switch-names':
      return answer(taken(world.switchName(from, own)))
    case 'open-again':
      return answer(taken(world.openAgain(from, own)))
  }
}

/** What the policy is told, from the same places where the product will read it. */
function inputOf(setting: Setting, { at, view }: Judged): PolicyInput {
  const { timeline, rules, settings } = setting
  const { world } = setting.world
  const now = timeline.now()
  const { fence, fencedAt } = world.sides[world.work?.from ?? world.serving]
  const own = world.work?.state.epoch ?? world.granted
  return {
    now,
    move: target,
    settings,
    plan: `plan-${world.plan}`,
    off: world.off,
    judged: { at, standing: view.standing, verdict: view.verdict, down: view.down, monitorFires: view.monitorFires, staleMs: rules.staleMs },
    fence: { ways: 1, confirmedEpoch: confirmed(setting, own) },
    epoch: { own, highest: world.granted },
    lag: lagSample(setting),
    stoppedAt: world.work?.state.silentSince ?? (fence > 0 ? fencedAt : view.silentSince),
    drill: { passedAt: now - 86_400_000, plan: `plan-${world.drilled}` },
    failovers: world.history,
    approval: world.approval,
  }
}

function confirmed({ world: { world, isFenced } }: Setting, own: number): number | null {
  const from = world.work?.from ?? world.serving
  const { fence } = world.sides[from]
  return isFenced(from, own) ? own : fence === 0 ? null : fence
}

/** Up to two seconds old; one whose measurement is broken says 0, and stands still. */
function lagSample({ world: { world, lag }, timeline, random }: Setting): PolicyInput['lag'] {
  const now = timeline.now()
  const at = Math.min(now, world.stoppedAt ?? now) - random.between(0, 2000)
  return world.behind?.broken === true ? { ms: 0, at, moves: false } : { ms: lag(), at, moves: true }
}
