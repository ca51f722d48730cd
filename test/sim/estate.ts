// An estate of many small nodes: what stands in its lifeboat.yaml, and what the simulated world makes of it.
import type { Limits } from '../../src/core/slots.ts'

export type SimulatedMove = {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly address: string
  readonly after: readonly string[]
  /** Never comes through: its disk cannot be read, or what it runs fails its checks elsewhere. */
  readonly doomed: 'copy' | 'checks' | null
}

export type Estate = { readonly moves: readonly SimulatedMove[]; readonly limits: Limits }

/** The n-th address of the old providers. */
export function sourceAddress(nth: number): string {
  return `198.18.${Math.floor(nth / 250)}.${1 + (nth % 250)}`
}

/** `count` moves over so many providers, every fifth of a provider a database that the next four come after. */
export function bigEstate(count: number, providers: number): Estate {
  const moves = Array.from({ length: count }, (_, nth): SimulatedMove => {
    const [provider, place] = [nth % providers, Math.floor(nth / providers)]
    const database = place - (place % 5)
    const after = place === database ? [] : [nameOf(provider + database * providers)]
    return { name: nameOf(nth), from: `old-${provider}`, to: `new-${provider}`, address: sourceAddress(nth), after, doomed: null }
  })
  return { moves, limits: { perSource: 4, perTarget: 8, startsPerHour: 10_000 } }
}

function nameOf(nth: number): string {
  return `node-${nth}`
}

/** lifeboat.yaml of an estate. */
export function yamlOf({ moves, limits }: Estate): string {
  const providers = [...new Set(moves.flatMap(({ from, to }) => [from, to]))].map((name) => `  ${name}: { kind: simulated }`)
  const lines = moves.map(({ name, from, to, after }) => {
    const ends = `from: { provider: ${from} }, to: { provider: ${to}, size: small, image: debian-12 }, after: [${after.join(', ')}]`
    const what = `data: [ { kind: simulated } ], services: [ app.service ], singletons: [ mailer.timer ], checks: [ { command: "curl -f {address}" } ]`
    return `  ${name}: { ${ends}, ${what}, names: [ { dns: zone, name: ${name}.shop.example } ] }`
  })
  return `project: shop
providers:
${providers.join('\n')}
dns: { zone: { kind: simulated } }
defaults: { finish: { watchFor: 1s, forwardFor: 1s } }
limits: { perSource: ${limits.perSource}, perTarget: ${limits.perTarget}, startsPerHour: ${limits.startsPerHour} }
moves:
${lines.join('\n')}
`
}
