// lifeboat provider [NAME]: what is known of a provider, or of each.
import { z } from 'zod'
import { providerCardSchema, type ProviderCard } from '../core/provider-card.ts'
import { providerView } from '../ui/provider-view.ts'
import { answer, patiently, type GlobalOptions } from './output.ts'
import { inSession, type Session } from './session.ts'

export async function provider(options: GlobalOptions, name: string | undefined): Promise<number> {
  return await inSession(options, 'some', async (session) => {
    const cards = await cardsIn(session, options, name ?? null)
    answer(cards.map((card) => (options.json === true ? JSON.stringify(card) : providerView(card))).join(options.json === true ? '\n' : '\n\n'))
    return 0
  })
}

/** Within a session that is open already (the menu has one). Null: all of them. */
export async function cardsIn({ client, context, signal }: Session, options: GlobalOptions, name: string | null): Promise<readonly ProviderCard[]> {
  const asked = client.post('/api/v1/providers', { context, provider: name }, signal)
  return z.array(providerCardSchema).parse(await patiently(options, name ?? 'the providers', asked))
}
