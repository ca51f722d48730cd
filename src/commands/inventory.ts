// lifeboat inventory [PROVIDER] [--inside]
import { z } from 'zod'
import { inventorySchema } from '../core/node.ts'
import { inventoryTable } from '../ui/inventory-view.ts'
import { answer, answerPieces, patiently, type GlobalOptions } from './output.ts'
import { inSession } from './session.ts'

export async function inventory(options: GlobalOptions & { readonly inside?: boolean }, provider: string | undefined): Promise<number> {
  return await inSession(options, 'all', async ({ client, context, signal }) => {
    const body = { context, provider: provider ?? null, inside: options.inside === true }
    const whom = provider ?? 'the providers'
    if (options.json === true) {
      await answerPieces(await patiently(options, whom, client.postForLines('/api/v1/inventory', body, signal)))
      return 0
    }
    const inventories = z.array(inventorySchema).parse(await patiently(options, whom, client.post('/api/v1/inventory', body, signal)))
    for (const each of inventories) answer(inventoryTable(each))
    return 0
  })
}
