// lifeboat standby status|up|park|down [MOVE]: how each standby is, and what becomes of its node.
import { LifeboatError } from '../core/errors.ts'
import { standbyCardSchema } from '../core/standby.ts'
import { standbyChangeSchema, type StandbyWant } from '../core/standby-node.ts'
import { confirm } from '../ui/prompts.ts'
import { standbyChangeView, standbyView } from '../ui/standby-view.ts'
import { tellFailure } from './failure.ts'
import { answer, patiently, type GlobalOptions } from './output.ts'
import { inSession, type Session } from './session.ts'

export async function standbyStatus(options: GlobalOptions, move: string | undefined): Promise<number> {
  return await inSession(options, 'some', async ({ client, context, signal }) => {
    const card = standbyCardSchema.parse(await client.post('/api/v1/standby', { context, move: move ?? null }, signal))
    answer(options.json === true ? JSON.stringify(card) : standbyView(card))
    return 0
  })
}

export function changeStandby(want: StandbyWant) {
  return async (options: GlobalOptions, move: string | undefined): Promise<number> =>
    await inSession(options, 'all', async (session) => {
      const standbys = Object.entries(session.draft.document.moves).flatMap(([name, { standby }]) => (standby === undefined ? [] : [name]))
      if (move === undefined && standbys.length === 0) throw new LifeboatError('config-invalid', 'No move has a `standby:`, so nothing stands by.')
      const names = move === undefined ? standbys : [move]
      if (want === 'down') await sure(session, options, names)
      if (move !== undefined) return await changeOne(session, options, move, want)
      const statuses: number[] = []
      // One after the other, and whatever becomes of one.
      for (const name of names) statuses.push(await changeOne(session, options, name, want).catch((error: unknown) => tellFailure(options, error)))
      return statuses.find((status) => status !== 0) ?? 0
    })
}

async function sure({ signal }: Session, options: GlobalOptions, names: readonly string[]): Promise<void> {
  const message = `Remove the standby of ${names.join(', ')}? What was copied stays in its volume, and nothing keeps it in step.`
  if (options.yes !== true && !(await confirm({ message, flag: '--yes', signal }))) throw new LifeboatError('not-now', 'Nothing was changed.')
}

async function changeOne({ client, context, signal }: Session, options: GlobalOptions, name: string, want: StandbyWant): Promise<number> {
  signal.throwIfAborted()
  const asked = client.post(`/api/v1/moves/${encodeURIComponent(name)}/standby`, { context, want }, signal)
  const change = standbyChangeSchema.parse(await patiently(options, `the node of ${name}`, asked))
  answer(options.json === true ? JSON.stringify(change) : standbyChangeView(change))
  return 0
}
