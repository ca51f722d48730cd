// lifeboat status [MOVE] [--follow]
import { statusSchema } from '../core/records.ts'
import { recordLine } from '../ui/record-line.ts'
import { statusTable } from '../ui/status-view.ts'
import { answer, inSession, type GlobalOptions, type Session } from './session.ts'

export async function status(options: GlobalOptions & { readonly follow?: boolean }, move: string | undefined): Promise<number> {
  return await inSession(options, 'some', async (session) => {
    await session.client.post('/api/v1/context', { context: session.context }, session.signal)
    const query = move === undefined ? '' : `?move=${encodeURIComponent(move)}`
    const found = statusSchema.parse(await session.client.get(`/api/v1/status${query}`, session.signal))
    if (options.follow !== true) answer(options.json === true ? JSON.stringify(found) : statusTable(found))
    return options.follow === true ? await follow(session, options, move) : 0
  })
}

async function follow({ client, signal }: Session, options: GlobalOptions, move: string | undefined): Promise<number> {
  for await (const record of client.follow(0, signal)) {
    if (move !== undefined && record.move !== move) continue
    answer(options.json === true ? JSON.stringify(record) : recordLine(record))
  }
  return 130
}
