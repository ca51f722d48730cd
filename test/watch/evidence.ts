// Evidence for tests of the log.
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { rungs, type Evidence, type Sample } from '../../src/core/evidence.ts'
import { openEvidenceLog, type LogOptions, type OpenEvidenceLog } from '../../src/watch/log/open.ts'

export const begin = Date.parse('2026-03-14T02:00:00.000Z')

/** A sample so many seconds after 02:00. */
export function sampleAt(seconds: number, rest: Partial<Sample> = {}): Sample {
  return {
    kind: 'sample',
    at: new Date(begin + Math.round(seconds * 1000)).toISOString(),
    observer: 'paris',
    target: 'web-1',
    role: 'node',
    rung: 'tcp',
    connection: 'fresh',
    ms: 3.2,
    outcome: 'ok',
    text: '',
    ...rest,
  }
}

/** Of all kinds, within three minutes, with words of every language. */
export const someEvidence: fc.Arbitrary<Evidence> = fc
  .record({
    seconds: fc.integer({ min: 0, max: 180 }),
    kind: fc.constantFrom('sample', 'sample', 'health', 'statement'),
    observer: fc.constantFrom('paris', 'here'),
    target: fc.constantFrom('web-1', 'db-1'),
    rung: fc.constantFrom(...rungs),
    text: fc.string({ unit: 'binary', maxLength: 40 }),
  })
  .map(({ seconds, kind, observer, target, rung, text }): Evidence => {
    const { at } = sampleAt(seconds)
    if (kind === 'health') return { kind: 'health', at, observer, failureDomain: text, loopLagMs: 12 }
    if (kind === 'sample') return sampleAt(seconds, { observer, target, rung, text, outcome: text === '' ? 'ok' : 'fail' })
    return {
      kind: 'statement',
      at,
      provider: 'old',
      incident: 'i1',
      status: 'identified',
      impact: 'minor',
      title: text,
      body: text,
      claimedAt: null,
      rawSha256: '',
    }
  })

export function inFolder<Result>(act: (folder: string) => Promise<Result>): () => Promise<Result> {
  return async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-evidence-'))
    try {
      return await act(path.join(folder, 'evidence'))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** What asks for all. */
export const always = { from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' }

export async function inLog<Result>(folder: string, act: (log: OpenEvidenceLog) => Promise<Result>, options: LogOptions = {}): Promise<Result> {
  const log = await openEvidenceLog(folder, options)
  try {
    return await act(log)
  } finally {
    await log.close()
  }
}

export function segmentsOf(folder: string): readonly string[] {
  return globSync('*.jsonl', { cwd: folder })
    .toSorted()
    .map((name) => path.join(folder, name))
}
