import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Evidence } from '../../src/core/evidence.ts'
import { codeOf } from '../../src/core/errors.ts'
import type { EvidenceQuery } from '../../src/watch/evidence-log.ts'
import type { Looks } from '../../src/watch/log/minutes.ts'
import { openEvidenceReader } from '../../src/watch/log/reader.ts'
import { openEvidenceLog } from '../../src/watch/log/open.ts'
import { always, inFolder, inLog, sampleAt, segmentsOf, someEvidence } from './evidence.ts'

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
                assert.deepEqual(inOrder(await log.looks({ ...query, everyMs: 120_000 })), counted(batches.flat(), query))
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
    'can be read and verified by others meanwhile',
    inFolder(async (folder) => {
      assert.equal(openEvidenceReader(folder), null)
      await inLog(folder, async (log) => {
        const places = [...(await log.append([sampleAt(1)]))]
        const reader = openEvidenceReader(folder)
        assert.ok(reader !== null)
        assert.equal((await reader.read(always)).length, 1)
        places.push(...(await log.append([sampleAt(2)])))
        assert.deepEqual(await reader.read(always), await log.read(always))
        assert.deepEqual(await reader.verify(places), await log.verify(places))
        await reader.close()
      })
      writeFileSync(path.join(folder, 'index.sqlite'), 'no database '.repeat(500))
      assert.equal(openEvidenceReader(folder), null, 'its writer makes it anew')
      await inLog(folder, async (log) => assert.equal((await log.read(always)).length, 2))
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

/** Within a stretch it is the first minute of each that tells the order. */
function inOrder(looks: readonly Looks[]): readonly Looks[] {
  const key = ({ at, target, observer }: Looks) => `${at} ${target} ${observer}`
  return looks.toSorted((one, other) => (key(one) < key(other) ? -1 : 1))
}

/** Of the whole minutes in it, by stretches of two. */
function counted(evidence: readonly Evidence[], { from, to, targets, observers }: EvidenceQuery): readonly Looks[] {
  const minuteOf = (time: string, step = 1): number => Math.floor(Date.parse(time) / (step * 60_000)) * step
  const samples = evidence.flatMap((each) =>
    each.kind === 'sample' && answers(each, { from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z', targets, observers }) ? [each] : [],
  )
  const within = samples.filter(({ at }) => minuteOf(at) * 60_000 >= Date.parse(from) && minuteOf(at) * 60_000 < Date.parse(to))
  const groups = Map.groupBy(within, ({ at, target, observer }) => `${new Date(minuteOf(at, 2) * 60_000).toISOString()} ${target} ${observer}`)
  return [...groups]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, own]) => {
      const [at = '', target = '', observer = ''] = key.split(' ')
      const of = (rung: string) => own.filter((each) => each.rung === rung)
      const tried = new Set(own.map(({ rung }) => rung))
      return {
        at,
        observer,
        target,
        rungs: Object.fromEntries(
          [...tried].map((rung) => [rung, { tried: of(rung).length, bad: of(rung).filter(({ outcome }) => outcome === 'fail').length }]),
        ),
      }
    })
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
