// Brings up, parks and takes down the nodes of standbys. What is wanted is stored first, so that it is brought about by
// whoever comes next when this process dies in between.
import { kinds } from '../../adapters.ts'
import { resolveMove } from '../../config/resolve.ts'
import type { Config } from '../../config/schema.ts'
import { LifeboatError } from '../../core/errors.ts'
import { standbyActs, type StandbyAct, type StandbyChange, type StandbySeen, type StandbyWant } from '../../core/standby-node.ts'
import { multiplyMoney } from '../../core/units.ts'
import { waitUntil } from '../../io/wait.ts'
import type { StoredMove } from '../../workflows/store.ts'
import { dataLayer } from '../../../stacks/data.ts'
import type { Context, Wired } from '../app.ts'
import { beginMoves, tellMove } from '../moves.ts'
import { openTarget } from '../planning.ts'
import { loginsOf } from '../logins.ts'
import { withKeyFiles } from '../ports.ts'
import { provisioning, type Provisioning } from '../provisioning.ts'
import { protectedMoves } from '../watch/policy.ts'

/** As the rows of a rollback may take in all. */
const endsWithinMs = 20 * 60_000
const lookEveryMs = 500

export function standbyNodes(parts: Wired, configOf: (context: Context) => Config) {
  return {
    changeStandby: async (context: Context, name: string, want: StandbyWant, signal: AbortSignal): Promise<StandbyChange> => {
      const config = configOf(context)
      protectedMoves(config, name)
      const stored = await parts.store.move(name)
      const data = stored === null ? null : await dataOf(config, stored)
      const did = standbyActs(want, stored === null ? { ...neverBegun, move: name } : seenOf(stored, data !== null))
      for (const act of did) await carryOut(act, parts, { context, config, name, stored, want, signal })
      return { schema: 'lifeboat.standby-change/1', move: name, want, did: [...did], stays: want === 'down' && stored?.facts.holdsData === true ? data : null }
    },
  }
}

const neverBegun = { provider: '', stored: null, parkedSize: null, declares: true, isDataApart: false }

function seenOf(stored: StoredMove, isDataApart: boolean): StandbySeen {
  const { name, settings, plan } = stored
  return { move: name, provider: settings.to.provider, stored, parkedSize: plan.to.parked?.size ?? null, declares: kinds.declares(plan.to.kind), isDataApart }
}

/** The volume that stays when its node goes; null: there is none of its own. */
async function dataOf(config: Config, { settings, plan }: StoredMove): Promise<StandbyChange['stays']> {
  const target = await openTarget(config, settings.to.provider)
  const layer = dataLayer(plan, target, {}, { run: '', authorizedKeys: [] })
  const { volumeGiB } = plan.to
  return layer === null ? null : { stack: layer.stack, volumeGiB, monthlyCost: multiplyMoney(target.catalog().volumePrice, volumeGiB) }
}

type Asked = {
  readonly context: Context
  readonly config: Config
  readonly name: string
  readonly stored: StoredMove | null
  readonly want: StandbyWant
  readonly signal: AbortSignal
}

async function carryOut(act: StandbyAct, parts: Wired, { context, config, name, stored, want, signal }: Asked): Promise<void> {
  const { store } = parts
  if (act === 'begin') {
    const request = { moves: [name], fingerprint: null, approval: 'person', isNewest: false, who: context.who } as const
    await beginMoves(parts, context.config, config, request, signal)
    return
  }
  if (act === 'end') return await endRun(parts, name, context.who, signal)
  if (stored === null) throw new LifeboatError('defect', `${name} was never begun, and is to be changed.`)
  const { provision, removeNode } = await nodeOf(parts, config, stored)
  if (act === 'remove') {
    if (!(await store.forgetTarget(name))) throw new LifeboatError('not-now', `${name} was begun again, or switched, in the meantime; its node stays.`)
    return await removeNode(signal)
  }
  await store.setParked(name, want === 'park' ? (stored.plan.to.parked?.size ?? null) : null)
  await provision(() => undefined, signal)
}

async function nodeOf({ store, engineOf, keyring, identity }: Wired, config: Config, { name, settings, plan }: StoredMove): Promise<Provisioning> {
  const { ssh } = resolveMove(config, name)
  const keys = { source: ssh.source.keyContents, target: ssh.target.keyContents }
  return provisioning({
    engine: await engineOf(config),
    target: await openTarget(config, settings.to.provider),
    plan,
    identity,
    authorizedKeys: loginsOf(withKeyFiles(settings, ssh), keys, keyring).authorizedKeys,
    parked: async () => (await store.move(name))?.facts.parked ?? null,
  })
}

/** A move that is not switched yet is rolled back: what was copied stays. */
async function endRun(parts: Wired, name: string, who: string, signal: AbortSignal): Promise<void> {
  await tellMove(parts, name, 'rollback', { digest: null, who })
  const atRest = async () => ((await parts.store.move(name))?.state === 'running' ? null : true)
  await waitUntil(atRest, { what: `The end of the run of ${name}`, deadlineMs: endsWithinMs, everyMs: lookEveryMs, signal })
}
