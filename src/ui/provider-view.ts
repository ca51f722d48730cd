// What is known of a provider, for people.
import type { ProviderCard } from '../core/provider-card.ts'
import { counted, formatDuration } from '../core/units.ts'
import { printable } from './table.ts'

export function providerView(card: ProviderCard): string {
  const { from, to } = card.moves
  const rows: readonly (readonly [string, string])[] = [
    ['Address', card.url ?? ''],
    ['Answers', answersText(card)],
    ['Certificate', certificateText(card)],
    ['Clock', clockText(card.clockAheadSeconds)],
    ['Inventory', inventoryText(card)],
    ['Readings', readingsText(card)],
    ['Moves', [from.length === 0 ? '' : `from it: ${from.join(', ')}`, to.length === 0 ? '' : `to it: ${to.join(', ')}`].filter(Boolean).join('; ') || 'none'],
    ['Contact', contactText(card)],
    ...pageRows(card),
    ...outageRows(card),
    ...card.rights.map(({ for: purpose, right }, at) => [at === 0 ? 'Rights' : '', plain(`${right}: ${purpose}`)] as const),
    ...card.cannotTell.map((text, at) => [at === 0 ? 'Cannot tell' : '', text] as const),
  ]
  const shown = rows.filter(([, text]) => text !== '')
  return [`${card.provider} (${card.kind})`, ...shown.map(([key, text]) => `  ${key.padEnd(11)}  ${printable(text)}`)].join('\n')
}

function answersText({ answers, failure, product, apiVersion }: ProviderCard): string {
  if (answers === null) return ''
  if (failure !== null) return `no. ${failure.text}`
  return `yes: ${[product, apiVersion === null ? null : `API ${apiVersion}`].filter((part) => part !== null).join(', ')}`
}

function certificateText({ certificate }: ProviderCard): string {
  if (certificate === null) return ''
  return `${certificate.fingerprint}, until ${certificate.expiresAt.slice(0, 10)}${certificate.pinned ? ', pinned' : ''}`
}

function clockText(ahead: number | null): string {
  if (ahead === null) return ''
  return ahead === 0 ? 'as the one here' : `${Math.abs(ahead)} s ${ahead > 0 ? 'behind' : 'ahead of'} the one here`
}

function inventoryText({ inventory, answers }: ProviderCard): string {
  if (inventory === null) return answers === null ? '' : 'never taken'
  return `${counted(inventory.nodes, 'node')}, taken ${inventory.takenAt}${inventory.complete ? '' : ', incomplete'}`
}

function readingsText({ readings: { count, failed, medianMs, slowestMs, lastFailure } }: ProviderCard): string {
  if (count === 0) return ''
  const times = medianMs === null || slowestMs === null ? '' : `; half within ${formatDuration(medianMs)}, the slowest ${formatDuration(slowestMs)}`
  const last = lastFailure === null ? '' : ` (last: ${lastFailure.code}, ${lastFailure.at})`
  return `${count}, of which ${failed} failed${last}${times}`
}

function pageRows({ page }: ProviderCard): (readonly [string, string])[] {
  if (!page) return []
  const incidents = page.incidents.slice(0, 3).map(({ title, status, impact, firstSeenAt, posts, edited }) => {
    const changes = edited === 0 ? '' : `, ${edited} of them changed afterwards`
    return `${title}: ${status}${impact === '' ? '' : ` (${impact})`}, first seen ${firstSeenAt}, ${counted(posts, 'post')}${changes}`
  })
  const itself = [page.status, page.text].filter(Boolean).join(', ')
  return [`${itself || 'no word of itself'}; looked at since ${page.since}`, ...incidents].map((text, at) => [at === 0 ? 'Says' : '', text] as const)
}

function contactText({ contact }: ProviderCard): string {
  const names = { statusPage: 'status page', ticket: 'ticket', phone: 'phone', forum: 'forum' } as const
  const keys = Object.keys(names) as (keyof typeof names)[]
  return keys.map((key) => (contact[key] === null ? `no ${names[key]}` : `${names[key]} ${contact[key]}`)).join(', ')
}

/** The notes are written for Markdown. */
function plain(text: string): string {
  return text.replaceAll(/[`*]/g, '')
}

function outageRows({ outages }: ProviderCard): (readonly [string, string])[] {
  return (outages ?? []).slice(0, 3).map(({ from, to, severity, acknowledge, explain, contradictions }, at) => {
    const until = to === null ? 'lasts' : `until ${to}`
    const said = (name: string, ms: number | null): string => `${name} ${ms === null ? 'never' : `after ${formatDuration(Math.max(0, ms))}`}`
    const against = contradictions.length === 0 ? '' : `; ${contradictions.map(({ text }) => text).join(' ')}`
    return [
      at === 0 ? 'Outages' : '',
      `${severity} from ${from}, ${until}; ${said('acknowledged', acknowledge.ms)}, ${said('explained', explain.ms)}${against}`,
    ] as const
  })
}
