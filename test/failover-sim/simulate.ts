// A day of a protected workload, by a seed: faults of nodes, paths, observers, clouds and copies; controllers that sleep; people who
// approve late, press the switch and turn the direction round. Quiet hours are skipped: nothing happens in them.
import { judgeRules } from '../../src/core/judge-rules.ts'
import { policySettings, type Mode } from '../../src/core/policy.ts'
import { judge, noEvidence, targetView } from '../../src/core/judge.ts'
import { createController, target } from './controller.ts'
import { roundOf, type SimObserver } from './observers.ts'
import { randomOf, timelineFrom, type Random, type Timeline } from './timeline.ts'
import { blockPeriodMs, createWorld, maxLagMs, otherSide, type Lock, type World } from './world.ts'

export type Options = {
  readonly hours: number
  readonly without?: readonly Lock[]
  /** One outage that stays, with faults that do not hinder for ever. */ readonly liveness?: boolean
}
export type Outcome = {
  readonly seed: number
  readonly broken: readonly string[]
  readonly told: readonly string[]
  readonly promotions: number
  readonly servedAfterMs: number | null
  readonly rounds: number
  readonly endings: readonly string[]
}

const start = Date.UTC(2026, 2, 1)
const roundMs = 5000
const warmUpMs = 35 * roundMs
const minute = 60_000

type Stage = {
  readonly timeline: Timeline
  readonly random: Random
  readonly it: World
  readonly observers: SimObserver[]
  readonly mode: Mode
  readonly busy: { until: number }
}

export function simulate(seed: number, options: Options): Outcome {
  const random = randomOf(seed)
  const timeline = timelineFrom(start)
  const it = createWorld(timeline, new Set(options.without))
  const observers = observersOf(random, options.liveness === true)
  const mode = options.liveness === true ? 'auto' : random.one(['auto', 'auto', 'auto', 'propose', 'observe'] as const)
  const watch = {
    interval: roundMs,
    observers: observers.map(({ name, domain }) => ({ name, failureDomain: domain })),
    policy: { mode, quorum: 3, hold: 30_000, maxLag: maxLagMs, blockPeriod: blockPeriodMs, maxConcurrent: 1, maxPerHour: 2, drillWithin: 14 * 86_400_000 },
  }
  const setting = {
    timeline,
    random,
    world: it,
    rules: judgeRules(watch),
    settings: policySettings(watch),
    lostShare: random.one([0, 0.02, 0.1]),
    sleepShare: options.liveness === true ? 0 : random.one([0, 0.05, 0.2]),
  }
  const stage: Stage = { timeline, random, it, observers, mode, busy: { until: start + warmUpMs } }
  const controllers = ['a', 'b'].map((name) => createController(name, setting))
  let state = noEvidence
  let rounds = 0
  const round = (): void => {
    rounds++
    state = judge(state, roundOf(it, observers, timeline.now(), random), timeline.now(), setting.rules)
    const judged = { at: state.at, view: targetView(state, target, setting.rules) }
    for (const controller of controllers) if (controller.tick(judged)?.act === 'propose') propose(stage)
    if (judged.view.standing !== 'healthy' || it.world.work !== null) stage.busy.until = Math.max(stage.busy.until, timeline.now() + 2 * minute)
  }
  const faultAt = options.liveness === true ? stays(stage) : plan(stage, options.hours, (fault) => timeline.at(fault - minute, () => resume(fault)))
  let nextRound = start
  const goOn = (): void => {
    if (timeline.now() > stage.busy.until) return void (nextRound = 0)
    round()
    turnRound(stage)
    if (options.liveness !== true) hinder(stage)
    timeline.at((nextRound = timeline.now() + roundMs), goOn)
  }
  function resume(fault: number): void {
    stage.busy.until = Math.max(stage.busy.until, fault + 3 * minute)
    if (nextRound === 0) goOn()
  }
  goOn()
  timeline.run(start + options.hours * 3_600_000)
  return outcomeOf(seed, it, rounds, faultAt)
}

function outcomeOf(seed: number, { world }: World, rounds: number, faultAt: number | null): Outcome {
  const [first] = world.promotions
  if (world.work === null && world.name.to !== world.serving && world.told.at(-1) === 'end done')
    world.broken.add('I8: the name does not lead to the side that serves')
  return {
    seed,
    broken: [...world.broken],
    told: world.told,
    promotions: world.promotions.length,
    servedAfterMs: faultAt === null || first === undefined || world.name.to !== 'T' ? null : first.at - faultAt,
    rounds,
    endings: world.told.filter((each) => each.startsWith('end ')),
  }
}

/** Four or five, two of which share a failure domain. */
function observersOf(random: Random, one: boolean): SimObserver[] {
  const domains = ['x', 'x', 'y', 'z', 'w'].slice(0, random.between(4, 5))
  return domains.map((domain, nth) => ({ name: `o${nth}`, domain, path: 'well', dead: one && nth === 0 }))
}

/** For liveness: what breaks stays broken, and one observer is dead from the start. */
function stays({ timeline, random, it, busy }: Stage): number {
  busy.until = Infinity
  const fault = start + warmUpMs + random.between(0, 60_000)
  timeline.at(fault, () => it.sicken('S', random.one(['gray', 'dead'] as const)))
  return fault
}

/** Faults by chance over the hours; each calls for rounds from a minute before it. */
function plan(stage: Stage, hours: number, onFault: (at: number) => void): null {
  const { timeline, random } = stage
  for (let at = start + warmUpMs + minute; at < start + (hours - 0.5) * 3_600_000; at += random.between(10 * minute, 240 * minute)) {
    const time = at + random.between(0, 5 * minute)
    const lasts = random.one([8_000, 40_000, 90_000, 300_000, 1_200_000, 2_400_000])
    onFault(time)
    fault(stage, time, lasts)
    // Misfortunes come together.
    if (random.chance(0.4)) fault(stage, time + random.between(-30_000, 60_000), random.between(5000, 400_000))
    timeline.at(time + lasts, () => (stage.busy.until = Math.max(stage.busy.until, timeline.now() + 2 * minute)))
  }
  return null
}

function fault({ timeline, random, it, observers }: Stage, at: number, lasts: number): void {
  const { world } = it
  const during = (begin: () => void, end: () => void): void => {
    timeline.at(at, begin)
    timeline.at(at + lasts, end)
  }
  const ill = (sickness: 'gray' | 'dead') => (): void => {
    const side = world.serving
    during(
      () => it.sicken(side, sickness),
      () => it.sicken(side, 'well'),
    )
  }
  const paths = (domain: string, path: SimObserver['path']): void => observers.filter((each) => each.domain === domain).forEach((each) => (each.path = path))
  const domain = random.one(['x', 'y', 'z', 'w'])
  const kinds: readonly (() => void)[] = [
    ill('gray'),
    ill('gray'),
    ill('dead'),
    ill('dead'),
    ill('dead'),
    () =>
      during(
        () => paths(domain, 'route'),
        () => paths(domain, 'well'),
      ),
    () =>
      during(
        () => paths(domain, 'own'),
        () => paths(domain, 'well'),
      ),
    () =>
      during(
        () => observers.slice(0, 2).forEach((each) => (each.dead = true)),
        () => observers.forEach((each) => (each.dead = false)),
      ),
    () =>
      during(
        () => (world.behind ??= { since: timeline.now(), broken: random.chance(0.4) }),
        () => (world.behind = null),
      ),
    () =>
      during(
        () => (world.fenceApiDown = true),
        () => (world.fenceApiDown = false),
      ),
    () =>
      during(
        () => (world.off = true),
        () => (world.off = false),
      ),
    () =>
      timeline.at(at, () => {
        world.plan++
        timeline.at(at + random.between(0, 180 * minute), () => (world.drilled = world.plan))
      }),
    () => timeline.at(at, () => (['S', 'T'] as const).forEach((side) => it.boot(side))),
  ]
  random.one(kinds)()
}

/** A person reads the proposal a while later, and approves what it said. */
function propose({ timeline, random, it: { world } }: Stage): void {
  if (world.approval !== null && world.approval.givenAt > timeline.now() - 30 * minute) return
  const digest = `plan-${world.plan}`
  const when = timeline.now() + random.between(minute, 20 * minute)
  // Until then the proposal stands, and nobody approves twice.
  world.approval = { digest: '', givenAt: timeline.now(), used: null }
  timeline.at(when, () => (world.approval = { digest, givenAt: timeline.now(), used: null }))
}

/** What follows a failover: the old side boots now and then; a person puts it in step, or puts right what was left to people. */
function turnRound({ timeline, random, it, busy }: Stage): void {
  const { world } = it
  const ending = world.told.at(-1)
  if (ending?.startsWith('end ') !== true) return
  world.told.push(`ended: ${ending.slice(4)}`)
  if (random.chance(0.5)) timeline.at(timeline.now() + random.between(0, 20 * minute), () => it.boot(otherSide(world.serving)))
  if (ending === 'end given-up') return
  timeline.at(timeline.now() + random.between(minute, 30 * minute), () => {
    if (world.work === null && world.sides.S.fence + world.sides.T.fence > 0) it.reprotect()
  })
  busy.until = Math.max(busy.until, timeline.now() + minute)
}

/** Misfortunes come together: while a failover is at work, something that it relies on may fail. */
function hinder({ timeline, random, it: { world } }: Stage): void {
  if (world.work === null || !random.chance(0.02)) return
  const until = timeline.now() + random.between(20_000, 400_000)
  const kinds: readonly (readonly [begin: () => void, end: () => void])[] = [
    [() => (world.off = true), () => (world.off = false)],
    [() => (world.fenceApiDown = true), () => (world.fenceApiDown = false)],
    [() => (world.behind ??= { since: timeline.now(), broken: random.chance(0.4) }), () => (world.behind = null)],
  ]
  const [begin, end] = random.one(kinds)
  begin()
  timeline.at(until, end)
}
