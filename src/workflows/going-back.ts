// Whether the members of a shared freeze go back as one, as they were switched (runbook.md §5, §7), and whether without a word.
import { rollbackPrice } from '../core/forecast.ts'
import { isGoingBack } from './freezes.ts'
import type { Run } from './run.ts'
import type { Store, StoredMove } from './store.ts'

type Freeze = NonNullable<StoredMove['plan']['freeze']>

/**
 * The members of its freeze that a word to go back is for, itself among them: all of them, when each serves from its target
 * and can go back. None: it goes back alone.
 */
export async function goesBackWith(store: Store, freeze: Freeze): Promise<readonly StoredMove[]> {
  const members = (await Promise.all(freeze.members.map(async (name) => await store.move(name)))).filter((move) => move !== null)
  return members.length === freeze.members.length && members.every((member) => canGoBack(member, freeze.name)) ? members : []
}

/**
 * Tells a move to go back because its own `finish.policy` says so, and with it all that share its freeze. False: one of them
 * cannot, would lose writes or has another policy; then a person decides.
 */
export async function tellBackByPolicy({ move, run, services: { store, signals } }: Run): Promise<boolean> {
  const me = await store.move(move)
  if (me === null) return false
  const { freeze } = me.plan
  const members = freeze === undefined ? [me] : await goesBackWith(store, freeze)
  if (members.length === 0 || !members.every(mayByItself)) return false
  const word = { by: 'finish.policy' }
  if (freeze === undefined) await signals.send(move, run, 'rollback', word)
  else {
    // False: another member was told meanwhile, and this one with it.
    const names = members.map(({ name }) => name)
    await store.beginRoundBack(freeze.name, names, { ...word, together: names })
  }
  return true
}

function mayByItself({ settings: { finish, reverseSync }, facts }: StoredMove): boolean {
  const { possible, writesLost } = rollbackPrice(facts)
  return finish.policy === 'auto-rollback' && reverseSync && possible && writesLost === 0
}

/** One that holds its clients goes back alone, or is about to serve. */
function canGoBack({ plan, state, facts }: StoredMove, freeze: string): boolean {
  return plan.freeze?.name === freeze && state === 'running' && facts.serving === 'target' && facts.sourceAnswers && facts.heldAt === null
}

/** Names of those with which it is on its way back at this moment, itself among them; none: it is not, or goes alone. */
export async function isGoingBackWith(store: Store, { name, plan: { freeze } }: StoredMove): Promise<readonly string[]> {
  const companions = freeze === undefined ? [] : await store.companions(freeze.name, freeze.members)
  const onTheirWay = companions.filter((each) => each.run === 'running' && isGoingBack(each))
  const me = onTheirWay.find((each) => each.name === name)
  return onTheirWay.filter(({ round }) => round === me?.round).map((each) => each.name)
}
