// The steps that change names, with real name servers and two nodes that only have an address.
import type { ActionName } from '../../src/core/runbook.ts'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import type { DnsProvider } from '../../src/dns/provider.ts'
import type { Link } from '../../src/nodes/link.ts'
import type { Step } from '../../src/workflows/run.ts'
import { actions } from '../../src/workflows/steps/index.ts'

export const addresses = { source: '192.0.2.10', target: '203.0.113.11' } as const

export type NamesMove = {
  readonly step: Step
  readonly facts: () => MoveFacts
  readonly said: string[]
  readonly learn: (facts: Partial<MoveFacts>) => void
  readonly act: (name: ActionName) => Promise<unknown>
}

/** A move of these names, each with the provider that holds it. */
export function namesMove(names: readonly { readonly name: string; readonly provider: DnsProvider }[], signal: AbortSignal): NamesMove {
  let facts = noFacts
  const said: string[] = []
  const learn = (more: Partial<MoveFacts>): void => void (facts = { ...facts, ...more })
  const link = (address: string) => ({ address, run: async () => await Promise.resolve({ stdout: `1: eth0 inet ${address}/24`, stderr: '', exitCode: 0 }) })
  const links = { source: link(addresses.source), target: link(addresses.target) }
  const ports = {
    names,
    plan: {},
    link: async (side: 'source' | 'target') => await Promise.resolve(links[side] as unknown as Link),
    askCaches: async () => await Promise.resolve(null),
  }
  const step = {
    run: { move: 'web-1', token: 1, ports, services: { identity: '3f2a' }, claimed: new Set(['source', 'target']) },
    settings: { names: names.map(({ name }) => ({ dns: 'zone', name })), ports: [] },
    get facts() {
      return facts
    },
    signal,
    say: async (text: string) => await Promise.resolve(void said.push(text)),
    waitFor: async (text: string) => await Promise.resolve(void said.push(text)),
    learn: async (more: Partial<MoveFacts>) => await Promise.resolve(learn(more)),
  } as unknown as Step
  return { step, facts: () => facts, said, learn, act: async (name) => await actions[name](step) }
}
