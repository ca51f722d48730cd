// Both sides compared while one of them is in use: before the switch, so that the freeze has only to look at what is new;
// after it, so that nothing that was lost is found out after `finish`.
import { LifeboatError, messageOf } from '../../core/errors.ts'
import { rollbackPrice } from '../../core/forecast.ts'
import { otherSide, type MoveFacts } from '../../core/stored-move.ts'
import { counted } from '../../core/units.ts'
import type { AuditKind } from '../../movers/mover.ts'
import { sleep } from '../../io/wait.ts'
import { type Step } from '../run.ts'
import { pairFrom } from './sides.ts'
import { letOthersSwitch } from './waiting.ts'

/** Of all movers together. `unknown`: why a mover cannot tell. `everything`: each has looked at all that it has. */
export type Audited = {
  readonly unknown: string | null
  readonly everything: boolean
  readonly files: number
  readonly seconds: number
  readonly differences: readonly string[]
}

export async function audit(step: Step, kind: AuditKind, signal = step.signal): Promise<Audited> {
  const pair = await pairFrom(step, step.facts.serving)
  let [files, seconds, everything] = [0, 0, true]
  const differences: string[] = []
  for (const { name, mover } of step.run.ports.movers) {
    const found = await mover.audit?.(pair, kind, signal)
    if (found === undefined) continue
    if (found.kind === 'unknown') return { unknown: `${name}: ${found.why}`, everything: false, files, seconds, differences }
    files += found.files
    seconds += found.seconds
    everything &&= found.kind === 'everything'
    differences.push(...found.differences.map(({ path, what }) => `${path} of ${name} ${what}`))
  }
  return { unknown: null, everything, files, seconds, differences }
}

/** "whole-tree comparison: 304 files, 0 differences, 0.2 s" */
export function wordsOf({ files, differences, seconds }: Audited): string {
  return `whole-tree comparison: ${counted(files, 'file')}, ${counted(differences.length, 'difference')}, ${seconds.toFixed(1)} s`
}

export function factsOf({ files, differences, seconds }: Audited): NonNullable<MoveFacts['audited']> {
  return { files, differences: differences.length, seconds, endedAt: new Date().toISOString() }
}

export type Background = {
  /** What was found; until then why the last try failed, or null: it runs. */
  readonly look: () => { readonly found: Audited | null; readonly why: string | null }
  readonly stop: () => void
}

const againAfterMs = 5000

/**
 * Compares the whole tree after the switch, while the step does something else; a side that cannot be reached is asked
 * again. `catchUp` makes a pass, where one is needed to know what changes.
 */
export function auditInBackground(step: Step, catchUp: () => Promise<void>): Background {
  const stopped = new AbortController()
  const signal = AbortSignal.any([step.signal, stopped.signal])
  let state: ReturnType<Background['look']> = { found: null, why: null }
  const look = async (): Promise<Audited> => {
    await letOthersSwitch(step)
    const found = await audit(step, 'afterwards', signal)
    if (found.unknown === null) return found
    await catchUp()
    return await audit(step, 'afterwards', signal)
  }
  const run = async (): Promise<void> => {
    while (state.found === null) {
      const found = await look().catch((error: unknown) => messageOf(error))
      signal.throwIfAborted()
      if (typeof found !== 'string' && found.unknown === null) {
        await step.say(`${wordsOf(found)}.`, factsOf(found))
        state = { found, why: null }
      } else {
        state = { found: null, why: typeof found === 'string' ? found : found.unknown }
        await sleep(againAfterMs, signal)
      }
    }
  }
  void run().catch(() => undefined)
  return { look: () => state, stop: () => stopped.abort() }
}

/** The sides differ in what no client has changed since the switch: a person decides, with the price before them. */
export async function refuseDifferences(step: Step, { differences }: Audited): Promise<void> {
  if (differences.length === 0) return
  const facts = step.facts
  const price = rollbackPrice(facts)
  const [first, ...others] = differences.slice(0, 3)
  const back = price.possible ? `Rolling back takes about ${price.seconds} s and loses ${price.writesLost} writes.` : price.why
  throw new LifeboatError(
    'gate-closed',
    `The ${facts.serving} and the ${otherSide(facts.serving)} differ in ${counted(differences.length, 'name')} that nobody has changed since the switch, first: ${[first, ...others].join('; ')}. ${back}`,
    { details: { differences: differences.length, first: differences.slice(0, 20), price } },
  )
}
