import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { codeOf } from '../../src/core/errors.ts'
import { openEvidenceLog } from '../../src/watch/log/open.ts'
import { always, inFolder, inLog, sampleAt, segmentsOf } from './evidence.ts'

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
          const looks = await log.looks({ ...always, everyMs: 3_600_000 })
          assert.deepEqual(
            looks.map(({ rungs }) => rungs.tcp?.tried),
            [10],
          )
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
