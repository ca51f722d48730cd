// A controller that is killed in the middle of bringing up a target, at moments drawn by a seed, alone or with its engine
// and plugins: whoever begins again ends with what is declared and nothing besides.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DescribeAddressesCommand, DescribeSecurityGroupsCommand, DescribeVolumesCommand } from '@aws-sdk/client-ec2'
import { provisioning } from '../../src/app/provisioning.ts'
import { sleep } from '../../src/io/wait.ts'
import { networkOn, oneNetwork } from './objects.ts'
import { draw, seedOfRun } from '../support/draw.ts'
import { authorizedKeys, engineOn, makeStateFolder, missing, plannedMove, processesOn, removeStateFolder, startAws, targetAt } from './world.ts'

const kills = process.env['LIFEBOAT_SCENARIOS'] === 'all' ? 20 : 2
const upTo = (most: number) => Array.from({ length: most }, (_, number) => number)
/** The first one meets the network in the making, too. */
const lines = (nth: number) => upTo(nth === 0 ? 30 : 14)
/** Of a move. */
const declared = { instances: 1, addresses: 1, volumes: 2, groups: 1 }

test(`begun again after a kill, a target is there once (${kills} moments)`, { skip: missing }, async (t) => {
  const signal = AbortSignal.timeout(kills * 140_000)
  const seed = seedOfRun()
  const [aws, stateFolder] = [await startAws(), await makeStateFolder()]
  t.after(async () => await removeStateFolder(stateFolder))
  t.after(aws.stop)
  for (const nth of upTo(kills)) {
    const move = `web-${nth}`
    const moment = {
      line: draw(lines(nth), nth * 3, seed),
      ms: draw(upTo(400), nth * 3 + 1, seed),
      who: draw(['controller', 'all'] as const, nth * 3 + 2, seed),
    }
    await t.test(`${move}: ${moment.ms} ms after line ${moment.line}, ${moment.who}`, async () => {
      const wasRunning = await killAt(moment)
      t.diagnostic(`${move}: killed ${wasRunning ? 'at work' : 'after its end'}`)
      const keys = async () => await Promise.resolve(authorizedKeys)
      const plan = plannedMove(move, { volumeGiB: 10, ports: [80] })
      const again = provisioning({ engine: engineOn(stateFolder), target: targetAt(aws.url), plan, identity: 'again', authorizedKeys: keys })
      await again.provision(() => {}, signal)
      assert.deepEqual(await again.drift(signal), [])
      assert.deepEqual(await ofMove(move), declared)
      assert.deepEqual(await networkOn(aws.client), oneNetwork)
      assert.deepEqual(await processesOn(stateFolder), [])
    })

    async function killAt({ line, ms, who }: typeof moment): Promise<boolean> {
      const script = fileURLToPath(new URL('provision-in-child.ts', import.meta.url))
      const child = spawn(process.execPath, [script, stateFolder, aws.url, move], { stdio: ['ignore', 'pipe', 'inherit'] })
      const gone = once(child, 'exit')
      let seen = 0
      for await (const _ of createInterface({ input: child.stdout })) if ((seen += 1) > line) break
      await sleep(ms, signal)
      const wasRunning = child.exitCode === null
      child.kill('SIGKILL')
      if (who === 'all') for (const { pid } of await processesOn(stateFolder)) killed(pid)
      await gone
      return wasRunning
    }
  }

  async function ofMove(move: string) {
    const Filters = [{ Name: 'tag:lifeboat:move', Values: [move] }]
    const living = (await aws.instances()).filter(({ state, tags }) => tags['lifeboat:move'] === move && state !== 'terminated')
    const [{ Addresses = [] }, { Volumes = [] }, { SecurityGroups = [] }] = await Promise.all([
      aws.client.send(new DescribeAddressesCommand({ Filters })),
      aws.client.send(new DescribeVolumesCommand({ Filters })),
      aws.client.send(new DescribeSecurityGroupsCommand({ Filters })),
    ])
    return { instances: living.length, addresses: Addresses.length, volumes: Volumes.length, groups: SecurityGroups.length }
  }
})

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended in between.
  }
}
