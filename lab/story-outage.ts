// The story of an outage: connections are made as ever, and after pressing return seconds pass. It is seen, proven and
// proposed; somebody approves; its standby serves, and the report tells all of it.
import { setTimeout as delay } from 'node:timers/promises'
import path from 'node:path'
import { waitUntil } from '../src/io/wait.ts'
import { causeFault } from './faults.ts'
import { hostTitles, isHostKind } from './host.ts'
import { startTeam, watchedConfig } from './outage.ts'
import { commands, count, isGood, tell, tellCounted, type Telling, type Told } from './stage.ts'
import type { Sample } from './traffic.ts'
import { startWorld, type World } from './world.ts'

/** What a customer would call well again. */
const quickMs = 1000

export async function tellOutage({ folder, from, to }: Telling): Promise<Told> {
  const started = performance.now()
  const host = isHostKind(from) ? from : null
  tell(`The old provider: ${host === null ? 'a host that answers ssh' : `a ${hostTitles[host]} with 25 machines, one of them our shop`}.`)
  const config = watchedConfig({}, host === null || host === 'terremark' ? 'ssh' : 'provider')
  const world = await startWorld({ sources: ['web-1'], targets: to, names: true, ...(host === null ? {} : { host }), folder, config })
  const team = await startTeam(world)
  const customers = world.customers(8)
  tell('Lifeboat serves here; two observers look from other providers. web-1 gets a standby elsewhere, which is kept in step.')
  const { run, failures } = commands(folder)
  await run(['migrate', 'web-1', '--quiet'], 4)
  await team.hears(/web-1 is healthy/, 120_000)
  tell('All is well. For a while the observers learn what is usual.')
  await team.knowsUsual()

  const began = Date.now()
  await causeFault(world, 'link', 'slow-data')
  tell(`It begins: connections to web-1 are made as ever, and what is asked for comes late.\n${await lookAsCustomer(world)}`)
  const [, id = ''] = await team.hears(/Incident (\S+) is confirmed/, 120_000)
  const detectedSeconds = secondsSince(began)
  const [, digest = ''] = await team.hears(/approve web-1 --digest (\S+)/, 120_000)
  tell(team.said().split('\n').slice(-6).join('\n').trim())
  await run(['policy', 'explain', 'web-1'])
  const approving = run(['approve', 'web-1', '--digest', digest, '--yes'])
  await untilLed(world)
  tell('www leads to the standby. By and by the old provider is well again.')
  await causeFault(world, 'link', 'none')
  team.post('resolved', 'Some customers may have seen slightly slower responses. This has been resolved.')
  tell('The provider posts: "Some customers may have seen slightly slower responses. This has been resolved."')
  await approving
  await team.hears(/is over/, 120_000)
  await delay(5000)
  await run(['report', id])
  await run(['report', id, '--public'])
  await run(['provider', 'old'])

  const counted = await count(world, customers)
  const line = {
    schema: 'lifeboat.demo/1',
    nodes: 1,
    ...counted,
    detectedSeconds,
    recoveredSeconds: recoveredAfter(customers.read(), began),
    seconds: Math.round((performance.now() - started) / 1000),
    report: path.join(folder, '.lifeboat', 'reports', `${id}.html`),
  }
  for (const failure of [...failures, ...world.complaints]) tell(`! ${failure}`)
  tell(`Seen and proven after ${line.detectedSeconds} s; customers were well again after ${line.recoveredSeconds ?? 'no'} s. Its report: ${line.report}`)
  tellCounted(counted, line.seconds)
  const stop = async (): Promise<void> => {
    await team.stop()
    await world.stop()
  }
  return { line, isGood: isGood(counted, failures) && line.recoveredSeconds !== null, stop }
}

async function untilLed({ names, source }: World): Promise<void> {
  const look = async () => ((await names?.addressesOf('www.shop.example'))?.includes(source('web-1').address) === false ? true : null)
  await waitUntil(look, { what: 'The switch of the name', deadlineMs: 180_000, everyMs: 200, signal: AbortSignal.timeout(200_000) })
}

async function lookAsCustomer(world: World): Promise<string> {
  const began = performance.now()
  const answer = await fetch(`http://${world.source('web-1').address}/health`, { signal: AbortSignal.timeout(30_000) }).then(
    ({ status }) => String(status),
    (error: unknown) => String(error),
  )
  return `GET /health: ${answer} after ${((performance.now() - began) / 1000).toFixed(1)} s`
}

/** Whatever was asked for after it came quickly; null: some did not to the end. */
function recoveredAfter(samples: readonly Sample[], began: number): number | null {
  const bad = samples.filter(({ at, ms, outcome }) => at >= began && (outcome === 'failed' || ms > quickMs))
  const last = bad.reduce((latest, { at }) => Math.max(latest, at), began)
  const isWell = samples.some(({ at }) => at > last)
  return isWell ? Math.round((last - began) / 100) / 10 : null
}

function secondsSince(ms: number): number {
  return Math.round((Date.now() - ms) / 100) / 10
}
