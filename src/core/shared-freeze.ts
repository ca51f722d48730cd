// A shared freeze (runbook.md §7): moves that are switched as one, because a write spans their nodes. Each member walks its
// own rows of the runbook; this file says when it may begin one, by how far the others have come. Clients are held and
// drained before what they come after, all is copied and compared side by side, and databases are sealed and released first.
// Going back as one is the same with the sides exchanged, so rows of the way back count as those that they repeat.
import { nameThere, runbook, type StepName } from './runbook.ts'
import { wavesOf } from './waves.ts'

/** As it stands in lifeboat.yaml. `members`: clients first. */
export type SharedFreeze = { readonly name: string; readonly members: readonly string[] }

/**
 * Where a member stands in an attempt that it shares. `at`: the row that it has come to, so all before it are done; null:
 * none yet. `in`: it goes on · `stopped`: its attempt failed and is being undone · `out`: that is over.
 */
export type Member = { readonly name: string; readonly after: readonly string[]; readonly state: 'in' | 'stopped' | 'out'; readonly at: StepName | null }

/** `wait` and `stop` name the member that is the reason. */
export type Turn = { readonly kind: 'go' } | { readonly kind: 'wait' | 'stop'; readonly because: string }

const order = new Map<string, number>(runbook.map((row, index) => [row.name, index]))

function placeOf(row: StepName): number {
  return order.get(nameThere(row)) ?? Infinity
}

/** Whether all rows before this one are done. */
function hasCome({ at }: Member, row: StepName): boolean {
  return at !== null && placeOf(at) >= placeOf(row)
}

const isCommitted = (member: Member): boolean => hasCome(member, 'release-clients')
const isReleased = (member: Member): boolean => hasCome(member, 'forward-stragglers')
const hasFailed = (member: Member): boolean => member.state !== 'in' && !isCommitted(member)

/** What must be done by others before a row, and by whom. A row that is not here waits for nobody. */
const before: Partial<Record<StepName, (me: Member, others: readonly Member[]) => Member | undefined>> = {
  // A database that is held would let its clients drain for ever.
  'hold-clients': (me, others) =>
    others.find((other) => !hasCome(other, 'hold-clients')) ?? clientsOf(me, others).find((client) => !hasCome(client, 'final-sync')),
  'final-sync': (_, others) => others.find((other) => !hasCome(other, 'final-sync')),
  // A client that is promoted reaches its database by what the old address of that forwards.
  'seal-source': (me, others) => others.find((other) => !hasCome(other, 'seal-source')) ?? databasesOf(me, others).find((database) => !isReleased(database)),
}

/** Whether this member may begin a row of the switch now. `members`: all of the attempt, itself among them. */
export function turnIn(members: readonly Member[], name: string, row: StepName): Turn {
  const [me, others] = [members.find((member) => member.name === name), members.filter((member) => member.name !== name)]
  if (placeOf(row) >= placeOf('release-clients')) return { kind: 'go' }
  if (me === undefined || me.state !== 'in') return { kind: 'stop', because: name }
  // Before the first commit all go back; after it, whoever does not come after what failed goes on.
  const reasons = members.some(isCommitted) ? databasesOf(me, others) : others
  const failed = reasons.find(hasFailed)
  if (failed !== undefined) return { kind: 'stop', because: failed.name }
  const late = before[nameThere(row)]?.(me, others)
  return late === undefined ? { kind: 'go' } : { kind: 'wait', because: late.name }
}

/** What this member waits for before it undoes its part, as its services may need it to start; null: nothing. */
export function undoWaitsFor(members: readonly Member[], name: string): string | null {
  const me = members.find((member) => member.name === name)
  const open = me === undefined ? [] : databasesOf(me, members).filter((database) => database.state !== 'out' && !isReleased(database))
  return open[0]?.name ?? null
}

/** Whether nobody of the attempt holds clients any more. */
export function isOver(members: readonly Member[]): boolean {
  return members.every((member) => member.state === 'out' || isReleased(member))
}

/** Whether some of the attempt are through, so that who failed is not where the others are. */
export function isHalfDone(members: readonly Member[]): boolean {
  return members.some(isCommitted) && !members.every(isCommitted)
}

/** Clients first: the order in which they are held; the other way round they are sealed. `after`: of each, members or not. */
export function clientsFirst(members: readonly string[], after: (name: string) => readonly string[]): readonly string[] {
  const { waves } = wavesOf(new Map(members.map((name) => [name, after(name)])))
  return waves.toReversed().flat()
}

function clientsOf(me: Member, others: readonly Member[]): readonly Member[] {
  return others.filter((other) => other.after.includes(me.name))
}

function databasesOf(me: Member, others: readonly Member[]): readonly Member[] {
  return others.filter((other) => me.after.includes(other.name))
}
