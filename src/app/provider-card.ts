// What is known of a provider: what it says of itself when it is asked now, and what was noted before.
import { join } from 'node:path'
import { providerOf } from '../adapters.ts'
import type { Config, ProviderConfig } from '../config/schema.ts'
import { LifeboatError } from '../core/errors.ts'
import { didYouMean } from '../core/nearest.ts'
import type { Said } from '../core/outage-score.ts'
import { pageWords } from '../core/page-words.ts'
import { readingsOf, type ProviderCard } from '../core/provider-card.ts'
import type { About } from '../providers/provider.ts'
import { deadline } from '../io/wait.ts'
import { openEvidenceReader } from '../watch/log/reader.ts'
import type { Store } from '../workflows/store.ts'
import { openSource } from './planning.ts'

const askMs = 20_000

export async function providerCard(config: Config, name: string, store: Store, state: string, signal: AbortSignal): Promise<ProviderCard> {
  const entry = config.providers[name]
  if (entry === undefined)
    throw new LifeboatError('config-invalid', `There is no provider ${name} in the configuration${didYouMean(name, Object.keys(config.providers))}`)
  const adapter = providerOf(entry.kind)
  const asked = adapter?.source === undefined ? nobody : await ask(config, name, signal)
  const inventory = await store.inventory(name)
  return {
    schema: 'lifeboat.provider/1',
    provider: name,
    kind: entry.kind,
    url: typeof entry['url'] === 'string' ? entry['url'] : null,
    ...asked,
    inventory: inventory === null ? null : { takenAt: inventory.takenAt, complete: inventory.complete, nodes: inventory.nodes.length },
    readings: readingsOf(await store.inventoryNotes(name)),
    moves: movesOf(config, name),
    contact: contactOf(entry.contact),
    page: pageWords(await statementsOf(state, name)),
    rights: [...(adapter?.notes?.rights ?? [])],
    cannotTell: [...(adapter?.notes?.cannotTell ?? [])],
  }
}

/** All that its status page ever said, as far as it is kept. */
async function statementsOf(state: string, provider: string): Promise<readonly Said[]> {
  const evidence = openEvidenceReader(join(state, 'evidence'))
  if (evidence === null) return []
  try {
    const kept = await evidence.read({ from: '1970-01-01T00:00:00.000Z', to: '9999-12-31T23:59:59.999Z', kinds: ['statement'] })
    return kept.flatMap(({ seq, evidence: each }) => (each.kind === 'statement' && each.provider === provider ? [{ seq, evidence: each }] : []))
  } finally {
    await evidence.close()
  }
}

function contactOf(contact: ProviderConfig['contact']): ProviderCard['contact'] {
  return { statusPage: contact?.statusPage ?? null, ticket: contact?.ticket ?? null, phone: contact?.phone ?? null, forum: contact?.forum ?? null }
}

function movesOf(config: Config, provider: string): ProviderCard['moves'] {
  const moves = Object.entries(config.moves)
  return {
    from: moves.filter(([, { from }]) => from.provider === provider).map(([move]) => move),
    to: moves.filter(([, { to }]) => to.provider === provider).map(([move]) => move),
  }
}

type Asked = Pick<ProviderCard, 'answers' | 'failure' | 'product' | 'apiVersion' | 'certificate' | 'clockAheadSeconds'>
const nobody: Asked = { answers: null, failure: null, product: null, apiVersion: null, certificate: null, clockAheadSeconds: null }

/** A provider that does not answer is what its card is there to tell, no failure of the command. */
async function ask(config: Config, name: string, signal: AbortSignal): Promise<Asked> {
  const source = await openSource(config, name)
  try {
    const about = await source.about?.(deadline(signal, askMs, `${name} did not let us in within ${askMs / 1000} s.`))
    return about === undefined ? nobody : answered(about, isPinned(config, name))
  } catch (thrown) {
    signal.throwIfAborted()
    if (!(thrown instanceof LifeboatError)) throw thrown
    return { ...nobody, answers: false, failure: { code: thrown.code, severity: 'error', text: thrown.message } }
  } finally {
    await source.close().catch(() => undefined)
  }
}

function answered({ product, apiVersion, peer }: About, pinned: boolean): Asked {
  const certificate = peer.certificate === null ? null : { ...peer.certificate, pinned }
  return { answers: true, failure: null, product, apiVersion, certificate, clockAheadSeconds: peer.clockAhead }
}

/** Believed by its fingerprint, and not by an authority. */
export function isPinned(config: Config, name: string): boolean {
  const tls = config.providers[name]?.['tls']
  return typeof tls === 'object' && tls !== null && 'fingerprint' in tls
}
