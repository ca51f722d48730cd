// What the surroundings of names mean for a switch. Pure: dns/surroundings.ts reads them.
import { counted, formatDuration } from '../units.ts'
import { error, ok, warning, type Found } from './finding.ts'

/** What one server tells of a name and what stands beside it. */
export type Around = {
  readonly name: string
  /** Times to live of the A and the AAAA set, in seconds; each once. */
  readonly ttls: readonly number[]
  /** Who may issue certificates, by the closest CAA set of the zone (RFC 8659 §3); empty: anybody. */
  readonly issuers: readonly string[]
  /** How many fingerprints of host keys it has (RFC 4255). */
  readonly fingerprints: number
  /** Names below it with certificates of a service (RFC 6698): `_443._tcp.www.example`. */
  readonly certificates: readonly string[]
  /** Addresses that SPF texts of the name and of its zone allow to send mail (RFC 7208 §5.6), as written. */
  readonly senders: readonly string[]
  /** Whose mail comes to it: the name itself, its zone. */
  readonly mailOf: readonly string[]
  /** When the first of the signatures over its addresses ends, in seconds since 1970; null: there is none (RFC 4034 §3.1.5). */
  readonly signedUntil: number | null
}

/** What else is known of a name: the ports of its move, and the addresses that it has now. */
export type Known = { readonly ports: readonly number[]; readonly addresses: readonly string[]; /** Seconds since 1970. */ readonly now: number }

const daySeconds = 24 * 3600
const longNegativeSeconds = 3600
const smtp = 25

/** What one zone tells of itself at each of its servers. */
export function zoneFindings(
  zone: string,
  servers: readonly { readonly where: string; readonly serial: number }[],
  negativeTtl: number | null,
): readonly Found[] {
  const [first] = servers
  const other = servers.find(({ serial }) => serial !== first?.serial)
  const found: Found[] = []
  if (first !== undefined && other !== undefined) {
    const text = `${first.where} has serial ${first.serial} of ${zone}, ${other.where} has ${other.serial}.`
    found.push(warning('serial-differs', text, 'See whether transfers between the servers work; a switch waits for all of them.'))
  }
  if (negativeTtl !== null && negativeTtl > longNegativeSeconds) {
    const text = `Caches remember for ${formatDuration(negativeTtl * 1000)} that a name of ${zone} is absent.`
    found.push(warning('negative-ttl', text, 'Lower the last figure of its SOA record, or ask for no name before it is there.'))
  }
  return found
}

/** Whether the zone above sends clients to the servers that the zone itself names. Host names, sorted. */
export function delegationFindings(zone: string, parent: string, above: readonly string[], own: readonly string[]): readonly Found[] {
  const [unknown, unasked] = [above.filter((host) => !own.includes(host)), own.filter((host) => !above.includes(host))]
  const found: Found[] = []
  if (unknown.length > 0) {
    const text = `${parent} sends whoever asks for ${zone} to ${unknown.join(', ')}, too, which the zone itself does not name.`
    found.push(warning('delegation-differs', text, 'Make both lists one; a switch does not wait for a server that the zone does not name.'))
  }
  if (unasked.length > 0) {
    const text = `${zone} names ${unasked.join(', ')} among its servers, ${parent} does not.`
    found.push(warning('delegation-differs', text, 'Make both lists one, at the registrar or in the zone.'))
  }
  return found.length > 0 ? found : [ok('delegation', `${parent} names the same servers of ${zone} as the zone itself.`)]
}

/** An address that leads back to a name of its move: mail servers and some log-ins look at that. */
export function reverseFindings(name: string, address: string, names: readonly string[]): readonly Found[] {
  if (!names.includes(name)) return []
  const text = `${address} leads back to ${name} (PTR), and the new address does not yet.`
  return [warning('ptr', text, 'Let the new provider set it beforehand, if this machine sends mail.')]
}

/** What stands beside a name and does not move with its addresses. */
export function nameFindings(around: Around, known: Known): readonly Found[] {
  const { name } = around
  const found = [signature(around, known.now)]
  if (around.ttls.length > 1)
    found.push(
      warning(
        'ttl-differs',
        `A and AAAA of ${name} have times to live of ${around.ttls.join(' and ')} s.`,
        'The longer one counts for the wait; make them one.',
      ),
    )
  if (around.fingerprints > 0)
    found.push(
      warning(
        'sshfp',
        `${name} has ${counted(around.fingerprints, 'SSHFP record')}: the host keys of the old machine, which the new one has not.`,
        'Put those of the new machine beside them before the switch.',
      ),
    )
  for (const each of around.certificates)
    found.push(
      warning('tlsa', `${each} says which certificate clients must see (TLSA).`, 'The new machine must show the same one, or add its own there first.'),
    )
  const sends = known.addresses.find((address) => around.senders.includes(address))
  if (sends !== undefined)
    found.push(
      warning(
        'spf',
        `SPF lets ${sends} send mail, which ${name} leaves in the switch.`,
        'Add the new address to the SPF record before, if this machine sends mail.',
      ),
    )
  if (around.mailOf.length > 0 && !known.ports.includes(smtp))
    found.push(
      warning('mx', `Mail for ${around.mailOf.join(', ')} comes to ${name}, and port ${smtp} is not among the ports of its move.`, `Name ${smtp} under ports.`),
    )
  if (around.issuers.length > 0) found.push(ok('caa', `Certificates for ${name} may come from ${[...new Set(around.issuers)].join(', ')} alone (CAA).`))
  return found.filter((each) => each !== null)
}

function signature({ name, signedUntil }: Around, now: number): Found | null {
  if (signedUntil === null) return null
  const left = signedUntil - now
  const hint = 'See why the zone is not signed anew; resolvers that check refuse such answers.'
  if (left <= 0) return error('signature-over', `The signature over the addresses of ${name} ended ${formatDuration(-left * 1000)} ago.`, hint)
  const text = `The signature over the addresses of ${name} ends in ${formatDuration(left * 1000)}.`
  return left < daySeconds ? warning('signature-ends', text, hint) : ok('signed', text)
}
