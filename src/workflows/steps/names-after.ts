// What is looked at of the names once they were switched: what clients are still told by caches, and whether every
// authority still tells what the switch wrote. Nothing is put right here: whoever changed a name had a reason.
import { codeOf, messageOf } from '../../core/errors.ts'
import type { MoveFacts } from '../../core/stored-move.ts'
import { counted } from '../../core/units.ts'
import { disagreements, type WantedName } from '../../dns/agreement.ts'
import type { DnsProvider, NameState } from '../../dns/provider.ts'
import type { Step } from '../run.ts'
import { byProvider, lowTtlSeconds, namesNow, ownerOf } from './names.ts'

const lookEveryMs = 3_600_000
const askCachesEveryMs = 60_000

/** What clients are still told; null where no name is moved, nobody answers, or the authorities cannot be asked now. */
export async function cachedNames(step: Step): Promise<MoveFacts['cached']> {
  try {
    return await step.run.ports.askCaches(await namesNow(step), step.signal)
  } catch (error) {
    step.signal.throwIfAborted()
    if (!['dns-unreachable', 'dns-refused', 'answer-malformed', 'names-unfit', 'names-changed'].includes(codeOf(error))) throw error
    return null
  }
}

export function cachedText(cached: MoveFacts['cached']): string {
  return cached === null || cached.stale === 0 ? '' : `${cached.stale} of ${counted(cached.asked, 'cached answer')} still old`
}

/** While a person decides: caches each minute until none of them is behind, authorities each hour. */
export function followNames(step: Step): () => Promise<void> {
  let next = 0
  return async () => {
    await lookForDrift(step)
    const { cached } = step.facts
    if (cached === null || cached.stale === 0 || performance.now() < next) return
    next = performance.now() + askCachesEveryMs
    const now = await cachedNames(step)
    if (now === null) return
    await step.learn({ cached: now })
    if (now.stale !== cached.stale) await step.say(`${cachedText(now) || 'No cached answer is old any more'}.`, { cached: now })
  }
}

/** The first time an hour after the switch. What is found is said once, until it is something else. */
export async function lookForDrift(step: Step): Promise<void> {
  const { namesSwitchedAt, namesSeen } = step.facts
  if (step.settings.names.length === 0 || namesSwitchedAt === null) return
  if (Date.now() - Date.parse(namesSeen?.at ?? namesSwitchedAt) < lookEveryMs) return
  const groups = await Promise.all([...byProvider(step)].map(async ([provider, group]) => await driftOf(step, provider, group)))
  const changed = groups.flat()
  await step.learn({ namesSeen: { at: new Date().toISOString(), changed } })
  if (namesSeen?.changed.join() === changed.join()) return
  if (changed.length === 0) await step.say('Every authority tells what the switch wrote.', { namesSeen: { changed } })
  else await step.say(`Not as the switch left them: ${changed.join(' ')} Nothing is overwritten.`, { namesSeen: { changed } })
}

/** A sentence for each authority and name that is not as we left it, or that cannot be asked. */
async function driftOf(step: Step, provider: DnsProvider, group: readonly string[]): Promise<readonly string[]> {
  try {
    const states = await provider.read(group, step.signal)
    const found = await disagreements(
      provider,
      states.map((state) => asWeLeft(step, state)),
      step.signal,
    )
    return found.map(({ text }) => text)
  } catch (error) {
    step.signal.throwIfAborted()
    if (codeOf(error) === 'defect') throw error
    return [messageOf(error)]
  }
}

/** A later execution of ours has a higher token than the one that wrote; of a time to live only a longer one would harm. */
function asWeLeft(step: Step, { name, ttl, epoch }: NameState): WantedName {
  const { a, aaaa } = step.facts.names[name] ?? { a: [], aaaa: [] }
  const owner = ownerOf(step)
  return {
    name,
    wanted: { a, aaaa, ttl: Math.min(ttl ?? lowTtlSeconds, lowTtlSeconds), epoch: epoch?.owner === owner ? epoch : { token: step.run.token, owner } },
  }
}
