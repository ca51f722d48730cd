// Level D3: clients are switched to the standby and back, and the move stands by again. Whoever asked may hang up: once it
// has begun it is brought to its end. A controller that dies in between leaves a move that is switched and waits for finish.
import { error, ok } from '../../core/doctor/finding.ts'
import type { DrillCheck, Drilled } from '../../core/drill.ts'
import { stageOf, switchDrilled, type Stage } from '../../core/drill-switch.ts'
import { codeOf, LifeboatError, messageOf } from '../../core/errors.ts'
import type { JournalRecord } from '../../core/records.ts'
import { waitUntil } from '../../io/wait.ts'
import type { StoredMove } from '../../workflows/store.ts'
import { tellMove, type Parts } from '../moves.ts'

/** A name server that a person serves may take long; then the move stays as it is. */
const eachWayMs = 1_800_000
const lookEveryMs = 500

/** `standByAgain`: begins the move anew once it is back. Fails with not-now where it may not be switched now. */
export async function drillSwitch(parts: Parts, move: StoredMove, who: string, standByAgain: () => Promise<unknown>): Promise<Omit<Drilled, 'isolation'>> {
  const { name } = move
  if (move.plan.freeze !== undefined) throw new LifeboatError('not-now', `${name} is switched together with others (freezes:), which no drill does yet.`)
  const said = { digest: null, who }
  const since = await parts.journal.last()
  const until = async (ends: readonly Stage['at'][]) => await stageAfter(parts, move, since, ends)
  await tellMove(parts, name, 'approve', said)
  const there = await until(['stayed', 'waits', 'there', 'stuck', 'back'])
  if (there.stage.at === 'waits') {
    await tellMove(parts, name, 'pause', said)
    throw new LifeboatError('not-now', `The drill of ${name} could not be held, and its approval is taken back: ${there.stage.why}`)
  }
  if (there.stage.at !== 'there') return switchDrilled(there.records, there.stage)
  await tellMove(parts, name, 'rollback', said)
  const back = await until(['stuck', 'back'])
  const drilled = switchDrilled(back.records, back.stage)
  return back.stage.at === 'back' ? { ...drilled, checks: [...drilled.checks, await begunAgain(name, standByAgain)] } : drilled
}

async function begunAgain(name: string, begin: () => Promise<unknown>): Promise<DrillCheck> {
  const about = 'standby'
  try {
    await begin()
    return { about, ...ok('begun-again', `${name} is kept in step again.`), ms: 0 }
  } catch (thrown) {
    const text = `${name} is back, and nothing keeps its standby in step: ${messageOf(thrown)}`
    return { about, ...error(codeOf(thrown), text, `lifeboat migrate ${name} begins it again.`), ms: 0 }
  }
}

async function stageAfter(parts: Parts, { name, run }: StoredMove, since: number, ends: readonly Stage['at'][]) {
  const ask = async (): Promise<{ readonly stage: Stage; readonly records: readonly JournalRecord[] } | null> => {
    const records = (await parts.journal.after(since, { move: name, limit: 100_000 })).filter((record) => record.run === run)
    const stage = stageOf(records)
    // What is begun again must have ended in the store, too.
    const isOver = ends.includes(stage.at) && (stage.at !== 'back' || (await parts.store.move(name))?.state === 'rolled-back')
    return isOver ? { stage, records } : null
  }
  const patience = { what: `The switch of ${name}`, deadlineMs: eachWayMs, everyMs: lookEveryMs, signal: new AbortController().signal }
  return await waitUntil(ask, patience).catch((thrown: unknown) => {
    if (codeOf(thrown) !== 'timeout') throw thrown
    return { stage: { at: 'stuck', why: messageOf(thrown) } as const, records: [] }
  })
}
