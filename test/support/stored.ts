// Moves of tests that need one in the store and nobody who carries it out.
import type { PlannedMove } from '../../src/core/plan.ts'
import type { MoveSettings } from '../../src/core/stored-move.ts'

const ssh = { user: 'root', port: 22, keyFile: null, jump: null, sudo: false }

/** A move as it is stored, with nothing to copy. */
export function settingsOf(name: string, plan: string | null): MoveSettings {
  return {
    name,
    project: 'shop',
    plan,
    from: { provider: 'old', id: name },
    to: { provider: 'iron' },
    source: { address: '192.0.2.10', ssh },
    target: { ssh },
    data: [],
    services: [],
    singletons: [],
    ports: [],
    checks: [],
    names: [],
    fence: [],
    window: null,
    downtimeBudgetMs: 20_000,
    reverseSync: true,
    finish: { policy: 'manual', watchForMs: 0, forwardForMs: 0, remindAfterMs: 1 },
  }
}

export function plannedOf(name: string, after: readonly string[] = []): PlannedMove {
  const to = { provider: 'iron', kind: 'static', size: '', image: '', reasons: [], alternatives: [], monthlyCost: null, volumeGiB: 0, address: null }
  const lists = { steps: [], after: [...after], ports: [], roots: [], blockers: [], warnings: [] }
  return {
    name,
    project: 'shop',
    from: { provider: `${name}-old`, id: name, name, address: '192.0.2.10' },
    to,
    path: 'direct',
    forecastPauseMs: null,
    ...lists,
  }
}
