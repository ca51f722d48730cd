// The policy of this configuration: why it would or would not act now, and its switch.
import type { Config, MoveConfig } from '../config/schema.ts'
import { LifeboatError } from '../core/errors.ts'
import { didYouMean } from '../core/nearest.ts'
import { explained, type PolicyCard } from '../core/policy-card.ts'
import { policySettings, type PolicyInput } from '../core/policy.ts'
import type { PolicySwitch } from '../workflows/policy-switch.ts'
import type { Context, Wired } from './app.ts'

export function policies({ store }: Pick<Wired, 'store'>, configOf: (context: Context) => Config) {
  const explain = async (config: Config, move: string | null): Promise<PolicyCard> => {
    const moves = protectedMoves(config, move)
    const known = await store.policySwitch()
    return {
      schema: 'lifeboat.policy/1',
      mode: config.watch.policy.mode,
      switch: known,
      moves: moves.map(([name, { fence }]) => explained(inputOf(config, name, fence.length, known))),
    }
  }
  return {
    /** Of one move, or of all that have a standby. */
    explainPolicy: async (context: Context, move: string | null): Promise<PolicyCard> => await explain(configOf(context), move),
    /** Presses or releases the switch, for all moves; answers how things are then. */
    switchPolicy: async (context: Context, { off, reason }: Pick<PolicySwitch, 'off' | 'reason'>): Promise<PolicyCard> => {
      const config = configOf(context)
      await store.setPolicySwitch({ off, reason, by: context.who })
      return await explain(config, null)
    },
  }
}

function protectedMoves({ moves }: Config, name: string | null): readonly [string, MoveConfig][] {
  if (name === null) return Object.entries(moves).filter(([, { standby }]) => standby !== undefined)
  const move = moves[name]
  if (move === undefined) throw new LifeboatError('move-unknown', `There is no move ${name}${didYouMean(name, Object.keys(moves))}`)
  if (move.standby === undefined) throw new LifeboatError('config-invalid', `The move ${name} has no \`standby:\`, so there is nothing to fail over to.`)
  return [[name, move]]
}

/** What has no source in this version is not known, which refuses: evidence, epoch, plan of a failover, lag of a standby, drills. None has ever been failed over. */
function inputOf(config: Config, move: string, ways: number, known: PolicySwitch | null): PolicyInput {
  return {
    now: Date.now(),
    move,
    settings: policySettings(config.watch),
    off: known?.off ?? false,
    fence: { ways, confirmedEpoch: null },
    failovers: [],
    plan: null,
    judged: null,
    epoch: null,
    lag: null,
    stoppedAt: null,
    drill: null,
    approval: null,
  }
}
