// lifeboat policy explain|disable|enable: whether it would fail over now and why, and the switch that stops it.
import { policyCardSchema } from '../core/policy-card.ts'
import { policyView } from '../ui/policy-view.ts'
import { answer, patiently, type GlobalOptions } from './output.ts'
import { inSession } from './session.ts'

export async function explain(options: GlobalOptions, move: string | undefined): Promise<number> {
  return await tellCard(options, '/api/v1/policy', { move: move ?? null })
}

/** `disable` or `enable`. */
export function turn(off: boolean): (options: GlobalOptions & { readonly reason?: string }) => Promise<number> {
  return async (options) => await tellCard(options, '/api/v1/policy/switch', { off, reason: options.reason ?? '' })
}

async function tellCard(options: GlobalOptions, path: string, body: Readonly<Record<string, unknown>>): Promise<number> {
  return await inSession(options, 'some', async ({ client, context, signal }) => {
    const card = policyCardSchema.parse(await patiently(options, 'the policy', client.post(path, { context, ...body }, signal)))
    answer(options.json === true ? JSON.stringify(card) : policyView(card))
    return 0
  })
}
