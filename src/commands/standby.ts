// lifeboat standby status [MOVE]: how each standby is, and whether Lifeboat may fail over to it by itself.
import { standbyCardSchema } from '../core/standby.ts'
import { standbyView } from '../ui/standby-view.ts'
import { answer, type GlobalOptions } from './output.ts'
import { inSession } from './session.ts'

export async function standbyStatus(options: GlobalOptions, move: string | undefined): Promise<number> {
  return await inSession(options, 'some', async ({ client, context, signal }) => {
    const card = standbyCardSchema.parse(await client.post('/api/v1/standby', { context, move: move ?? null }, signal))
    answer(options.json === true ? JSON.stringify(card) : standbyView(card))
    return 0
  })
}
