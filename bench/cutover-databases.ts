// What a database adds to the pause of a switch: from the end of its writes until the other side takes them.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { worldFolder } from '../lab/place.ts'
import type { Journey } from '../test/support/database-journey.ts'
import { mariadbJourney, redisJourney } from '../test/support/database-kinds.ts'
import { databaseScene } from '../test/support/databases.ts'
import { startWriter } from '../test/support/database-writer.ts'
import type { Scene } from '../test/support/scenario.ts'
import type { Benchmark } from './benchmark.ts'

const goalMs = 150

/** A whole move there under a writer, and back. Fails when one acknowledged write is not there. */
async function switched(scene: Scene, { open, written }: Journey): Promise<number> {
  const address = scene.source('web-1').address
  const writer = startWriter(async (signal) => await open(address, signal))
  const told = await lifeboat(scene, 'migrate')
  const { acknowledged } = await writer.stop()
  const there = new Set(await written(scene.target('web-1')))
  const lost = acknowledged.filter((id) => !there.has(id))
  if (lost.length > 0 || acknowledged.length === 0) throw new Error(`${lost.length} of ${acknowledged.length} acknowledged writes are lost.`)
  await lifeboat(scene, 'rollback')
  return pauseIn(told)
}

/** Of the journal: the last pass, the comparison and the promotion. */
function pauseIn(journal: string): number {
  const records = journal
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as { step?: string; state?: string; details?: Record<string, unknown> }] : []))
  const figure = (step: string, name: string) => Number(records.findLast((record) => record.step === step && record.state === 'done')?.details?.[name])
  return figure('final-sync', 'seconds') * 1000 + figure('verify-data', 'verifyMs') + figure('promote-target', 'startMs')
}

async function lifeboat(scene: Scene, word: string): Promise<string> {
  const { exitCode, stdout, stderr } = await scene.begin(word, 'web-1', '--yes', '--json')
  if (exitCode !== 0) throw new Error(`lifeboat ${word} ended with ${exitCode}: ${stdout.slice(-1000)}${stderr}`)
  return stdout
}

function benchmarkOf(name: string, of: string, journey: Journey): Benchmark {
  return {
    name,
    says: `What ${of} adds to the pause of a switch.`,
    cases: [
      {
        name: 'pause',
        unit: 'ms',
        rounds: 3,
        quick: false,
        goals: [{ opponent: null, text: `<=${goalMs}`, holds: (ours) => ours <= goalMs }],
        notes:
          'The last pass, the comparison and the promotion of a switch between two nodes, each with its journey over ssh, under one writer; that no acknowledged write is lost is checked in each round.',
        prepare: async () => {
          const folder = path.join(worldFolder, name)
          const scene = await databaseScene({ ...journey.spec, alone: true, folder })
          return {
            contestants: { ours: async () => await switched(scene, journey) },
            close: async () => {
              process.kill(scene.controllerPid(), 'SIGTERM')
              await scene.stop()
              rmSync(folder, { recursive: true, force: true })
            },
          }
        },
      },
    ],
  }
}

export const cutoverRedis = benchmarkOf('cutover-redis', 'Redis', redisJourney)
export const cutoverMariadb = benchmarkOf('cutover-mariadb', 'MariaDB', mariadbJourney)
