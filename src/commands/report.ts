// lifeboat report [MOVE] [--samples FILE]
import { z } from 'zod'
import { resolve } from 'node:path'
import { LifeboatError } from '../core/errors.ts'
import { answer, inSession, type GlobalOptions } from './session.ts'

export type ReportOptions = GlobalOptions & { readonly samples?: string; readonly lost?: string }

const written = z.object({ json: z.string(), html: z.string(), report: z.unknown() })

export async function report(options: ReportOptions, move: string | undefined): Promise<number> {
  const lostWrites = options.lost === undefined ? null : countOf(options.lost)
  return await inSession(options, 'some', async ({ client, context, signal }) => {
    const body = {
      context,
      move: move ?? null,
      samples: options.samples === undefined ? null : resolve(options.samples),
      lostWrites,
    }
    const found = written.parse(await client.post('/api/v1/report', body, signal))
    answer(options.json === true ? JSON.stringify(found.report) : found.html)
    return 0
  })
}

function countOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new LifeboatError('usage', `--lost takes a whole number, not ${text}.`)
  return Number(text)
}
