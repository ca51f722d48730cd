// lifeboat report [MOVE|INCIDENT] [--public] [--samples FILE] [--lost NUMBER] | --verify [--against FILE]
import { z } from 'zod'
import { resolve } from 'node:path'
import { LifeboatError } from '../core/errors.ts'
import { counted } from '../core/units.ts'
import { verificationSchema } from '../core/verification.ts'
import { breakOf, verificationView } from '../ui/verification-view.ts'
import { answer, type GlobalOptions } from './output.ts'
import { inSession } from './session.ts'

export type ReportOptions = GlobalOptions & {
  readonly samples?: string
  readonly lost?: string
  readonly verify?: boolean
  readonly public?: boolean
  readonly against?: string
}

const written = z.object({ json: z.string(), html: z.string(), report: z.unknown() })

export async function report(options: ReportOptions, move: string | undefined): Promise<number> {
  const { samples, lost, against } = options
  if (options.verify === true) {
    if (samples !== undefined || lost !== undefined) throw new LifeboatError('usage', '--verify writes no report that --samples or --lost could be in.')
    return await verify(options, move)
  }
  if (options.public === true && move === undefined) throw new LifeboatError('usage', '--public is of one incident: name it.')
  if (against !== undefined) throw new LifeboatError('usage', '--against is for --verify.')
  const lostWrites = lost === undefined ? null : countOf(lost)
  return await inSession(options, 'some', async ({ client, context, signal }) => {
    const body = { context, move: move ?? null, samples: samples === undefined ? null : resolve(samples), lostWrites, isPublic: options.public === true }
    const found = written.parse(await client.post('/api/v1/report', body, signal))
    answer(options.json === true ? JSON.stringify(found.report) : found.html)
    return 0
  })
}

/** Fails with journal-changed once all moves are told. */
async function verify(options: ReportOptions, move: string | undefined): Promise<number> {
  return await inSession(options, 'some', async ({ client, signal }) => {
    const against = options.against === undefined ? null : resolve(options.against)
    const found = verificationSchema.parse(await client.post('/api/v1/report/verify', { move: move ?? null, against }, signal))
    const [first, ...others] = found.moves.filter(({ whole }) => !whole)
    if (first === undefined || options.json !== true) answer(options.json === true ? JSON.stringify(found) : verificationView(found))
    if (first === undefined) return 0
    const more = others.length === 0 ? '' : `; ${counted(others.length, 'more journal')} too`
    throw new LifeboatError('journal-changed', `The journal of ${first.move} is not what was written: ${breakOf(first)}${more}.`, { details: found })
  })
}

function countOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new LifeboatError('usage', `--lost takes a whole number, not ${text}.`)
  return Number(text)
}
