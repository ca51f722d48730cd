import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Evidence } from '../../src/core/evidence.ts'
import { codeOf } from '../../src/core/errors.ts'
import type { EvidenceQuery } from '../../src/watch/evidence-log.ts'
import { openEvidenceLog, type LogOptions, type OpenEvidenceLog } from '../../src/watch/log/open.ts'
import { inFolder, sampleAt, someEvidence } from './evidence.ts'

const always = { from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' }

async function inLog<Result>(folder: string, act: (log: OpenEvidenceLog) => Promise<Result>, options: LogOptions = {}): Promise<Result> {
  const log = await openEvidenceLog(folder, options)
  try {
    return await act(log)
  } finally {
    await log.close()
  }
}

function segmentsOf(folder: string): readonly string[] {
  return globSync('*.jsonl', { cwd: folder })
    .toSorted()
    .map((name) => path.join(folder, name))
}

describe('the evidence log', () => {
  it(
    'keeps what it is given, in order, over many openings and segments, and answers any question as a scan of all would',
    inFolder(async (folder) => {
      const window = fc.integer({ min: -10, max: 190 })
      const question = fc.record(
        {
          span: fc.tuple(window, window),
          kinds: fc.subarray(['sample', 'health', 'signal', 'statement'] as const),
          targets: fc.subarray(['web-1', 'db-1', 'none']),
          observers: fc.subarray(['paris', 'here']),
          rungs: fc.subarray(['tcp', 'echo', 'app'] as const),
        },
        { requiredKeys: ['span'] },
      )
      let run = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(someEvidence, { maxLength: 12 }), { maxLength: 8 }),
          fc.array(question, { maxLength: 6 }),
          async (batches, questions) => {
            const own = path.join(folder, String(run++))
            const places: { seq: number; hash: string }[] = []
            for (const batch of batches) places.push(...(await inLog(own, async (log) => await log.append(batch), { segmentBytes: 2000 })))
            const kept = batches.flat().map((evidence, at) => ({ ...places[at], evidence }))
            await inLog(own, async (log) => {
              assert.deepEqual(await log.read(always), kept)
              for (const { span, ...rest } of questions) {
                const query = { ...rest, from: sampleAt(span[0]).at, to: sampleAt(span[1]).at }
                assert.deepEqual(
                  await log.read(query),
                  kept.filter(({ evidence }) => answers(evidence, query)),
                )
              }
              assert.deepEqual(await log.verify(places), { lines: kept.length, droppedThrough: 0, head: places.at(-1) ?? null, broken: null })
            })
            rmSync(path.join(own, 'index.sqlite'), { force: true })
            await inLog(own, async (log) => assert.deepEqual(await log.read(always), kept, 'an index made anew answers the same'))
          },
        ),
        { numRuns: 25 },
      )
    }),
  )

  it(
    'finds a record whose neighbours of the same minute are outside of what is asked for',
    inFolder(async (folder) => {
      await inLog(folder, async (log) => {
        await log.append([sampleAt(0), sampleAt(59), sampleAt(20), sampleAt(61)])
        const found = async (from: number, to: number): Promise<number[]> =>
          (await log.read({ from: sampleAt(from).at, to: sampleAt(to).at })).map(({ seq }) => seq)
        assert.deepEqual(await found(59, 60), [2])
        assert.deepEqual(await found(1, 59), [3])
        assert.deepEqual(await found(60, 62), [4])
      })
    }),
  )

  it(
    'lets many callers share a write, and gives each its own places',
    inFolder(async (folder) => {
      await inLog(folder, async (log) => {
        const each = await Promise.all(Array.from({ length: 500 }, async (_, at) => await log.append([sampleAt(at), sampleAt(at + 0.5)])))
        assert.deepEqual(
          each.flat().map(({ seq }) => seq),
          Array.from({ length: 1000 }, (_, at) => at + 1),
        )
      })
    }),
  )

  it(
    'is for one writer at a time and for its owner alone',
    inFolder(async (folder) => {
      await inLog(folder, async (log) => {
        await log.append([sampleAt(1)])
        await assert.rejects(openEvidenceLog(folder), (error: Error) => codeOf(error) === 'controller-busy' && error.message.includes(`process ${process.pid}`))
        for (const file of segmentsOf(folder)) assert.equal(statSync(file).mode & 0o777, 0o600)
        assert.equal(statSync(folder).mode & 0o777, 0o700)
      })
      await inLog(folder, async (log) => assert.equal((await log.read(always)).length, 1))
    }),
  )

  it(
    'keeps bytes as they came, once in a segment, and finds them by their SHA-256',
    inFolder(async (folder) => {
      const bytes = Buffer.from([0, 10, 255, 123, 34, 10])
      await inLog(folder, async (log) => {
        const [one, other] = await Promise.all([log.keepRaw(bytes), log.keepRaw(bytes)])
        assert.equal(one, createHash('sha256').update(bytes).digest('hex'))
        assert.equal(other, one)
        assert.equal(await log.keepRaw(bytes), one)
        assert.deepEqual(await log.raw(one), bytes)
        assert.equal(await log.raw('00'.repeat(32)), null)
        assert.deepEqual(await log.read(always), [])
        assert.equal((await log.verify()).lines, 1)
      })
    }),
  )
})

/** What the contract says of a question, word for word. */
function answers(evidence: Evidence, { from, to, kinds, targets, observers, rungs }: EvidenceQuery): boolean {
  const isIn = <Each>(list: readonly Each[] | undefined, each: Each): boolean => list === undefined || list.includes(each)
  const isAsked = evidence.at >= from && evidence.at < to && isIn(kinds, evidence.kind)
  const byThem = !('observer' in evidence) || isIn(observers, evidence.observer)
  return isAsked && byThem && (evidence.kind !== 'sample' || (isIn(targets, evidence.target) && isIn(rungs, evidence.rung)))
}

describe('a tail that an interrupted write left', () => {
  it(
    'is cut at the last whole record, wherever it was torn, and said',
    inFolder(async (folder) => {
      const kept = await inLog(folder, async (log) => {
        await log.append([sampleAt(1), sampleAt(2)])
        return await log.read(always)
      })
      const [file = ''] = segmentsOf(folder)
      const whole = readFileSync(file)
      const second = whole.toString().split('\n')[2] ?? ''
      for (const torn of [second.slice(0, 1), second.slice(0, 90), second, `${second.slice(0, 90)}\n`, '\0\0\0\0']) {
        writeFileSync(file, Buffer.concat([whole, Buffer.from(torn)]))
        const told: string[] = []
        await inLog(folder, async (log) => assert.deepEqual(await log.read(always), kept), { tell: (text) => told.push(text) })
        assert.match(told.join('\n'), new RegExp(`: ${Buffer.byteLength(torn)} bytes behind record 2 were cut off`))
        assert.deepEqual(readFileSync(file), whole)
      }
    }),
  )

  it(
    'of a segment that has no record yet is removed with it',
    inFolder(async (folder) => {
      await inLog(folder, async (log) => await log.append([sampleAt(1)]), { segmentBytes: 1 })
      writeFileSync(path.join(folder, '000000000002.jsonl'), '{"schema":"lifeb')
      const told: string[] = []
      await inLog(folder, async (log) => assert.equal((await log.append([sampleAt(2)]))[0]?.seq, 2), { segmentBytes: 1, tell: (text) => told.push(text) })
      assert.match(told.join('\n'), /interrupted before its first record/)
      await inLog(folder, async (log) => assert.equal((await log.verify()).broken, null))
    }),
  )
})

describe('what somebody changed', () => {
  /** Six records in three segments; `tamper` gets their files. What verify says then, and what opening says with the index and without. */
  async function after(
    folder: string,
    tamper: (files: readonly string[]) => void,
  ): Promise<{ readonly verified: unknown; readonly opened: unknown; readonly anew: unknown }> {
    for (const at of [1, 2, 3])
      await inLog(folder, async (log) => await log.append([sampleAt(at), sampleAt(at + 0.5, { observer: 'here' })]), { segmentBytes: 500 })
    const files = segmentsOf(folder)
    assert.equal(files.length, 3)
    tamper(files)
    let verified: unknown = null
    const opened = await inLog(folder, async (log) => void (verified = (await log.verify()).broken)).catch((error: unknown) => error)
    rmSync(path.join(folder, 'index.sqlite'))
    const anew = await inLog(folder, async (log) => (await log.read(always)).length).catch((error: unknown) => error)
    return { verified, opened, anew }
  }
  const lines = (file: string): string[] => readFileSync(file, 'utf8').split('\n')
  const rewrite = (file: string, change: (all: string[]) => string[]): void => writeFileSync(file, change(lines(file)).join('\n'))
  const inMiddle = (change: (all: string[]) => string[]) => (files: readonly string[]) => rewrite(files[1] ?? '', change)

  const cases: readonly (readonly [string, (files: readonly string[]) => void, number])[] = [
    ['a changed word', inMiddle((all) => all.map((line, at) => (at === 1 ? line.replace('"ok"', '"fail"') : line))), 3],
    ['a dropped record', inMiddle((all) => all.filter((_, at) => at !== 1)), 3],
    ['swapped records', inMiddle(([header = '', one = '', other = '', end = '']) => [header, other, one, end]), 3],
    ['an inserted record', inMiddle(([header = '', one = '', ...rest]) => [header, one, one, ...rest]), 4],
    ['records cut off at the end of a segment', inMiddle(([header = '', one = '']) => [header, one, '']), 4],
    ['half a record in the middle', inMiddle(([header = '', one = '', other = '']) => [header, one, other.slice(0, 80)]), 4],
    ['a changed head of a segment', inMiddle(([, ...rest]) => ['{"schema":"lifeboat.evidence/1","first":3,"before":""}', ...rest]), 3],
  ]
  for (const [what, tamper, seq] of cases)
    it(
      `is found: ${what}`,
      inFolder(async (folder) => {
        const { verified, anew } = await after(folder, tamper)
        assert.equal((verified as { seq: number } | null)?.seq, seq)
        assert.equal(codeOf(anew), 'evidence-changed', 'nor is an index made of it')
      }),
    )

  it(
    'is found by opening it, where segments or acknowledged records at the end are gone',
    inFolder(async (folder) => {
      const middle = await after(path.join(folder, 'middle'), (files) => rmSync(files[1] ?? ''))
      assert.match(String(middle.opened), /the segment with records 3 to 4 is gone/)
      assert.equal(codeOf(middle.anew), 'evidence-changed')
      const first = await after(path.join(folder, 'first'), (files) => rmSync(files[0] ?? ''))
      assert.equal(codeOf(first.opened), 'evidence-changed')
      assert.equal(codeOf(first.anew), 'evidence-changed')
      const last = await after(path.join(folder, 'last'), (files) => rmSync(files[2] ?? ''))
      assert.match(String(last.opened), /the segment with records 5 to 6 is gone/)
      const end = await after(path.join(folder, 'end'), (files) => truncateSync(files[2] ?? '', 400))
      assert.match(String(end.opened), /its segment is shorter than it was/)
    }),
  )

  it(
    'is found by whoever has its places, even where all hashes were made anew',
    inFolder(async (folder) => {
      const cited = await inLog(path.join(folder, 'true'), async (log) => await log.append([sampleAt(1), sampleAt(2), sampleAt(3)]))
      await inLog(path.join(folder, 'forged'), async (log) => {
        await log.append([sampleAt(1), sampleAt(2, { outcome: 'fail' }), sampleAt(3)])
        assert.equal((await log.verify()).broken, null)
        assert.deepEqual((await log.verify(cited)).broken, { seq: 2, why: 'it is not as it was cited' })
        assert.deepEqual((await log.verify([{ seq: 9, hash: 'x' }])).broken, { seq: 9, why: 'it is gone; a report has it' })
      })
    }),
  )
})

describe('retention', () => {
  it(
    'drops whole old segments and keeps the head of the chain, so that what is left is still proven',
    inFolder(async (folder) => {
      const places = await inLog(
        folder,
        async (log) => {
          const all = []
          for (let at = 0; at < 10; at++) {
            all.push(...(await log.append([sampleAt(at * 10), sampleAt(at * 10 + 1)])))
            await log.keepRaw(Buffer.from(String(at)))
          }
          assert.equal(await log.dropBefore(sampleAt(45).at), 5)
          assert.equal(await log.dropBefore(sampleAt(45).at), 0)
          assert.equal(await log.raw(createHash('sha256').update('0').digest('hex')), null)
          return all
        },
        { segmentBytes: 500 },
      )
      for (const index of ['as it was', 'made anew']) {
        if (index === 'made anew') rmSync(path.join(folder, 'index.sqlite'))
        await inLog(folder, async (log) => {
          const left = await log.read(always)
          assert.equal(left[0]?.evidence.at, sampleAt(50).at)
          assert.equal(left.length, 10)
          const { droppedThrough, broken } = await log.verify(places)
          assert.deepEqual([droppedThrough, broken], [14, null])
        })
      }
      rmSync(path.join(folder, 'dropped.json'))
      await assert.rejects(
        openEvidenceLog(folder).then(async (log) => {
          const { broken } = await log.verify()
          await log.close()
          if (broken !== null) throw new Error(broken.why)
        }),
        /does not follow/,
      )
    }),
  )
})
