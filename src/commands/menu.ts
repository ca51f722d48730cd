// No arguments on a terminal: a guided menu that offers what makes sense now. Each answer is a command that could have
// been typed, and says which.
import { z } from 'zod'
import { LifeboatError } from '../core/errors.ts'
import { inventorySchema } from '../core/node.ts'
import { offersFor, type Offer } from '../core/offers.ts'
import { planSchema } from '../core/plan.ts'
import { statusSchema, type MoveStatus } from '../core/records.ts'
import { otherSide } from '../core/stored-move.ts'
import { choose, chooseSome, type Choice } from '../ui/prompts.ts'
import { inventoryTable } from '../ui/inventory-view.ts'
import { doctorView } from '../ui/doctor-view.ts'
import { planView } from '../ui/plan-view.ts'
import { providerView } from '../ui/provider-view.ts'
import { priceText, statusTable } from '../ui/status-view.ts'
import { examineIn } from './doctor.ts'
import { tellFailure } from './failure.ts'
import { migrateIn } from './migrate.ts'
import { cardsIn } from './provider.ts'
import { say, type GlobalOptions } from './output.ts'
import { inSession, type Session } from './session.ts'
import { tellIn } from './tell.ts'

type Act = () => Promise<unknown>

export async function menu(options: GlobalOptions): Promise<number> {
  if (process.stdin.isTTY !== true) throw new LifeboatError('answer-needed', 'There is no terminal for the menu; name a command.')
  return await inSession(options, 'all', async (session) => {
    for (;;) {
      const act = await choose<Act | null>({ message: 'What now?', flag: 'a command', choices: await offers(session, options) })
      if (act === null) return 0
      // A failure is told and the menu goes on: the operator decides what to do about it.
      await act().catch((error: unknown) => tellFailure(options, error))
    }
  })
}

async function offers(session: Session, options: GlobalOptions): Promise<readonly Choice<Act | null>[]> {
  const { moves } = statusSchema.parse(await session.client.get('/api/v1/status', session.signal))
  if (moves.length > 0) say(options, `\n${statusTable({ schema: 'lifeboat.status/1', moves })}\n`)
  const started = new Set(moves.filter((move) => !['failed', 'rolled-back'].includes(move.phase)).map((move) => move.name))
  const fresh = Object.keys(session.draft.document.moves).filter((name) => !started.has(name))
  return [
    ...moves.flatMap((move) => offersOf(session, options, move)),
    ...(fresh.length > 0 ? [{ name: `Move nodes (${fresh.join(', ')})`, value: async () => await begin(session, options, fresh) }] : []),
    { name: 'See what a provider has', value: async () => await showInventory(session, options) },
    { name: 'Read the plan', value: async () => await showPlan(session, options) },
    { name: 'Look for what could stop a move', value: async () => await showDoctor(session, options) },
    { name: 'See what is known of the providers', value: async () => await showProviders(session, options) },
    { name: 'Leave the menu (what runs goes on)', value: null },
  ]
}

function offersOf(session: Session, options: GlobalOptions, move: MoveStatus): readonly Choice<Act | null>[] {
  const { name, rollback, sealedAlone } = move
  const silent = otherSide(sealedAlone?.side ?? 'source')
  const tell = (kind: 'approve' | 'pause' | 'finish' | 'rollback' | 'reprotect') => async () => await tellIn(session, options, kind, name)
  const choices: Readonly<Record<Offer, Choice<Act>>> = {
    open: {
      name: `Open the ${otherSide(silent)} of ${name}: nobody serves, and you know that the ${silent} is off`,
      value: async () => await tellIn(session, { ...options, [`${silent}IsOff`]: true }, 'rollback', name),
    },
    watch: { name: `Watch ${name}`, value: async () => await migrateIn(session, options, [name]) },
    approve: { name: `Approve ${name}: its clients are switched`, value: tell('approve') },
    rehearse: { name: `Rehearse ${name}: its services start on a copy, nobody sees them`, value: async () => await rehearse(session, options, name) },
    pause: { name: `Pause ${name}: it keeps in step and is not switched`, value: tell('pause') },
    finish: { name: `Finish ${name}: power the source off`, value: tell('finish') },
    reprotect: { name: `Take the source of ${name} back: it follows the target, what only it has is kept aside`, value: tell('reprotect') },
    rollback: { name: `Roll ${name} back (${priceText(rollback)})`, value: tell('rollback') },
  }
  return offersFor(move).map((offer) => choices[offer])
}

async function rehearse(session: Session, options: GlobalOptions, name: string): Promise<void> {
  say(options, `  lifeboat migrate ${name} --rehearse`)
  await migrateIn(session, { ...options, rehearse: true }, [name])
}

async function begin(session: Session, options: GlobalOptions, names: readonly string[]): Promise<void> {
  const picked = await chooseSome({ message: 'Which?', flag: 'migrate MOVE…', choices: names.map((name) => ({ name, value: name, checked: true })) })
  say(options, `  lifeboat migrate ${picked.join(' ')}`)
  await migrateIn(session, options, picked)
}

async function showInventory(session: Session, options: GlobalOptions): Promise<void> {
  const names = Object.keys(session.draft.document.providers)
  const provider = await choose({ message: 'Which provider?', flag: 'inventory PROVIDER', choices: names.map((name) => ({ name, value: name })) })
  say(options, `  lifeboat inventory ${provider}`)
  const body = { context: session.context, provider }
  const found = z.array(inventorySchema).parse(await session.client.post('/api/v1/inventory', body, session.signal))
  for (const each of found) say(options, inventoryTable(each))
}

async function showPlan(session: Session, options: GlobalOptions): Promise<void> {
  say(options, '  lifeboat plan')
  say(options, planView(planSchema.parse(await session.client.post('/api/v1/plan', { context: session.context, moves: [] }, session.signal))))
}

async function showDoctor(session: Session, options: GlobalOptions): Promise<void> {
  say(options, '  lifeboat doctor')
  say(options, doctorView(await examineIn(session, options)))
}

async function showProviders(session: Session, options: GlobalOptions): Promise<void> {
  say(options, '  lifeboat provider')
  for (const card of await cardsIn(session, options, null)) say(options, providerView(card))
}
