// Standbys as they are now: what the store knows of each, and what the guards of the policy say of it.
import type { Config } from '../../config/schema.ts'
import type { DrillCard } from '../../core/drill.ts'
import { guardsOf, lagSampleAgeMs } from '../../core/policy-guards.ts'
import { policySettings, refusals, type PolicyInput } from '../../core/policy.ts'
import { ofAnOutage, type Standby, type StandbyCard } from '../../core/standby.ts'
import { completeAt, isBehind, type MoveFacts } from '../../core/stored-move.ts'
import type { StoredMove } from '../../workflows/store.ts'
import type { Context, Wired } from '../app.ts'
import { policyInput } from '../watch/policy-input.ts'
import { protectedMoves } from '../watch/policy.ts'

export function standbys(parts: Pick<Wired, 'store' | 'journal' | 'signals'>, configOf: (context: Context) => Config) {
  const { store } = parts
  return {
    /** Of one move, or of all that have a standby. Asks no node. */
    standbys: async (context: Context, move: string | null): Promise<StandbyCard> => {
      const config = configOf(context)
      const settings = policySettings(config.watch)
      const now = Date.now()
      const moves = protectedMoves(config, move).map(async ([name, { fence }]) => {
        const input = await policyInput(parts, { move: name, settings, ways: fence.length }, now)
        return standbyOf(await store.move(name), await store.newestDrill(name), input)
      })
      return { schema: 'lifeboat.standby/1', at: new Date(now).toISOString(), moves: await Promise.all(moves) }
    },
  }
}

export function standbyOf(move: Pick<StoredMove, 'state' | 'facts' | 'plan'> | null, drill: DrillCard | null, input: PolicyInput): Standby {
  const state = stateOf(move)
  const follows = state === 'in-step' || state === 'rests'
  return {
    move: input.move,
    state,
    node: move === null ? null : nodeOf(move),
    ...copyOf(follows ? (move?.facts.lastPass ?? null) : null, input.now),
    drill: drill === null ? null : { level: drill.level, at: drill.at, passed: drill.passed, tried: drill.tried },
    auto: autoOf(input),
  }
}

function nodeOf({ plan: { to }, facts }: Pick<StoredMove, 'plan' | 'facts'>): Standby['node'] {
  return { planned: { size: to.size, monthlyCost: to.monthlyCost }, parked: to.parked ?? null, isParked: facts.parked !== null }
}

function copyOf(last: MoveFacts['lastPass'], now: number): Pick<Standby, 'lagSeconds' | 'remainingBytes' | 'sample'> {
  if (last === null) return { lagSeconds: null, remainingBytes: null, sample: null }
  const ageMs = Math.max(0, now - Date.parse(last.endedAt))
  return {
    lagSeconds: secondsOf(Math.max(0, now - Date.parse(completeAt(last)))),
    remainingBytes: last.missingBytes ?? null,
    sample: { at: last.endedAt, ageSeconds: secondsOf(ageMs), moves: !isBehind(last) && ageMs <= lagSampleAgeMs },
  }
}

function autoOf(input: PolicyInput): Standby['auto'] {
  const why = refusals(guardsOf(input, 'policy', 'decide')).filter(({ code }) => !ofAnOutage.includes(code))
  const until = why.length > 0 || input.drill === null ? null : new Date(input.drill.passedAt + input.settings.drillWithinMs).toISOString()
  return { eligible: why.length === 0, until, why: why.map(({ code, text }) => ({ code, text })) }
}

function stateOf(move: Pick<StoredMove, 'state' | 'facts'> | null): Standby['state'] {
  if (move === null || move.state === 'rolled-back' || move.facts.target === null) return 'none'
  if (move.facts.serving === 'target') return 'serves'
  return move.state === 'running' ? 'in-step' : 'rests'
}

function secondsOf(ms: number): number {
  return Math.round(ms / 100) / 10
}
