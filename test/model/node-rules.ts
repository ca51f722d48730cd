// What a node of switch-model.ts does: when it is asked (and what it refuses), and by itself. Each rule changes the draft
// and says whether it happened at all.
import { controllers, other, type Request, type Rules, type Side, type World } from './switch-model.ts'

/** Changes the draft and says whether it happened at all. */
export type Rule = (draft: World) => boolean

export function freeze(draft: World, { giver, attempt }: Request): boolean {
  const node = draft[giver]
  if (node.attempt !== attempt || node.phase !== 'held') return false
  node.phase = 'frozen'
  node.services = 'stopped'
  return true
}

export function pass(draft: World, request: Request, { guards }: Rules): boolean {
  const [from, to] = [draft[request.giver], draft[other(request.giver)]]
  const receives = to.role === 'closed' && to.services === 'stopped' && to.phase === 'idle'
  if (!receives && guards.has('closed-side-alone-receives')) return false
  from.ahead = false
  to.mixed = (to.mixed && !guards.has('target-is-recorded')) || !receives
  request.silent = true
  return true
}

export function seal(draft: World, request: Request, { guards }: Rules): boolean {
  const node = draft[request.giver]
  const alive = node.attempt === request.attempt && (node.phase === 'frozen' || node.phase === 'sealed')
  if (guards.has('seal-checks-attempt') && !alive) return false
  if (guards.has('seal-checks-silence') && !request.silent) return false
  node.phase = 'sealed'
  node.role = 'closed'
  request.seal = true
  return true
}

export function promote(draft: World, { giver, attempt, seal }: Request, { guards }: Rules): boolean {
  const node = draft[other(giver)]
  if (node.role === 'open') return false
  if (guards.has('promote-checks-attempt')) {
    const verdict = node.verdicts[attempt]
    if (node.attempt !== attempt || (verdict !== 'none' && verdict !== 'promoted')) return false
    if (!seal && guards.has('seal-before-promotion')) return false
  }
  node.verdicts[attempt] = 'promoted'
  node.services = 'checks'
  return true
}

export function commit(draft: World, { giver, attempt }: Request, { guards }: Rules): boolean {
  const node = draft[other(giver)]
  if (node.verdicts[attempt] === 'committed') return true
  if (guards.has('commit-checks-verdict') && node.verdicts[attempt] !== 'promoted') return false
  node.verdicts[attempt] = 'committed'
  node.role = 'open'
  node.services = 'running'
  return true
}

export function release(draft: World, giver: Side, attempt: number): boolean {
  const node = draft[giver]
  if (node.attempt !== attempt || node.phase !== 'sealed' || draft[other(giver)].verdicts[attempt] !== 'committed') return false
  node.phase = 'idle'
  return true
}

/** Whether the attempt is void on the receiver now. A promoted one stops its services before it answers. */
export function voidThere(draft: World, giver: Side, attempt: number, { guards }: Rules): boolean {
  const node = draft[other(giver)]
  const verdict = node.verdicts[attempt]
  if (verdict === 'committed' && guards.has('void-respects-commit')) return false
  if (verdict === 'promoted' || verdict === 'committed') {
    node.mixed ||= node.services === 'checks'
    node.services = 'stopped'
    node.role = 'closed'
  }
  node.verdicts[attempt] = 'void'
  return true
}

export function unseal(draft: World, { giver, attempt }: Request, { guards }: Rules): boolean {
  const node = draft[giver]
  if (node.phase === 'idle' || (guards.has('unseal-checks-attempt') && node.attempt !== attempt)) return false
  if (node.phase === 'sealed' && draft[other(giver)].verdicts[attempt] !== 'void') return false
  return open(draft, giver)
}

function open(draft: World, side: Side): boolean {
  Object.assign(draft[side], { role: 'open', services: 'running', phase: 'idle' })
  return true
}

// ---- what happens by itself

/** Lease or budget over. Sealed, the node asks the other side; each answer below is final once it is on that side's disk. */
export function* deadMan(side: Side, world: World, rules: Rules): Generator<readonly [string, Rule]> {
  const { phase, attempt } = world[side]
  if (phase === 'held' || phase === 'frozen') yield [`the dead man of ${side} thaws it`, (draft) => open(draft, side)]
  if (phase !== 'sealed') return
  const peer = other(side)
  const verdict = world[peer].verdicts[attempt]
  if (!rules.guards.has('sealed-stays-shut')) yield [`the dead man of ${side} thaws it although it is sealed`, (draft) => open(draft, side)]
  if (verdict === 'committed') yield [`${side} asks ${peer}, hears "committed" and releases`, (draft) => release(draft, side, attempt)]
  else if (verdict === 'void') yield [`${side} asks ${peer}, hears "void" and opens`, (draft) => open(draft, side)]
  else if (!rules.guards.has('asking-voids')) yield [`${side} asks ${peer}, hears "${verdict}" and opens`, (draft) => open(draft, side)]
  if (verdict !== 'void' && rules.guards.has('asking-voids')) {
    yield [`${side} asks ${peer}, which makes attempt ${attempt} void`, (draft) => voidThere(draft, side, attempt, rules)]
  }
}

export function write(draft: World, side: Side): boolean {
  draft[side].ahead = true
  return recorderMoves(draft, side)
}

function recorderMoves(draft: World, side: Side): boolean {
  for (const who of controllers) {
    const { now, late } = draft[who]
    if (now.giver === side) now.silent = false
    if (late?.giver === side) late.silent = false
  }
  return true
}

export function reboot(draft: World, side: Side, { guards }: Rules): boolean {
  const node = draft[side]
  if (node.services === 'checks') {
    node.verdicts = node.verdicts.map((verdict) => (verdict === 'promoted' ? 'void' : verdict))
    node.mixed = true
  }
  if (node.phase === 'sealed' && !guards.has('seal-is-durable')) node.role = 'open'
  if (node.phase !== 'sealed' || node.role === 'open') node.phase = 'idle'
  node.services = node.role === 'open' ? 'running' : 'stopped'
  return recorderMoves(draft, side)
}
