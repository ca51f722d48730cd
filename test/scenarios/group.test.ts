// A group under fire: an app and its database, which each write spans, share a freeze there and back, and in it the
// controller is killed, a node loses its power, or the app does not start on the other side; the same command again ends
// well. A normal run draws a blow there and one back by a seed that it prints; LIFEBOAT_GROUP=all runs all of them, a world
// for each row; LIFEBOAT_GROUP=seal-source those whose name begins so, LIFEBOAT_BLOWS=0,3 these of them, LIFEBOAT_SEED
// repeats a draw.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { seedOfRun } from '../support/draw.ts'
import { app, database, describeBlow, drawnGroupCase, groupCases, type GroupBlow } from '../support/group-cases.ts'
import type { Moments } from '../support/moment.ts'
import type { Scene } from '../support/scenario.ts'

const seed = seedOfRun()
await enterLab()
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { sqlOn } = await import('../support/postgres.ts')
const { answersWithin, setCase } = await import('../support/scenario.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')
const { notInDatabase, spanningConfig, spanOrders } = await import('../support/spanning-shop.ts')

const wanted = process.env['LIFEBOAT_GROUP'] ?? ''
const chosen = process.env['LIFEBOAT_BLOWS']?.split(',').map(Number)
const cases = wanted === '' ? [drawnGroupCase(seed)] : groupCases.filter(({ name }) => wanted === 'all' || name.startsWith(wanted))
const mostTries = 5
/** Each write waits for two disks; the blows come one after the other, and a backlog would be there for the next. */
const probeEveryMs = 100

type Command = GroupBlow['command']
const sideAfter = { migrate: 'target', rollback: 'source' } as const

/** Of both members, as `status` tells it. */
async function phasesOf(scene: Scene): Promise<readonly (readonly [string, string])[]> {
  const { stdout } = await scene.begin('status', '--json')
  const { moves } = JSON.parse(stdout) as { moves: readonly { name: string; phase: string }[] }
  return moves.map(({ name, phase }) => [name, phase] as const)
}

/** The next word of somebody who wants it done; null: it is. */
async function nextWord(scene: Scene, command: Command, last: { readonly exitCode: number } | null): Promise<readonly string[] | null> {
  if (command === 'migrate') return last?.exitCode === 0 ? null : ['migrate']
  const left = (await phasesOf(scene)).find(([, phase]) => phase !== 'rolled-back')
  return left === undefined ? null : ['rollback', left[0]]
}

/** The command, as often as it takes. */
async function through(scene: Scene, command: Command): Promise<void> {
  let last: Awaited<ReturnType<Scene['begin']>> | null = null
  for (let tries = 0; tries < mostTries; tries++) {
    const word = await nextWord(scene, command, last)
    if (word === null) return
    last = await scene.begin(...word, '--yes', '--json')
    // Attempts that failed in a row are for a person to decide.
    if (last.exitCode === 4 && command === 'migrate') for (const move of [app, database]) await scene.begin('approve', move, '--yes', '--json')
  }
  assert.equal(await nextWord(scene, command, last), null, `${(last?.stdout ?? '').slice(-3000)}${last?.stderr ?? ''}`)
}

async function strike(scene: Scene, moments: Moments, blow: GroupBlow): Promise<void> {
  const first = scene.begin(...(blow.command === 'migrate' ? ['migrate'] : ['rollback', app]), '--yes', '--json')
  await moments.at(blow.step, blow.state, 120_000, blow.of)
  if (blow.strikes === 'controller') {
    scene.killController()
    await moments.pass()
    assert.equal((await first).exitCode, 3, 'the terminal says that the controller is gone')
    return
  }
  if (blow.strikes === 'app') {
    await failSecond(scene, moments, blow.command)
    assert.equal((await first).exitCode, 0, 'it followed by itself')
    return
  }
  const node = scene[blow.strikes.side](blow.strikes.node)
  await node.powerCut()
  await node.powerOn()
  await moments.pass()
  await first
}

/** Scenario 40: the database is over, and the app, which does not start there, serves where it was; mended, it follows by itself. */
async function failSecond(scene: Scene, moments: Moments, command: Command): Promise<void> {
  const [from, to] = command === 'migrate' ? (['source', 'target'] as const) : (['target', 'source'] as const)
  const after = (await scene.journal()).at(-1)?.seq ?? 0
  await scene[to](app).run('mv /opt/spans/databases.py /opt/spans/mislaid.py')
  await moments.pass()
  await scene.record((record) => record.move === app && record.step === 'attempt' && record.state === 'undone', { after })
  assert.deepEqual([await oneSideServes(scene, app), await databaseServes(scene)], [from, to])
  await answersWithin(scene.source(app).address, 10_000)
  await scene[to](app).run('mv /opt/spans/mislaid.py /opt/spans/databases.py')
}

/** The side whose database may be written: one, while the other follows or is about to. */
async function databaseServes(scene: Scene): Promise<string> {
  const sides = ['source', 'target'] as const
  const open = await Promise.all(sides.map(async (side) => await sqlOn(scene[side](database), 'select not pg_is_in_recovery()').catch(() => 'stopped')))
  return sides.filter((_, index) => open[index] === 't').join(' and ')
}

for (const { name, blows } of cases) {
  const struck = blows.filter((_, index) => chosen?.includes(index) ?? true)
  test(`a group under fire (${name}): ${struck.map(describeBlow).join('; ')}`, async (t) => {
    const scene = await setCase(t, `group-${name.replaceAll(' ', '-')}`, { sources: [app, database], config: spanningConfig })
    await spanOrders(scene)
    const customers = scene.customers(10, ['www.shop.example'])
    const prober = startProber(scene, app, scene.target(app).address, probeEveryMs)
    const moments = await openMoments(scene)
    t.after(async () => await moments.close())
    const turns: ('source' | 'target')[] = ['source']
    const isThrough = async (command: Command) => {
      await through(scene, command)
      const side = sideAfter[command]
      assert.deepEqual([await oneSideServes(scene, app), await databaseServes(scene)], [side, side])
      assert.deepEqual(await scene.names?.addressesOf('api.shop.example'), [scene[side](database).address])
      turns.push(side)
    }

    for (const blow of struck) {
      await t.test(`${blow.command}: ${describeBlow(blow)}`, async () => {
        if (turns.at(-1) === sideAfter[blow.command]) await isThrough(blow.command === 'migrate' ? 'rollback' : 'migrate')
        await strike(scene, moments, blow)
        await isThrough(blow.command)
      })
    }

    const figures = await customers.stop()
    const { lost, turns: seen } = await prober.stop()
    // Who has no power answers nobody.
    if (struck.every(({ strikes }) => typeof strikes === 'string')) assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual({ lost, turns: seen }, { lost: [], turns })
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await notInDatabase(scene, turns.at(-1) ?? 'source', figures.acknowledged['www.shop.example'] ?? []), [])
  })
}
