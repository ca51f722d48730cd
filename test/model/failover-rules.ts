// Everything that can happen in the world of failover-model.ts, a rule each, in words.
import {
  controllers,
  copyOf,
  domainOf,
  observers,
  other,
  sides,
  type Guard,
  type Request,
  type Rules,
  type Side,
  type Who,
  type World,
} from './failover-model.ts'
import { agreed, groupSize, mayAct, votes } from './failover-policy.ts'
import type { Happening } from './search.ts'

/** Changes the draft and says whether it happened at all. */
type Rule = (draft: World) => boolean
type Event = readonly [words: string, rule: Rule]

export function* happenings(world: World, rules: Rules): Generator<Happening<World>> {
  for (const [event, rule] of everything(world, rules)) {
    const state = copyOf(world)
    if (rule(state)) yield { event, state }
  }
}

function* everything(world: World, rules: Rules): Generator<Event> {
  yield* outside(world, rules)
  yield* people(world, rules)
  for (const side of sides) {
    const { coming } = world[side]
    if (coming > 0) yield [`${side} is cut off now, as asked under epoch ${coming}`, (draft) => takeEffect(draft, side)]
    if (world[side].fence > 0) yield [`${side} boots`, (draft) => reboot(draft, side, rules)]
  }
  for (const who of controllers) yield* controllerMoves(who, world, rules)
}

function* outside({ serving, blind, said }: World, rules: Rules): Generator<Event> {
  yield [`${serving} falls ill`, (draft) => change(draft[serving], 'sick', true)]
  yield [`${serving} is well again`, (draft) => change(draft[serving], 'sick', false)]
  if (blind === null) yield ['the paths of paris and lyon break', (draft) => change(draft, 'blind', 'ovh')]
  else yield ['the broken paths are mended', (draft) => change(draft, 'blind', null)]
  for (const who of observers) yield [`${who} looks at ${serving}`, (draft) => look(draft, who)]
  if (Object.values(said).includes('down')) yield ['what was seen grows old', grow]
  yield ['they have agreed for long enough', (draft) => agreed(draft, rules) && change(draft, 'held', true)]
  yield ['the standby falls behind', (draft) => draft[other(draft.serving)].fence === 0 && draft[draft.serving].fence === 0 && change(draft, 'lagOk', false)]
  yield ['the standby has caught up', (draft) => change(draft, 'lagOk', true)]
}

function* people({ promoted }: World, { mode }: Rules): Generator<Event> {
  yield ['somebody presses the switch', (draft) => change(draft, 'off', true)]
  if (promoted > 0) yield ['the block period is over', (draft) => change(draft, 'promoted', 0)]
  yield ['a person turns the direction round (reprotect)', reprotect]
  if (mode === 'auto') return
  yield ['the plan changes', (draft) => change(draft, 'plan', 2)]
  yield ['a person approves the plan', approve]
}

function* controllerMoves(who: Who, world: World, rules: Rules): Generator<Event> {
  const { now, late } = world[who]
  if (now === null) yield [`${who}: decides to leave ${world.serving}, and is granted the next epoch`, (draft) => begin(draft, who, rules)]
  else {
    yield [`${who}: ${inWords(now)}`, (draft) => act(draft, who, now, rules)]
    if (now.step !== 'confirm') yield [`${who}: sends "${now.step}" and sleeps`, (draft) => sleep(draft, who, now, rules)]
    if (now.step === 'confirm' || now.step === 'promote')
      yield [`${who}: gives up before promotion, with a new epoch to open ${now.from} again`, (draft) => giveUp(draft, who, now, rules)]
  }
  if (late !== null) yield [`what ${who} sent arrives late: ${inWords(late)}`, (draft) => arrive(draft, who, late, rules)]
}

function inWords({ step, from, epoch }: Request): string {
  const words = {
    fence: `asks to cut ${from} off`,
    confirm: `reads back that ${from} is cut off`,
    promote: `promotes ${other(from)}`,
    name: `lets the name lead to ${other(from)}`,
    lift: `opens ${from} again`,
  }
  return `${words[step]} (epoch ${epoch})`
}

// ---- the world outside

function change<T, K extends keyof T>(of: T, key: K, to: T[K]): boolean {
  if (of[key] === to) return false
  of[key] = to
  return true
}

/** One whose paths are broken sees a well side as down. */
function look(draft: World, who: (typeof observers)[number]): boolean {
  const down = draft[draft.serving].sick || draft[draft.serving].fence > 0 || draft.blind === domainOf[who]
  if (!down) draft.held = false
  return change(draft.said, who, down ? 'down' : 'well')
}

function grow(draft: World): boolean {
  for (const who of observers) if (draft.said[who] === 'down') draft.said[who] = 'old'
  draft.held = false
  return true
}

function takeEffect(draft: World, side: Side): boolean {
  draft[side].fence = draft[side].coming
  draft[side].coming = 0
  return true
}

function reboot(draft: World, side: Side, { guards }: Rules): boolean {
  if (guards.has('fence-is-durable')) return false
  draft[side].fence = 0
  return true
}

function approve(draft: World): boolean {
  if (draft.approval !== null) return false
  draft.approval = { plan: draft.plan, used: 0 }
  return true
}

/** The old side becomes the standby: closed, and let in again; every resource hears of the new epoch first. */
function reprotect(draft: World): boolean {
  const old = draft[other(draft.serving)]
  if (old.fence === 0 || draft.granted >= 9) return false
  draft.granted++
  for (const side of sides) draft[side].epoch = draft.granted
  draft.name.epoch = draft.granted
  Object.assign(old, { open: false, fence: 0, coming: 0, sick: false })
  draft.said = { paris: 'well', lyon: 'well', oslo: 'well' }
  draft.held = false
  return true
}

// ---- what a controller does

/** Decided, granted, and told to the standby and the name: what has an older epoch is refused there from now on. */
function begin(draft: World, who: Who, rules: Rules): boolean {
  const from = draft.serving
  if (draft.granted >= rules.grants || draft[other(from)].fence > 0 || !mayAct(draft, null, 'decide', rules)) return false
  const epoch = ++draft.granted
  if (draft.approval !== null && draft.approval.used > 0) draft.harm = 'I10: one approval was used twice'
  if (draft.approval !== null) draft.approval.used = epoch
  claim(draft, other(from), epoch)
  draft[who].now = { step: 'fence', from, epoch, plan: draft.approval?.plan ?? draft.plan }
  return true
}

function claim(draft: World, standby: Side, epoch: number): void {
  draft[standby].epoch = epoch
  draft.name.epoch = epoch
}

function sleep(draft: World, who: Who, request: Request, rules: Rules): boolean {
  if (draft[who].late !== null || !send(draft, request, rules)) return false
  draft[who].late = request
  draft[who].now = null
  return true
}

function arrive(draft: World, who: Who, late: Request, rules: Rules): boolean {
  draft[who].late = null
  takeRequest(draft, late, rules)
  return true
}

function act(draft: World, who: Who, request: Request, rules: Rules): boolean {
  if (request.step === 'confirm') {
    if (draft[request.from].fence !== request.epoch && rules.guards.has('fence-confirmed')) return false
    draft[who].now = { ...request, step: 'promote' }
    return true
  }
  if (!send(draft, request, rules)) return false
  const done = takeRequest(draft, request, rules)
  const after = { fence: 'confirm', promote: 'name', name: null, lift: null } as const
  const step = done ? after[request.step] : null
  draft[who].now = step === null ? null : { ...request, step }
  return true
}

/** With a newer epoch that the standby hears of first, so that no late promotion comes through; one that serves already says no. */
function giveUp(draft: World, who: Who, { from }: Request, rules: Rules): boolean {
  if (draft.granted >= rules.grants) return false
  if (rules.guards.has('opening-asks-the-standby') && draft[other(from)].open) return false
  const epoch = ++draft.granted
  claim(draft, other(from), epoch)
  draft[who].now = { step: 'lift', from, epoch, plan: draft.plan }
  return true
}

/** What is asked of the policy right before a request leaves. */
function send(draft: World, request: Request, rules: Rules): boolean {
  const { step, epoch } = request
  if (step === 'name' || step === 'confirm') return true
  if (step === 'lift') return epoch === draft.granted
  if (!mayAct(draft, request, step, rules)) return false
  draft.harm = step === 'fence' ? fenceHarm(draft, request) : promoteHarm(draft, request, rules)
  if (draft.off) draft.harm = `switch: "${step}" was sent although the switch was pressed`
  return true
}

function fenceHarm(world: World, { from }: Request): string | null {
  if (votes(world) <= groupSize) return `I5: ${from} is being cut off although no more than ${groupSize} observers see it down now`
  return world.held ? null : `I5: ${from} is being cut off although nobody has agreed for long`
}

function promoteHarm({ plan }: World, request: Request, { mode }: Rules): string | null {
  return mode === 'propose' && request.plan !== plan ? 'I10: what is carried out is not the plan that was approved' : null
}

/** The resource takes it or refuses; an epoch below the highest that it has accepted comes from somebody who slept. */
function takeRequest(draft: World, { step, from, epoch }: Request, { guards }: Rules): boolean {
  const to = draft[other(from)]
  switch (step) {
    case 'confirm':
      return true
    case 'fence':
      return cutOff(draft, from, epoch)
    case 'lift':
      return openAgain(draft, from, epoch, guards)
    case 'promote':
      if (guards.has('standby-compares-epochs') && epoch < to.epoch) return false
      to.epoch = Math.max(to.epoch, epoch)
      return promote(draft, other(from))
    case 'name':
      if (guards.has('name-compares-epochs') && epoch < draft.name.epoch) return false
      if (draft.serving === from) draft.harm = `I2: the name leads to ${other(from)}, which does not serve`
      draft.name = { to: other(from), epoch: Math.max(epoch, draft.name.epoch) }
      return true
  }
}

function cutOff(draft: World, from: Side, epoch: number): boolean {
  const side = draft[from]
  if (epoch <= side.fence || epoch < side.epoch || epoch <= side.coming) return false
  side.coming = epoch
  return true
}

function openAgain(draft: World, from: Side, epoch: number, guards: ReadonlySet<Guard>): boolean {
  const side = draft[from]
  if (guards.has('fence-compares-epochs') && epoch <= Math.max(side.fence, side.coming, side.epoch)) return false
  Object.assign(side, { fence: 0, coming: 0, epoch: Math.max(side.epoch, epoch) })
  return true
}

function promote(draft: World, side: Side): boolean {
  if (draft.serving === side) return true
  if (!draft.lagOk) draft.harm = `I3: ${side} is promoted although it is too far behind`
  draft[side].open = true
  draft.serving = side
  draft.promoted++
  draft.said = { paris: 'well', lyon: 'well', oslo: 'well' }
  draft.held = false
  return true
}
