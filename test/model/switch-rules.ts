// Everything that can happen in the world of switch-model.ts, a rule each, in words. A rule that does not apply, or a
// request that a node refuses, is no event. An event is as large as what one node does under its own lock; three are
// larger, because nothing can come between that matters: opening an attempt on both sides with the hold, giving up with
// the first request of the undo, and hearing a verdict that is final with acting on it.
import type { Happening } from './search.ts'
import { commit, deadMan, freeze, pass, promote, reboot, release, seal, unseal, voidThere, write, type Rule } from './node-rules.ts'
import { controllers, copyOf, other, sides, type ControllerName, type Request, type Rules, type Side, type World } from './switch-model.ts'

export function* happenings(world: World, rules: Rules): Generator<Happening<World>> {
  for (const [event, rule] of everything(world, rules)) {
    const state = copyOf(world)
    if (rule(state)) yield { event, state }
  }
}

/** What the nodes do alone, when nobody talks to them any more. */
export function* nodesAlone(world: World, rules: Rules): Generator<Happening<World>> {
  for (const side of sides) {
    for (const [event, rule] of deadMan(side, world, rules)) {
      const state = copyOf(world)
      if (rule(state)) yield { event, state }
    }
  }
}

function* everything(world: World, rules: Rules): Generator<readonly [string, Rule]> {
  for (const side of sides) {
    yield [`a client writes on ${side}`, (draft) => draft[side].services === 'running' && write(draft, side)]
    yield [`something that the freeze missed writes on ${side}`, (draft) => draft[side].phase === 'frozen' && write(draft, side)]
    yield* deadMan(side, world, rules)
    yield [`${side} loses power and boots`, (draft) => reboot(draft, side, rules)]
  }
  for (const who of controllers) yield* controllerMoves(who, world, rules)
}

function* controllerMoves(who: ControllerName, world: World, rules: Rules): Generator<readonly [string, Rule]> {
  const { now, late } = world[who]
  if (rules.guards.has('tokens')) for (const side of sides) yield [`${who}: claims ${side}`, (draft) => claim(draft, who, side)]
  if (now.step === 'rest') {
    for (const giver of sides) {
      yield [`${who}: opens an attempt to leave ${giver} and holds the clients`, (draft) => begin(draft, who, giver, rules)]
      yield [`${who}: finds ${giver} in an attempt of somebody else and undoes it`, (draft) => adopt(draft, who, giver, rules)]
    }
  } else {
    yield [inWords(who, now), (draft) => ask(draft, who, draft[who].now, rules)]
    yield [`${who}: gives up waiting for "${now.step}"${undoInWords(now)}`, (draft) => giveUp(draft, who, rules)]
  }
  if (late !== null) {
    yield [`a late request arrives, ${inWords(who, late)}`, (draft) => arrive(draft, who, late, rules)]
  }
}

function inWords(who: ControllerName, { step, giver, attempt }: Request): string {
  const [from, to] = [giver, other(giver)]
  const n = `attempt ${attempt}`
  switch (step) {
    case 'rest':
      return ''
    case 'freeze':
      return `${who}: freezes ${from} (${n})`
    case 'pass':
      return `${who}: makes the final pass from ${from} to ${to} (${n})`
    case 'seal':
      return `${who}: seals ${from} (${n})`
    case 'promote':
      return `${who}: promotes ${to} (${n})`
    case 'commit':
      return `${who}: commits on ${to} (${n})`
    case 'release':
      return `${who}: lets ${from} release its clients to ${to} (${n})`
    case 'unseal':
      return `${who}: opens ${from} again (${n})`
  }
}

function undoInWords({ step, giver, attempt }: Request): string {
  if (step === 'freeze' || step === 'pass') return ` and thaws ${giver}`
  return step === 'release' || step === 'unseal' ? '' : ` and voids attempt ${attempt} on ${other(giver)}`
}

function claim(draft: World, who: ControllerName, side: Side): boolean {
  if (draft[side].token >= draft[who].token) return false
  draft[side].token = draft[who].token
  return true
}

/** Opens the attempt on both sides, then holds. Refused while an earlier one is not over: what ran before would be lost. */
function begin(draft: World, who: ControllerName, giver: Side, rules: Rules): boolean {
  const [from, to] = [draft[giver], draft[other(giver)]]
  const attempt = Math.max(from.attempt, to.attempt) + 1
  if (attempt > rules.attempts || !mayAsk(draft, who, giver, rules) || !mayAsk(draft, who, other(giver), rules)) return false
  if (rules.guards.has('one-attempt-at-a-time') && (from.phase !== 'idle' || to.phase !== 'idle')) return false
  if (from.role !== 'open' || to.role !== 'closed' || to.services !== 'stopped') return false
  from.attempt = to.attempt = attempt
  from.phase = 'held'
  draft[who].now = { step: 'freeze', giver, attempt, silent: false, seal: false }
  return true
}

function adopt(draft: World, who: ControllerName, giver: Side, rules: Rules): boolean {
  const { phase, attempt } = draft[giver]
  if (phase === 'idle') return false
  draft[who].now = { step: phase === 'sealed' ? 'commit' : 'freeze', giver, attempt, silent: false, seal: false }
  if (!undo(draft, who, rules)) return false
  return true
}

/** The request may still arrive, whenever it likes. */
function giveUp(draft: World, who: ControllerName, rules: Rules): boolean {
  draft[who].late = { ...draft[who].now }
  return undo(draft, who, rules)
}

function arrive(draft: World, who: ControllerName, late: Request, rules: Rules): boolean {
  draft[who].late = null
  return ask(draft, who, { ...late }, rules)
}

function undo(draft: World, who: ControllerName, rules: Rules): boolean {
  const { now } = draft[who]
  if (now.step === 'freeze' || now.step === 'pass') {
    now.step = 'unseal'
    return ask(draft, who, now, rules)
  }
  if (now.step === 'release' || now.step === 'unseal') {
    now.step = 'rest'
    return true
  }
  if (!mayAsk(draft, who, other(now.giver), rules)) return false
  now.step = voidThere(draft, now.giver, now.attempt, rules) ? 'unseal' : 'release'
  return true
}

function mayAsk(draft: World, who: ControllerName, side: Side, { guards }: Rules): boolean {
  return !guards.has('tokens') || draft[side].token === draft[who].token
}

/** One request: the node acts or refuses; an answer moves the controller on and is kept in the request. */
function ask(draft: World, who: ControllerName, request: Request, rules: Rules): boolean {
  const { giver, step } = request
  const at = step === 'promote' || step === 'commit' ? other(giver) : giver
  // A copy runs over ssh, past the program on the node that checks tokens.
  if (step !== 'pass' && !mayAsk(draft, who, at, rules)) return false
  if (!act(draft, request, rules)) return false
  request.step = stepAfter(step, rules)
  return true
}

function act(draft: World, request: Request, rules: Rules): boolean {
  switch (request.step) {
    case 'rest':
      return false
    case 'freeze':
      return freeze(draft, request)
    case 'pass':
      return pass(draft, request, rules)
    case 'seal':
      return seal(draft, request, rules)
    case 'promote':
      return promote(draft, request, rules)
    case 'commit':
      return commit(draft, request, rules)
    case 'release':
      return release(draft, request.giver, request.attempt)
    case 'unseal':
      return unseal(draft, request, rules)
  }
}

function stepAfter(step: Request['step'], { guards }: Rules): Request['step'] {
  if (step === 'pass') return guards.has('seal-before-promotion') ? 'seal' : 'promote'
  const after = { freeze: 'pass', seal: 'promote', promote: 'commit', commit: 'release', release: 'rest', unseal: 'rest', rest: 'rest' } as const
  return after[step]
}
