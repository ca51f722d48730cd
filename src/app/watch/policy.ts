// The policy of this configuration: why it would or would not act now, and its switch.
import type { Config, MoveConfig } from '../../config/schema.ts'
import { LifeboatError } from '../../core/errors.ts'
import { didYouMean } from '../../core/nearest.ts'
import { explained, type PolicyCard } from '../../core/policy-card.ts'
import { policySettings } from '../../core/policy.ts'
import { sideServing } from '../../core/serving.ts'
import type { PolicySwitch } from '../../workflows/policy-switch.ts'
import type { Context, Wired } from '../app.ts'
import { policyInput } from './policy-input.ts'

export function policies(parts: Pick<Wired, 'store' | 'journal' | 'signals'>, configOf: (context: Context) => Config) {
  const { store } = parts
  const explain = async (config: Config, move: string | null): Promise<PolicyCard> => {
    const settings = policySettings(config.watch)
    const now = Date.now()
    const open = await store.openIncidents()
    const moves = protectedMoves(config, move)
    const serving = await store.serving(moves.map(([name]) => name))
    const cards = moves.map(async ([name, { fence }]) => {
      const incident = open.find((each) => each.move === name)?.id ?? null
      return { ...explained(await policyInput(parts, { move: name, settings, ways: fence.length }, now)), serving: sideServing(serving, name), incident }
    })
    return { schema: 'lifeboat.policy/1', mode: settings.mode, switch: await store.policySwitch(), moves: await Promise.all(cards) }
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

/** Those with a `standby:`, by name. Fails for one that has none. */
export function protectedMoves({ moves }: Config, name: string | null): readonly [string, MoveConfig][] {
  if (name === null) return Object.entries(moves).filter(([, { standby }]) => standby !== undefined)
  const move = moves[name]
  if (move === undefined) throw new LifeboatError('move-unknown', `There is no move ${name}${didYouMean(name, Object.keys(moves))}`)
  if (move.standby === undefined) throw new LifeboatError('config-invalid', `The move ${name} has no \`standby:\`, so there is nothing to fail over to.`)
  return [[name, move]]
}
