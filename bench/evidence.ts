// The evidence log: what it costs to keep samples, and to find a day of one target among ten million.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { rungs, type Sample } from '../src/core/evidence.ts'
import { openEvidenceLog, type OpenEvidenceLog } from '../src/watch/log/open.ts'
import { atMost, below, type Benchmark } from './benchmark.ts'

const observers = ['paris', 'here', 'office']
const targets = ['web-1', 'web-2', 'api-1', 'db-1']
const everyMs = 5000
const dayMs = 86_400_000
const start = Date.parse('2026-03-14T00:00:00.000Z')
/** Of one turn of all observers over all targets. */
const each = observers.length * targets.length * rungs.length

function samplesAt(turn: number, observer: string, target: string): Sample[] {
  const at = new Date(start + turn * everyMs).toISOString()
  const rest = { kind: 'sample', at, observer, target, role: 'node', connection: 'fresh', outcome: 'ok', text: '' } as const
  return rungs.map((rung, index) => ({ ...rest, rung, ms: ((turn * 37 + index * 11) % 1997) / 10 }))
}

/** Ladders of all observers, as many at a time as go well: a hundred turns share a write. */
async function keep(log: OpenEvidenceLog, turns: number, signal: AbortSignal): Promise<void> {
  for (let turn = 0; turn < turns; turn += 100) {
    signal.throwIfAborted()
    const appended: Promise<unknown>[] = []
    for (let one = turn; one < Math.min(turns, turn + 100); one++)
      for (const observer of observers) for (const target of targets) appended.push(log.append(samplesAt(one, observer, target)))
    await Promise.all(appended)
  }
}

async function openLog(): Promise<{ readonly log: OpenEvidenceLog; readonly close: () => Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-evidence-'))
  const log = await openEvidenceLog(path.join(folder, 'evidence'))
  return {
    log,
    close: async () => {
      await log.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await act()
  return (performance.now() - began) / 1000
}

const tenMillion = Math.ceil(10_000_000 / each)

export const evidence: Benchmark = {
  name: 'evidence',
  says: 'What it costs to keep samples, and to find a day of one target among ten million.',
  cases: [
    {
      name: 'a day of one target',
      unit: 's',
      rounds: 5,
      quick: false,
      goals: [below(1)],
      notes:
        'Three observers, four targets, ten rungs, every 5 s: 10 million samples in 4.8 days. One target for a day from the middle: 518,400 records with number and hash, all as objects. The files are in the cache.',
      prepare: async (signal) => {
        const { log, close } = await openLog()
        await keep(log, tenMillion, signal)
        const query = { from: new Date(start + 2 * dayMs).toISOString(), to: new Date(start + 3 * dayMs).toISOString(), targets: ['api-1'] }
        return {
          contestants: {
            ours: async () =>
              await seconds(async () => {
                const { length } = await log.read(query)
                const wanted = (dayMs / everyMs) * observers.length * rungs.length
                if (length !== wanted) throw new Error(`${length} records were found, and there are ${wanted}`)
              }),
          },
          close,
        }
      },
    },
    {
      name: 'keeping 120,000 samples',
      unit: 's',
      rounds: 3,
      quick: true,
      goals: [atMost(2)],
      notes:
        'As three observers of four targets would send 1,000 turns, ten samples in each call, a thousand calls at a time; hashed, indexed, and on the disk.',
      prepare: async (signal) => {
        const { log, close } = await openLog()
        return { contestants: { ours: async () => await seconds(async () => await keep(log, 1000, signal)) }, close }
      },
    },
  ],
}
