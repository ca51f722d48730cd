// Both nodes get the helper, their role and each other's key; then every way that the move will need is tried.
import { LifeboatError } from '../../core/errors.ts'
import { counted } from '../../core/units.ts'
import { otherSide, sides, type SideName } from '../../core/stored-move.ts'
import { wayTo } from '../../core/way.ts'
import type { Link } from '../../nodes/link.ts'
import { acceptsTcp } from '../../nodes/checks.ts'
import { waitUntil } from '../../io/wait.ts'
import { releaseMovers } from './movers.ts'
import { addressSeenBy, claimNode, isSilence, reach, type Action, type Step } from '../run.ts'

const carriedWithinMs = 15_000

export const prepareNode: Action = async (step) => {
  const links = { source: await installed(step, 'source'), target: await installed(step, 'target') }
  await Promise.all(sides.map(async (side) => await configure(step, side, links, false)))
  await Promise.all(sides.map(async (side) => await introduce(step, side, links)))
  const [source, target] = await Promise.all(sides.map(async (side) => await tryPeer(step, side, links)))
  const relayed = { source: source === 'relay', target: target === 'relay' }
  await step.learn({ relayed })
  await tryPorts(step, links)
  const carried = sides.filter((side) => relayed[side]).map((side) => ` The ${side} reaches the other side's ssh through this controller.`)
  return {
    text: `Both nodes are prepared; ${counted(step.settings.ports.length, 'port')} and the peer channel were tried.${carried.join('')}`,
    details: { relayed },
  }
}

/** The helper runs and has accepted our token. A new machine may need a while until it answers. */
async function installed(step: Step, side: SideName): Promise<Link> {
  const link = await step.run.ports.link(side, step.facts)
  if (side === 'target') await firstAnswer(step, link)
  await link.install(step.signal)
  await claimNode(step.run, link, step.signal)
  step.run.claimed.add(side)
  return link
}

async function firstAnswer(step: Step, link: Link): Promise<void> {
  const ask = async () => await link.run(['true'], { signal: step.signal, deadlineMs: 15_000 }).catch(onlyWhileBooting)
  await waitUntil(ask, { what: `An answer of ${link.address} over ssh`, deadlineMs: 90_000, everyMs: 500, signal: step.signal })
}

function onlyWhileBooting(error: unknown): null {
  if (isSilence(error)) return null
  throw error
}

async function configure(step: Step, side: SideName, links: Record<SideName, Link>, relayed: boolean): Promise<void> {
  const peer = links[otherSide(side)]
  const hello = await links[side].call({ op: 'hello' }, step.signal)
  const { services, singletons, ports } = step.settings
  const config = {
    side,
    role: side === step.facts.serving ? 'open' : 'closed',
    services,
    singletons,
    ports: ports.map(({ port, protocol, proxyProtocol }) => ({ port, protocol, header: proxyProtocol === true ? port : Number(proxyProtocol) })),
    roots: step.run.ports.roots,
    peer: { address: peer.address, port: peer.port, user: peer.user, hostKeys: await hostKeysOf(step, peer), relayed },
    // Who checks may reach the ports of a closed side.
    allow: [await addressSeenBy(links[side], step.signal)].filter((address) => address !== null),
    ways: step.run.ports.databases.map(({ port }) => ({ listen: wayTo(port), to: port })),
  }
  if (typeof hello['role'] === 'string' && hello['configured'] === true && hello['role'] !== config.role) {
    throw new LifeboatError('gate-closed', `The ${side} ${links[side].address} is ${hello['role']}, but should be ${config.role}.`, { details: { hello } })
  }
  await links[side].call({ op: 'configure', token: step.run.token, config }, step.signal, 60_000)
}

/** Each side's run key is let in on the other one, for the helper and rsync alone. */
async function introduce(step: Step, side: SideName, links: Record<SideName, Link>): Promise<void> {
  const key = await links[otherSide(side)].run(['cat', `${links[otherSide(side)].folder}/run_key.pub`], { signal: step.signal })
  await links[side].call({ op: 'authorize', token: step.run.token, publicKey: key.stdout.trim() }, step.signal)
}

/** Directly, else through this process: both are tried for real. */
async function tryPeer(step: Step, side: SideName, links: Record<SideName, Link>): Promise<'direct' | 'relay'> {
  const [link, peer] = [links[side], links[otherSide(side)]]
  const ask = async (): Promise<string | null> => {
    const answer = await link.call({ op: 'peer', token: step.run.token }, step.signal, 30_000)
    if (answer['reachable'] === true) return null
    return typeof answer['why'] === 'string' ? answer['why'] : 'no answer'
  }
  const direct = await ask()
  if (direct === null) return 'direct'
  await configure(step, side, links, true)
  const stands = await link.carryPeer({ address: peer.address, port: peer.port }, carriedWithinMs, step.signal)
  const carried = stands ? await ask() : `${link.address} lets nobody listen on a socket there`
  if (carried === null) return 'relay'
  throw new LifeboatError(
    'gate-closed',
    `The ${side} ${link.address} does not reach the helper of the other side over ssh: ${direct}. Through this controller neither: ${carried}.`,
  )
}

/** The receiving side's ports, from here and from the giving side, with the helper as echo in place of the services. */
async function tryPorts(step: Step, links: Record<SideName, Link>): Promise<void> {
  const closed = otherSide(step.facts.serving)
  const ports = step.settings.ports.filter((each) => each.protocol === 'tcp').map((each) => each.port)
  if (ports.length === 0) return
  const link = links[closed]
  await link.call({ op: 'echo', token: step.run.token, ports, forMs: 15_000 }, step.signal)
  for (const port of ports) {
    await acceptsTcp(link.address, port, AbortSignal.any([step.signal, AbortSignal.timeout(5000)])).catch((error: unknown) => {
      throw new LifeboatError('gate-closed', `Port ${port} of ${link.address} is not reachable from here.`, { cause: error })
    })
    const probe = await links[otherSide(closed)].run(['timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${link.address}/${port}`], { signal: step.signal })
    if (probe.exitCode !== 0)
      throw new LifeboatError('gate-closed', `Port ${port} of ${link.address} is not reachable from ${links[otherSide(closed)].address}.`)
  }
  // A database that is to follow needs its port.
  await link.call({ op: 'echo', token: step.run.token, ports: [], forMs: 1 }, step.signal)
}

async function hostKeysOf(step: Step, link: Link): Promise<readonly string[]> {
  const result = await link.run(['sh', '-c', 'cat /etc/ssh/ssh_host_*_key.pub'], { signal: step.signal })
  return result.stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.split(' ').slice(0, 2).join(' ')]))
}

/** Takes the helper off a node; one that is off already, because an answer was lost, is done. */
export async function removeHelper(step: Step, side: SideName, how: { readonly finished?: true; readonly force?: true }): Promise<void> {
  const link = await step.run.ports.link(side, step.facts)
  if (await link.isInstalled(step.signal)) {
    // What was interrupted while it took itself down is put up once more, to do it whole.
    await link.install(step.signal)
    await (await reach(step, side)).call({ op: 'remove', token: step.run.token, ...how }, step.signal, 60_000)
  }
  await link.close()
}

const stillTelling =
  'The helper stays on the source until the target has heard that its attempt is void; `lifeboat rollback` or `lifeboat migrate` goes on after that.'

export const cleanNode: Action = async (step) => {
  if (step.facts.holdsData) {
    await releaseMovers(step, 'source')
    try {
      await removeHelper(step, 'source', {})
    } catch (error) {
      if (!(error instanceof LifeboatError) || error.details['overruling'] === undefined) throw error
      return { text: stillTelling }
    }
    return { text: 'The helper is off the source; the target holds data and stays closed.' }
  }
  for (const side of sides) {
    if (side === 'target' && step.facts.target === null) continue
    await removeHelper(step, side, { force: true })
  }
  return { text: 'The helper is off both nodes.' }
}
