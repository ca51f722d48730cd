// From what was judged to what is done: each judgement is kept, an outage that is confirmed becomes an incident, and the policy
// proposes or begins a fail-over. It does nothing to a node itself: the move does, and asks the guards again (guarding.ts).
import { randomUUID } from 'node:crypto'
import type { Config } from '../../config/schema.ts'
import { messageOf } from '../../core/errors.ts'
import type { Decided } from '../../core/incident.ts'
import { isoOf } from '../../core/instant.ts'
import { judgedOf, type Judged } from '../../core/judged.ts'
import { targetsOf } from '../../core/judge.ts'
import { sideServing, watchedName, type Serving } from '../../core/serving.ts'
import { decide, policySettings, type Decision, type PolicyInput } from '../../core/policy.ts'
import type { Panel } from '../../watch/panel.ts'
import { openIncidentBook } from './incident-book.ts'
import { tellMove, type Parts } from '../moves.ts'
import { policyInput } from './policy-input.ts'
import type { WhoServes } from './who-serves.ts'

export type LookoutOptions = { readonly config: Config; readonly panel: Panel; readonly whoServes: WhoServes; readonly onLog: (text: string) => void }
type Lookout = {
  /** `now`: milliseconds since 1970. */
  readonly look: (now: number) => Promise<void>
}

/** What did not change is kept anew after so long: an older one says nothing of now. */
const keptAnewMs = 5000

/** Looks once each time that it is called, at all moves of this configuration. */
export async function openLookout(parts: Parts, { config, panel, whoServes, onLog }: LookoutOptions): Promise<Lookout> {
  const settings = policySettings(config.watch)
  const book = await openIncidentBook(parts, config, onLog)
  const kept = new Map<string, Judged>()
  const proposed = new Map<string, string | null>()
  const keep = async (judged: ReadonlyMap<string, Judged>): Promise<void> => {
    const news = [...judged].filter(([move, now]) => isNews(kept.get(move), now))
    if (news.length > 0) await parts.store.saveJudged(new Map(news))
    for (const [move, now] of news) {
      const before = kept.get(move)
      if (before?.standing !== now.standing || before.side !== now.side) onLog(describe(move, now))
      kept.set(move, now)
    }
  }
  const act = async (move: string, judged: Judged, now: number): Promise<void> => {
    const input = await policyInput(parts, { move, settings, ways: config.moves[move]?.fence.length ?? 0 }, now)
    const decision = decide(input)
    if (decision.act === 'nothing' || (decision.act === 'propose' && proposed.get(move) === input.plan)) return
    // One that is at work already is refused by its guard; one that was refused before the fence may begin again.
    if (decision.act === 'fail-over' && !(await begin(parts, input, decision))) return
    if (decision.act === 'propose') proposed.set(move, input.plan)
    await book.note(move, decidedNow(decision, judged))
    onLog(decision.act === 'propose' ? `A fail-over of ${move} is proposed: lifeboat approve ${move} --digest ${input.plan}` : `${move} is told to fail over.`)
  }
  return {
    look: async (now) => {
      const judged = judgedNow(panel, config, await whoServes.look(), settings, now)
      await keep(judged)
      for (const [move, each] of judged) {
        await book.follow(move, each)
        const isDown = each.standing === 'agreed' || each.standing === 'confirmed'
        if (!isDown) proposed.delete(move)
        else if (config.moves[move]?.standby !== undefined) await act(move, each, now).catch((error: unknown) => onLog(`${move}: ${messageOf(error)}`))
      }
    },
  }
}

function describe(move: string, { side, standing, verdict, layer }: Judged): string {
  return `${watchedName(move, side)} is ${standing}: ${verdict}${layer === null ? '' : `, consistent with ${layer}`}.`
}

function judgedNow({ rules, sit }: Panel, config: Config, serving: Serving, settings: PolicyInput['settings'], now: number): ReadonlyMap<string, Judged> {
  const state = sit(now)
  const known = targetsOf(state)
  const moves = Object.keys(config.moves).map((move) => ({ move, side: sideServing(serving, move) }))
  const seen = moves.filter(({ move, side }) => known.has(watchedName(move, side)))
  return new Map(seen.map(({ move, side }) => [move, judgedOf(state, move, side, rules, settings)]))
}

function isNews(before: Judged | undefined, now: Judged): boolean {
  if (before === undefined || now.at - before.at >= keptAnewMs) return true
  const keys = ['side', 'standing', 'verdict', 'layer', 'down', 'voters', 'monitorFires', 'silentSince'] as const
  return keys.some((key) => before[key] !== now[key])
}

/** Tells the move. False: the approval was used meanwhile. */
async function begin(parts: Parts, { move, plan, approval, stoppedAt }: PolicyInput, { by }: Decision): Promise<boolean> {
  if (plan === null || by === null) return false
  const decided = { id: `failover-${randomUUID()}`, trigger: by, digest: plan, silentSince: stoppedAt }
  const given = by === 'approval' ? await parts.store.failoverApproval(move) : null
  if (by === 'approval' && (given === null || given.digest !== approval?.digest || !(await parts.store.useApproval(given.id, decided.id)))) return false
  await tellMove(parts, move, 'failover', { digest: null, who: given?.who ?? 'policy', decided })
  return true
}

function decidedNow({ act, by, guards }: Decision, { at, verdict, votes }: Judged): Decided {
  return { at: isoOf(at), act, by, verdict, votes: [...votes], guards: [...guards] }
}
