// Level D2: `drill.<name>` is pointed at the standby, every authority is asked, and it gets back what it had. Somebody has
// to have made it, as no name is ever left empty. Clients never ask for it.
import { isIPv6 } from 'node:net'
import { dnsOf } from '../../adapters.ts'
import type { Config } from '../../config/schema.ts'
import { error, ok, type Found } from '../../core/doctor/finding.ts'
import type { DrillCheck, Drilled } from '../../core/drill.ts'
import { codeOf, hintOf, LifeboatError, messageOf } from '../../core/errors.ts'
import { disagreements } from '../../dns/agreement.ts'
import type { DnsProvider, NameState, Swap } from '../../dns/provider.ts'
import { deadline, waitUntil } from '../../io/wait.ts'
import type { StoredMove } from '../../workflows/store.ts'

const agreeWithinMs = 60_000
const backWithinMs = 120_000

type Canaries = Pick<Drilled, 'checks' | 'notDrilled'>

/** Of all names of this move. `identity`: of the state folder. */
export async function drillNames(config: Config, { name: move, settings, facts }: StoredMove, identity: string, signal: AbortSignal): Promise<Canaries> {
  const zones = [...new Set(settings.names.map(({ dns }) => dns))]
  const tried = zones.map(async (dns): Promise<Canaries> => {
    const [entry, about] = [config.dns[dns], `dns.${dns}`]
    const adapter = entry === undefined ? undefined : dnsOf(entry.kind)
    if (adapter === undefined || facts.target === null) throw new LifeboatError('config-invalid', `There is no dns ${dns} in the configuration.`)
    const provider = await adapter.connect(dns, entry as never, { tell: () => undefined })
    const names = settings.names.filter((each) => each.dns === dns).map(({ name }) => `drill.${name}`)
    if (!provider.keepsEpoch) return { checks: [], notDrilled: names.map((name) => `${name} (a person makes the changes)`) }
    const began = performance.now()
    const found = await pointAndBack(provider, names, facts.target.address, `${move}/${identity}`, signal)
    const ms = Math.round(performance.now() - began)
    return { checks: found.map((each): DrillCheck => ({ about, ...each, ms })), notDrilled: [] }
  })
  const all = await Promise.all(tried)
  return { checks: all.flatMap(({ checks }) => checks), notDrilled: all.flatMap(({ notDrilled }) => notDrilled) }
}

/** What has no address is told and not touched; the others lead to `address` until all authorities have told so, and then to where they led. */
export async function pointAndBack(
  provider: DnsProvider,
  names: readonly string[],
  address: string,
  owner: string,
  signal: AbortSignal,
): Promise<readonly Found[]> {
  try {
    const before = await provider.read(names, signal)
    const missing = before
      .filter((state) => state.ttl === null)
      .map(({ name }) => error('no-canary', `There is no ${name} that could be pointed at the standby.`, 'Make it once, with the address of the source.'))
    if (missing.length > 0) return missing
    const there = await write(provider, before, () => familiesOf(address), owner, signal).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    await putBack(provider, before, owner)
    if (there !== null) throw there
    return before.map(({ name, a, aaaa }) =>
      ok('canary', `${name} led to ${address}, as every authority told, and leads to ${[...a, ...aaaa].join(', ')} again.`),
    )
  } catch (thrown) {
    return [error(codeOf(thrown), messageOf(thrown), hintOf(codeOf(thrown)))]
  }
}

/** Also when whoever asked has gone, and when it is not known whether the first change came through. */
async function putBack(provider: DnsProvider, before: readonly NameState[], owner: string): Promise<void> {
  const signal = deadline(new AbortController().signal, backWithinMs, `They were not told again within ${backWithinMs / 1000} s.`)
  const was = (name: string): NameState | undefined => before.find((state) => state.name === name)
  try {
    const now = await provider.read(
      before.map(({ name }) => name),
      signal,
    )
    await write(provider, now, ({ name, a, aaaa }) => was(name) ?? { a, aaaa }, owner, signal)
  } catch (thrown) {
    const wanted = before.map(({ name, a, aaaa }) => `${name} to ${[...a, ...aaaa].join(', ')}`).join('; ')
    throw new LifeboatError(codeOf(thrown), `Not put back, so somebody must point ${wanted}: ${messageOf(thrown)}`, { cause: thrown })
  }
}

type Addresses = Pick<NameState, 'a' | 'aaaa'>

async function write(
  provider: DnsProvider,
  states: readonly NameState[],
  wanted: (state: NameState) => Addresses,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  const swaps = states.map((expected): Swap => {
    const { a, aaaa } = wanted(expected)
    return { name: expected.name, expected, wanted: { a, aaaa, ttl: expected.ttl ?? 60, epoch: { token: 1 + (expected.epoch?.token ?? 0), owner } } }
  })
  await provider.swap(swaps, signal)
  const agree = async () => ((await disagreements(provider, swaps, signal)).length === 0 ? true : null)
  await waitUntil(agree, {
    what: `Agreement of all authorities on ${states.map(({ name }) => name).join(', ')}`,
    deadlineMs: agreeWithinMs,
    everyMs: 500,
    signal,
  })
}

function familiesOf(address: string): Addresses {
  return isIPv6(address) ? { a: [], aaaa: [address] } : { a: [address], aaaa: [] }
}
