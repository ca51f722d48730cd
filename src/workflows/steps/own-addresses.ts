// What of a name belongs to the node that moves. One node may stand there with several addresses, of both families; all
// of them leave in the switch, or the name would go on pointing at a node that is powered off in the end (V7).
import { splitFamilies } from '../../dns/names.ts'
import type { NameState } from '../../dns/provider.ts'
import { acceptsTcp } from '../../nodes/checks.ts'
import { addressesOn } from '../../nodes/addresses.ts'
import type { Link } from '../../nodes/link.ts'
import { otherSide, type MoveFacts, type SideName } from '../../core/stored-move.ts'
import { reach, tcpPortsOf, type Step } from '../run.ts'

type Own = NonNullable<MoveFacts['own']>
const tryForMs = 2000

/** Asks both nodes for their addresses, while the source is the one that serves. */
export async function learnOwnAddresses(step: Step, states: readonly NameState[]): Promise<void> {
  const [source, target] = [await reach(step, 'source'), await reach(step, 'target')]
  const mine = canonical([source.address, ...(await addressesOn(source, step.signal)).map(({ address }) => address)])
  const theirs = (await addressesOn(target, step.signal)).filter(({ lasting }) => lasting).map(({ address }) => address)
  const named = states.map(({ name, a, aaaa }) => [name, [...a, ...aaaa].filter((address) => mine.includes(address))] as const)
  const known = step.facts.own
  await step.learn({
    own: { source: mine, target: canonical([target.address, ...theirs]), offered: null, named: { ...known?.named, ...Object.fromEntries(named) } },
  })
}

/** What leaves a name when its node becomes that side, and what comes: the other node's address, and one of the other family where the name had one and the node answers there. */
export async function exchangedAddresses(
  step: Step,
  to: SideName,
): Promise<{ readonly mine: readonly string[]; readonly theirs: (name: string) => readonly string[] }> {
  const { own } = step.facts
  // The giver may be dead by now: nothing is done there, so nothing is claimed.
  const [giver, receiver] = [await step.run.ports.link(otherSide(to), step.facts), await reach(step, to)]
  if (own === undefined) return { mine: [giver.address], theirs: () => [receiver.address] }
  if (to === 'source') return { mine: [giver.address, ...own.target], theirs: (name) => nonEmpty(own.named[name], receiver.address) }
  const offered = own.offered ?? (await offerable(step, own, giver, receiver))
  await step.learn({ own: { ...own, offered } })
  const wanted = (name: string) => offered.filter((address) => (own.named[name] ?? []).some((old) => alike(old, address)))
  return { mine: [giver.address, ...own.source], theirs: (name) => [receiver.address, ...wanted(name)] }
}

/** Of each family but that of its main address: one that is as public as what it replaces, and at which the node was seen to answer. */
async function offerable(step: Step, own: Own, giver: Link, receiver: Link): Promise<string[]> {
  const replaced = Object.values(own.named).flat()
  const others = own.target.filter(
    (address) => !own.source.includes(address) && isSix(address) !== isSix(receiver.address) && replaced.some((old) => alike(old, address)),
  )
  for (const address of others) if (await answersAt(step, address, giver)) return [address]
  return []
}

/** Asked from here, and else from the old node: this machine may not have that family. */
async function answersAt(step: Step, address: string, giver: Link): Promise<boolean> {
  const answers = tcpPortsOf(step).map(async (port) => {
    const limit = AbortSignal.any([step.signal, AbortSignal.timeout(tryForMs)])
    const here = await acceptsTcp(address, port, limit).then(
      () => true,
      () => false,
    )
    step.signal.throwIfAborted()
    if (here) return true
    const there = giver.run(['timeout', String(tryForMs / 1000), 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`], { signal: step.signal })
    return (await there.catch(() => null))?.exitCode === 0
  })
  return (await Promise.all(answers)).every(Boolean)
}

function alike(one: string, other: string): boolean {
  return isSix(one) === isSix(other) && isPrivate(one) === isPrivate(other)
}

function isSix(address: string): boolean {
  return address.includes(':')
}

/** RFC 1918, RFC 6598, RFC 4193. */
function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd][0-9a-f]{2}:)/.test(address)
}

function canonical(addresses: readonly string[]): string[] {
  const { a, aaaa } = splitFamilies(addresses)
  return [...a, ...aaaa]
}

function nonEmpty(known: readonly string[] | undefined, otherwise: string): readonly string[] {
  return known === undefined || known.length === 0 ? [otherwise] : known
}
