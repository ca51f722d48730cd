// Addresses that a node has on its interfaces, of both families. One that a provider translates to it is not among them.
import type { Link } from './link.ts'

export type NodeAddress = {
  readonly address: string
  /** Stays: neither of a short life (RFC 8981) nor on its way in or out. */
  readonly lasting: boolean
}

/** All that others could reach it by; empty when the node does not say. */
export async function addressesOn(link: Link, signal: AbortSignal): Promise<readonly NodeAddress[]> {
  return readAddresses((await link.run(['ip', '-o', 'addr', 'show', 'scope', 'global'], { signal })).stdout)
}

/** Lines of `ip -o addr`: number, interface, family, address with or without length, then words of which some are flags (ip-address(8)). */
export function readAddresses(text: string): readonly NodeAddress[] {
  return text.split('\n').flatMap((line) => {
    const [, , family, place = '', ...words] = line.trim().split(/\s+/)
    const address = place.split('/')[0] ?? ''
    if ((family !== 'inet' && family !== 'inet6') || address === '') return []
    return [{ address, lasting: !words.some((word) => passing.has(word)) }]
  })
}

const passing = new Set(['temporary', 'deprecated', 'tentative', 'dadfailed'])
