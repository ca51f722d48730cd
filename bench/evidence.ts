// The evidence log: what it costs to keep samples, and to find a day among ten million.
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
const roundsADay = (dayMs / everyMs) * observers.length
const day = { from: new Date(start + 2 * dayMs).toISOString(), to: new Date(start + 3 * dayMs).toISOString() }

/** `found`: what there is, counted. */
async function measured(found: number, ask: () => Promise<number>): Promise<number> {
  return await seconds(async () => {
    const count = await ask()
    if (count !== found) throw new Error(`${count} were found, and there are ${found}`)
  })
}

type Question = { readonly of: string; readonly found: number; readonly notes: string; readonly ask: (log: OpenEvidenceLog) => Promise<number> }

const questions: readonly Question[] = [
  {
    of: 'of one rung',
    found: roundsADay,
    notes: 'One rung of one target: 51,840 records with number and hash.',
    ask: async (log) => (await log.read({ ...day, targets: ['api-1'], rungs: ['echo'] })).length,
  },
  {
    of: 'as a map',
    found: roundsADay * targets.length * rungs.length,
    notes: 'All targets, all rungs, by quarters of an hour: 2,073,600 looks, counted.',
    ask: async (log) => {
      const counts = (await log.looks({ ...day, everyMs: 900_000 })).flatMap((each) => Object.values(each.rungs))
      return counts.reduce((sum, { tried }) => sum + tried, 0)
    },
  },
  {
    of: 'of one target',
    found: roundsADay * rungs.length,
    notes: 'All rungs of one target: 518,400 records with number and hash, all as objects.',
    ask: async (log) => (await log.read({ ...day, targets: ['api-1'] })).length,
  },
]

/** Filled once, for whoever asks first; the last one takes it away. */
function sharedLog(users: number) {
  let open: ReturnType<typeof openLog> | null = null
  let left = users
  return {
    filled: async (signal: AbortSignal): Promise<OpenEvidenceLog> => {
      const isNew = open === null
      open ??= openLog()
      const { log } = await open
      if (isNew) await keep(log, tenMillion, signal)
      return log
    },
    close: async (): Promise<void> => {
      left -= 1
      if (left === 0) await (await open)?.close()
    },
  }
}

const shared = sharedLog(questions.length)

export const evidence: Benchmark = {
  name: 'evidence',
  says: 'What it costs to keep samples, and to find a day among ten million.',
  cases: [
    ...questions.map(({ of, found, notes, ask }): Benchmark['cases'][number] => ({
      name: `a day ${of}`,
      unit: 's',
      rounds: 5,
      quick: false,
      goals: [below(1)],
      notes: `Three observers, four targets, ten rungs, every 5 s: 10 million samples in 4.8 days, and a day from the middle. ${notes} The files are in the cache.`,
      prepare: async (signal) => {
        const log = await shared.filled(signal)
        return { contestants: { ours: async () => await measured(found, async () => await ask(log)) }, close: shared.close }
      },
    })),
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
