// What a provider showed of itself, judged: its certificate, its clock, the account's rights, and whether anybody is there
// to be asked when it fails.
import { counted } from '../units.ts'
import { ok, warning, type Found } from './finding.ts'

const dayMs = 86_400_000
const soonDays = 30
/** Signatures (TSIG, AWS) are refused from 300 s on; a clock that is this far off has nobody who keeps it. */
export const clockLimitSeconds = 30

/** `expires`, `now`: Unix milliseconds. `pinned`: believed by its fingerprint, whatever its date says. */
export function judgeCertificate(expires: number, pinned: boolean, now: number): Found {
  const days = Math.floor((expires - now) / dayMs)
  const how = pinned ? 'It is pinned' : 'It is signed by an authority that is believed here'
  if (days < 0) {
    const text = `Its certificate expired ${counted(-days, 'day')} ago.`
    return warning('certificate-expired', text, 'It is believed, because it is pinned. Expect a new one: compare its fingerprint, then pin that.')
  }
  if (days < soonDays) {
    const hint = pinned ? 'After its renewal compare the new fingerprint, then pin that.' : 'Ask for its renewal before a move has to wait for it.'
    return warning('certificate-expires', `Its certificate expires in ${counted(days, 'day')}.`, hint)
  }
  return ok('certificate', `${how}, and expires in ${counted(days, 'day')}.`)
}

/** `ahead`: seconds by which the clock here is ahead of the other one. Only told: nothing is ever ordered by two clocks. */
export function judgeClock(whose: string, ahead: number, limit = clockLimitSeconds): Found {
  const seconds = Math.abs(ahead)
  if (seconds <= limit) return ok('clock', `${whose} and the one here differ by ${seconds} s.`)
  const text = `${whose} is ${seconds} s ${ahead > 0 ? 'behind' : 'ahead of'} the one here.`
  return warning('clock', text, 'Have both kept by NTP; signatures are refused from 300 s on, and times in reports will not match.')
}

export type Contact = {
  readonly statusPage?: string | undefined
  readonly ticket?: string | undefined
  readonly phone?: string | undefined
  readonly forum?: string | undefined
}

export const channels = [
  ['statusPage', 'status page'],
  ['ticket', 'ticket'],
  ['phone', 'phone'],
  ['forum', 'forum'],
] as const

/** Whom to ask when it fails. Without anybody, the only thing left is to leave. */
export function judgeContact(provider: string, contact: Contact | undefined): Found {
  const known = channels.filter(([key]) => (contact?.[key] ?? '') !== '').map(([, name]) => name)
  const missing = channels.map(([, name]) => name).filter((name) => !known.includes(name))
  if (known.length > 0) return ok('contact', `It can be asked: ${known.join(', ')}${missing.length === 0 ? '' : `. Not given: ${missing.join(', ')}`}.`)
  const hint = `Give providers.${provider}.contact: { statusPage, ticket, phone, forum }; if there is none, plan the way out.`
  return warning('contact', `No status page, no ticket, no phone, no forum.`, hint)
}

/** Rights that are missing on the nodes that move. Without them a move goes on; what it cannot do at its end is told. */
export function judgeRights(lacking: readonly { readonly node: string; readonly right: string }[], purposes: ReadonlyMap<string, string>): Found[] {
  const rights = [...new Set(lacking.map(({ right }) => right))]
  if (rights.length === 0) return [ok('rights', 'The account has all rights that a move needs on the nodes that move.')]
  return rights.map((right) => {
    const nodes = lacking.filter((each) => each.right === right).map(({ node }) => node)
    const purpose = (purposes.get(right) ?? 'a move').replaceAll('`', '')
    return warning(
      'rights',
      `The account lacks ${right} on ${nodes.join(', ')} (${purpose}).`,
      'Ask the provider for the right; without it that part is done by hand.',
    )
  })
}
