// lifeboat status [MOVE] [--follow]. Asked often, by people and by programs: a controller that was brought this very
// lifeboat.yaml is asked at once, before anything is read from it.
import path from 'node:path'
import { digestOf, findConfig, readText, stateName } from '../config/find.ts'
import { controllerThatKnows, type ControllerClient } from '../controller/client.ts'
import type { Status } from '../core/records.ts'
import { recordLine } from '../ui/record-line.ts'
import { statusTable } from '../ui/status-view.ts'
import { onInterrupt } from './interrupt.ts'
import { answer, type GlobalOptions } from './output.ts'

type Options = GlobalOptions & { readonly follow?: boolean }

export async function status(options: Options, move: string | undefined): Promise<number> {
  const known = await askAtOnce(options, move)
  if (known !== null) return known
  const { inSession } = await import('./session.ts')
  return await inSession(options, 'some', async ({ client, context, signal }) => {
    await client.post('/api/v1/context', { context }, signal)
    return await show(client, options, move, signal)
  })
}

/** Null: there is no controller in the usual place that knows this configuration and its secrets. */
async function askAtOnce(options: Options, move: string | undefined): Promise<number | null> {
  const config = await readText(await findConfig(process.cwd(), options.config))
  const { signal, forget } = onInterrupt()
  try {
    const client = await controllerThatKnows(options.state ?? path.join(config.baseFolder, stateName), digestOf(config), signal)
    return client === null ? null : await show(client, options, move, signal).finally(client.close)
  } finally {
    forget()
  }
}

async function show(client: ControllerClient, options: Options, move: string | undefined, signal: AbortSignal): Promise<number> {
  const query = move === undefined ? '' : `?move=${encodeURIComponent(move)}`
  // Written by this very version.
  const found = (await client.get(`/api/v1/status${query}`, signal)) as Status
  if (options.follow !== true) answer(options.json === true ? JSON.stringify(found) : statusTable(found))
  return options.follow === true ? await follow(client, options, move, signal) : 0
}

async function follow(client: ControllerClient, options: Options, move: string | undefined, signal: AbortSignal): Promise<number> {
  for await (const record of client.follow(0, signal)) {
    if (move !== undefined && record.move !== move) continue
    answer(options.json === true ? JSON.stringify(record) : recordLine(record))
  }
  return 130
}
