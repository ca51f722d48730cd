// lifeboat doctor: everything that could stop a move, tonight. Exit 4 when something would.
import { LifeboatError, exitStatusOf, hintOf } from '../core/errors.ts'
import { doctorOf, doctorSchema, error, ok, warning, type Doctor, type Finding, type Found } from '../core/doctor/finding.ts'
import { counted } from '../core/units.ts'
import { doctorView } from '../ui/doctor-view.ts'
import { answer, patiently, type GlobalOptions } from './output.ts'
import { openSession, type Session } from './session.ts'

const noMoves = 'It names no moves, so nodes, names and targets were not looked at.'

export async function doctor(options: GlobalOptions): Promise<number> {
  const found = await examined(options)
  answer(options.json === true ? JSON.stringify(found) : doctorView(found))
  return found.fit ? 0 : exitStatusOf('gate-closed')
}

async function examined(options: GlobalOptions): Promise<Doctor> {
  const session = await openSession(options, 'some').catch((thrown: unknown) => {
    // A mistake in the configuration is told as everywhere; a controller that does not start is a finding.
    if (!(thrown instanceof LifeboatError) || exitStatusOf(thrown.code) <= 2) throw thrown
    return thrown
  })
  if (session instanceof LifeboatError) return doctorOf([{ ...failure(session), about: 'this machine' }], new Date().toISOString())
  try {
    return await examineIn(session, options)
  } finally {
    session.close()
  }
}

/** The same within a session that is open already (the menu has one). */
export async function examineIn(session: Session, options: GlobalOptions): Promise<Doctor> {
  const { client, context, signal } = session
  const asked = client.post('/api/v1/doctor', { context }, signal)
  const { findings, at } = doctorSchema.parse(await patiently(options, 'everything that was asked', asked))
  return doctorOf([...ownFindings(session), ...findings], at)
}

/** Only the command knows whether this environment resolves the references. */
function ownFindings({ draft, unresolved }: Session): readonly Finding[] {
  const count = new Set(draft.references.map(({ reference }) => reference)).size
  const found = [
    ok('configuration', 'It loads, and contradicts itself nowhere.'),
    ...(Object.keys(draft.document.moves).length > 0 ? [] : [warning('no-moves', noMoves, 'lifeboat init --from PROVIDER drafts moves from what is there.')]),
    ...unresolved.map(failure),
    ...(unresolved.length > 0 || count === 0 ? [] : [ok('references', `${counted(count, 'reference')} to secrets: each has a value here.`)]),
  ]
  return found.map((each) => ({ ...each, about: 'lifeboat.yaml' }))
}

function failure({ code, message }: LifeboatError): Found {
  return error(code, message, hintOf(code))
}
