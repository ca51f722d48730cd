// The recorder of changed names while files are made faster than anybody could watch new folders.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { worldFolder } from '../lab/place.ts'
import type { LabNode } from '../lab/node.ts'
import type { Pair } from '../src/movers/mover.ts'
import { preparedPair } from '../test/support/pair.ts'
import { setScene } from '../test/support/scenario.ts'
import { below, within, type Benchmark, type Case, type Stage } from './benchmark.ts'

const root = '/srv/shop'
const silent = 'no recorder'

const script = readFileSync(path.join(import.meta.dirname, 'storm.py'), 'utf8')
const answer = z.object({ complete: z.boolean(), why: z.string(), lists: z.array(z.object({ file: z.string() })) })

/** It knows that it does not know all: then a pass reads everything, and nothing is missed. */
class Incomplete extends Error {}

type Sky = { readonly source: LabNode; readonly pair: Pair; readonly close: () => Promise<void> }
let skies = 0

async function open(): Promise<Sky> {
  // A file for each name, several times over.
  const scene = await setScene({ folder: path.join(worldFolder, `storm-${skies++}`), names: false, files: 10, volumeMiB: 10_240 })
  const { close, ...pair } = await preparedPair(scene, 'web-1').catch(async (error: unknown) => {
    await scene.stop()
    throw error
  })
  return {
    source: scene.source('web-1'),
    pair,
    close: async () => {
      await close()
      await scene.stop()
    },
  }
}

let storms = 0

/** Seconds that one storm took, and its folder: each in a new one. */
async function rage({ source }: Sky): Promise<{ readonly folder: string; readonly seconds: number }> {
  const folder = `${root}/storm-${storms++}`
  return { folder, seconds: Number(await source.run(`python3 - rage ${folder}`, { input: script, deadlineMs: 120_000 })) }
}

/** Files of one storm that the recorder did not name. `around`: what happens to it meanwhile. */
async function missed(sky: Sky, signal: AbortSignal, around: (act: () => Promise<void>) => Promise<void>): Promise<number> {
  const { from } = sky.pair
  const mark = await from.call({ op: 'record-start' }, signal)
  let folder = ''
  await around(async () => void ({ folder } = await rage(sky)))
  await from.call({ op: 'record-drain' }, signal).catch(() => undefined)
  const { complete, why, lists } = answer.parse(await from.call({ op: 'record-names', after: mark['sequence'], epoch: mark['epoch'] }, signal))
  if (!complete) throw new Incomplete(`The recorder says of itself that it has missed something: ${why}.`)
  return Number(await sky.source.run(`python3 - missing ${root} ${folder} ${lists[0]?.file ?? ''}`, { input: script }))
}

async function pidOf(source: LabNode): Promise<string> {
  return (await source.run('systemctl show --value -p MainPID lifeboat-web-1-helper.service')).trim()
}

/** The most memory that the process of the recorder ever held, after a storm that it named whole. */
async function peakMiB(sky: Sky, signal: AbortSignal): Promise<number> {
  await missed(sky, signal, async (act) => await act())
  return Number(await sky.source.run(`awk '$1 == "VmHWM:" { print $2 }' /proc/${await pidOf(sky.source)}/status`)) / 1024
}

/** While its process stands still it reads nothing. */
function paused({ source }: Sky) {
  return async (act: () => Promise<void>): Promise<void> => {
    const pid = await pidOf(source)
    await source.run(`kill -STOP ${pid}`)
    try {
      await act()
    } finally {
      await source.run(`kill -CONT ${pid}`)
    }
  }
}

function caseOf(one: Pick<Case, 'name' | 'unit' | 'rounds' | 'goals' | 'notes'>, contestants: (sky: Sky) => Stage['contestants']): Case {
  return {
    ...one,
    quick: true,
    prepare: async () => {
      const sky = await open()
      return { contestants: contestants(sky), close: sky.close }
    },
  }
}

const world = '48,000 files in 48 folders made just before, on ext4 in memory, the recorder on the same two cores.'

export const recorderStorm: Benchmark = {
  name: 'recorder-storm',
  says: 'Whether the recorder names every file of a storm, and what it costs whoever writes.',
  cases: [
    caseOf({ name: 'missed in 6 storms', unit: 'files', rounds: 1, goals: [below(1)], notes: `The sum over all six. ${world}` }, (sky) => ({
      ours: async (signal) => {
        let sum = 0
        for (let turn = 0; turn < 6; turn++) sum += await missed(sky, signal, async (act) => await act())
        return sum
      },
    })),
    caseOf(
      {
        name: 'reader paused',
        unit: 'files',
        rounds: 3,
        goals: [below(1)],
        notes: `The process of the recorder stands still for the whole storm. A list that says of itself that it is not complete misses nothing: a whole pass follows. ${world}`,
      },
      (sky) => ({
        ours: async (signal) =>
          await missed(sky, signal, paused(sky)).catch((error: unknown) => {
            if (error instanceof Incomplete) return 0
            throw error
          }),
      }),
    ),
    caseOf({ name: 'memory', unit: 'MiB', rounds: 1, goals: [below(20)], notes: `The whole helper, at its peak, after one storm. ${world}` }, (sky) => ({
      ours: async (signal) => await peakMiB(sky, signal),
    })),
    caseOf({ name: 'time of the writer', unit: 's', rounds: 5, goals: [within(1.35, silent)], notes: world }, (sky) => ({
      ours: async (signal) => {
        await sky.pair.from.call({ op: 'record-start' }, signal)
        return (await rage(sky)).seconds
      },
      [silent]: async (signal) => {
        await sky.pair.from.call({ op: 'record-stop' }, signal)
        return (await rage(sky)).seconds
      },
    })),
  ],
}
