// lifeboat inventory [PROVIDER] [--inside]
import { z } from 'zod'
import { inventorySchema } from '../core/node.ts'
import { inventoryTable } from '../ui/inventory-view.ts'
import { answer, inSession, patiently, type GlobalOptions } from './session.ts'

export async function inventory(options: GlobalOptions & { readonly inside?: boolean }, provider: string | undefined): Promise<number> {
  return await inSession(options, 'all', async ({ client, context, signal }) => {
    const body = { context, provider: provider ?? null, inside: options.inside === true }
    const inventories = z.array(inventorySchema).parse(await patiently(options, provider ?? 'the providers', client.post('/api/v1/inventory', body, signal)))
    for (const each of inventories) answer(options.json === true ? JSON.stringify(each) : inventoryTable(each))
    return 0
  })
}
