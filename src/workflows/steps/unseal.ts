// A sealed side opens on the word of the other one. While that is silent it stays closed, however long: until the other one
// answers, until its provider says that it is off, or until somebody says so who knows (docs/sealed.md).
import { LifeboatError, codeOf } from '../../core/errors.ts'
import { commitWasAsked, describeSealedAlone, openingReason, wayOut } from '../../core/sealed-alone.ts'
import { otherSide, type SealedAlone } from '../../core/stored-move.ts'
import type { Link } from '../../nodes/link.ts'
import { dropLease } from '../lease.ts'
import { isSilence, reach, type Done, type Step } from '../run.ts'
import type { Direction } from './sides.ts'
import { restUnlessTold, tellOnce } from './waiting.ts'

const lookEveryMs = 2000
/** Of a provider; whoever says that a side is off has it asked at once. */
const askEveryMs = 15_000
const answerWithinMs = 5000

export async function unseal(step: Step, way: Direction): Promise<Done> {
  const link = await reach(step, way.giver)
  const opened = await openedByVerdict(step, way, link)
  if (opened !== null) return opened
  const alone = await noteAlone(step, way)
  const tell = tellOnce(step)
  for (let [askedAt, refusal] = [-Infinity, '']; ;) {
    const word = await wordOf(step, way)
    const isDue = word !== null || (!alone.commitAsked && performance.now() - askedAt >= askEveryMs)
    const off = isDue ? await step.run.ports.isOff(way.receiver, step.facts, step.signal) : false
    if (isDue) askedAt = performance.now()
    const reason = openingReason({ off, word: word !== null, commitAsked: alone.commitAsked })
    if (reason === 'fenced' || reason === 'person') return await open(step, way, { reason, by: word })
    if (reason === 'contradicted') refusal = ` ${word?.by} said that the ${way.receiver} is off, but its provider says that it runs: power it off there first.`
    await tell(`${describeSealedAlone(alone)}${refusal}`, { waitingFor: 'verdict', side: alone.side, since: alone.since, way: wayOut(step.run.move, alone) })
    await restUnlessTold(step, 'is-off', lookEveryMs)
    const answered = await openedByVerdict(step, way, link)
    if (answered !== null) return answered
  }
}

/** Null: sealed still, as the other side does not answer. Fails where nothing can be known of the sealed side, unless it was known to be alone. */
async function openedByVerdict(step: Step, way: Direction, link: Link): Promise<Done | null> {
  const { attempt, sealedAlone } = step.facts
  try {
    const hello = await link.call({ op: 'hello' }, step.signal, answerWithinMs)
    if (hello['phase'] === 'sealed') {
      await link.call({ op: 'unseal', token: step.run.token, attempt, reason: 'void' }, step.signal, 30_000)
      await step.learn({ seal: null, sealedAlone: null })
      return { text: `${link.address} is open again: attempt ${attempt} is void.` }
    }
    // It heard by itself what the other side decided.
    if (hello['role'] === 'closed') return await committedThere(step, way, link)
    await step.learn({ seal: null, sealedAlone: null })
    return { text: `${link.address} is not sealed.` }
  } catch (error) {
    step.signal.throwIfAborted()
    if (error instanceof LifeboatError && error.details['value'] === 'committed') return await committedThere(step, way, link)
    // The helper's words: the peer does not answer.
    if (codeOf(error) === 'node-failed') return null
    if (sealedAlone !== null && isSilence(error)) return null
    throw error
  }
}

async function committedThere(step: Step, { receiver }: Direction, link: Link): Promise<Done> {
  await step.learn({ serving: receiver, seal: null, sealedAlone: null, stragglers: 0 })
  return { text: `${link.address} stays closed: the ${receiver} had committed attempt ${step.facts.attempt}, and serves.` }
}

/** Since when that is so is kept by whoever goes on. */
async function noteAlone(step: Step, { giver }: Direction): Promise<SealedAlone> {
  const { services, move } = step.run
  const commitAsked = commitWasAsked(await services.journal.after(0, { move, limit: 1_000_000 }))
  const alone = { side: giver, since: step.facts.sealedAlone?.since ?? new Date().toISOString(), commitAsked }
  await step.learn({ sealedAlone: alone })
  // From now on the sealed side asks for itself, too, and lets nobody wait for longer than was promised.
  dropLease(move)
  return alone
}

type Word = { readonly by: string; readonly at: string }

/** Somebody who says that the silent side is off. */
async function wordOf({ run: { services, move, run } }: Step, { receiver }: Direction): Promise<Word | null> {
  const said = await services.signals.take(move, run, 'is-off')
  return said?.['side'] === receiver ? { by: String(said['who']), at: String(said['at']) } : null
}

async function open(step: Step, { giver, receiver }: Direction, { reason, by }: { reason: 'fenced' | 'person'; by: Word | null }): Promise<Done> {
  const { attempt } = step.facts
  // What was asked of the silent side and not answered must not reach it later.
  await (await step.run.ports.link(receiver, step.facts)).close()
  const link = await reach(step, giver)
  await link.call({ op: 'unseal', token: step.run.token, attempt, reason }, step.signal, 30_000)
  await step.learn({ seal: null, sealedAlone: null })
  const who = by === null ? '' : `${by.by} said at ${by.at} that the ${receiver} is off`
  const provider = reason === 'fenced' ? 'the provider says that it runs no more' : 'its provider cannot tell'
  const why = by === null ? `the provider of the ${receiver} says that it runs no more` : `${who}; ${provider}`
  const text = `${link.address} is open again, and attempt ${attempt} void whatever the ${otherSide(giver)} decided: ${why}.`
  return { text, details: { reason, attempt, who: by?.by ?? null, at: by?.at ?? null } }
}
