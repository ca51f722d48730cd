// What observers of a simulated world see in one round: a short ladder on the serving side, a control target, themselves.
import type { Evidence, Sample } from '../../src/core/evidence.ts'
import type { Random } from './timeline.ts'
import type { World } from './world.ts'

/** `route`: only what leads to the node is broken; `own`: it reaches nothing at all. */
export type SimObserver = { readonly name: string; readonly domain: string; path: 'well' | 'route' | 'own'; dead: boolean }

const rungs = ['tcp', 'echo', 'app'] as const
const usual = { tcp: 3, echo: 5, app: 40 } as const
const gray = { tcp: 3, echo: 1503, app: 2600 } as const

export function roundOf({ world }: World, observers: readonly SimObserver[], at: number, random: Random): Evidence[] {
  const time = new Date(at).toISOString()
  const { sickness, fence } = world.sides[world.serving]
  const isDead = sickness === 'dead' || fence > 0
  return observers.flatMap(({ name, domain, path, dead }) => {
    if (dead) return []
    const base = { kind: 'sample', at: time, observer: name, connection: 'fresh', text: '' } as const
    const tried = rungs.map((rung): Sample => {
      const fails = isDead || path !== 'well' || random.chance(0.01)
      return {
        ...base,
        target: 'web-1',
        role: 'node',
        rung,
        ms: fails ? 5000 : (sickness === 'gray' ? gray : usual)[rung] * (0.9 + random.next() / 5),
        outcome: fails ? 'fail' : 'ok',
      }
    })
    return [
      { kind: 'health', at: time, observer: name, failureDomain: domain, loopLagMs: 4 },
      { ...base, target: 'https://a.example', role: 'control', rung: 'tcp', ms: 9, outcome: path === 'own' ? 'fail' : 'ok' },
      ...tried,
    ]
  })
}
