// GET /api/v1/evidence behind the door of the TCP server, over a real log.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Evidence } from '../../src/core/evidence.ts'
import type { Kept } from '../../src/watch/evidence-log.ts'
import type { OpenEvidenceLog } from '../../src/watch/log/open.ts'
import { serveEvidence, token } from '../support/evidence-server.ts'
import { always, inFolder, inLog, sampleAt, someEvidence } from '../watch/evidence.ts'

type Page = { readonly schema: string; readonly records: Kept[]; readonly through: number; readonly head: number }
type Ask = (query: string) => Promise<{ readonly status: number; readonly page: Page }>

async function served(folder: string, act: (ask: Ask, log: OpenEvidenceLog) => Promise<void>): Promise<void> {
  await inLog(
    folder,
    async (log) => {
      const { url, close } = await serveEvidence(log)
      const ask: Ask = async (query) => {
        const answer = await fetch(`${url}/api/v1/evidence?${query}`, { headers: { authorization: `Bearer ${token}` } })
        return { status: answer.status, page: (await answer.json()) as Page }
      }
      try {
        await act(ask, log)
      } finally {
        await close()
      }
    },
    // So that pages cross segments, and a segment holds more than is looked at closely.
    { segmentBytes: 100_000 },
  )
}

describe('evidence over HTTP', () => {
  it(
    'is for who has a token, and refuses what it does not know',
    inFolder(async (folder) => {
      await served(folder, async (ask, log) => {
        const { url, close } = await serveEvidence(log)
        assert.equal((await fetch(`${url}/api/v1/evidence?after=0`)).status, 401)
        await close()
        assert.deepEqual((await ask('after=0')).page, { schema: 'lifeboat.evidence-page/1', records: [], through: 0, head: 0 })
        const day = 'from=2026-03-14T00:00:00Z'
        for (const wrong of [
          '',
          'after=-1',
          `after=1&${day}`,
          'after=0&limit=5001',
          'after=0&limit=0',
          'after=0&kinds=all',
          'after=0&observer=paris',
          'after=0&to=2026-03-14T00:00:00Z',
          'from=yesterday',
          `${day}&to=2026-03-15T00:00:01Z`,
        ]) {
          assert.equal((await ask(wrong)).status, 400, wrong)
        }
      })
    }),
  )

  it(
    'gives each record once to whoever goes on behind the last page, whatever is asked for and however much stands between',
    inFolder(async (folder) => {
      await served(folder, async (ask, log) => {
        const all: Evidence[] = []
        const growing = fc.record({
          batch: fc.array(someEvidence, { maxLength: 60 }),
          raw: fc.option(fc.integer({ min: 1, max: 150_000 }), { nil: null, freq: 3 }),
          limit: fc.integer({ min: 1, max: 40 }),
          observers: fc.option(fc.constantFrom('paris', 'here'), { nil: null }),
        })
        let nth = 0
        await fc.assert(
          fc.asyncProperty(fc.array(growing, { minLength: 1, maxLength: 5 }), async (steps) => {
            for (const { batch, raw, limit, observers } of steps) {
              if (raw !== null) await log.keepRaw(Buffer.alloc(raw, (nth += 1) % 251))
              await log.append(batch)
              all.push(...batch)
              const narrowed = observers === null ? '' : `&observers=${observers}`
              const wanted = (await log.read(always)).filter(
                ({ evidence }) => observers === null || !('observer' in evidence) || evidence.observer === observers,
              )
              const found: Kept[] = []
              for (let [through, head] = [0, 1]; through < head;) {
                const { page } = await ask(`after=${through}&limit=${limit}${narrowed}`)
                assert.ok(page.records.length <= limit && page.through > through, JSON.stringify(page))
                found.push(...page.records)
                ;({ through, head } = page)
              }
              assert.deepEqual(found, wanted)
            }
            assert.deepEqual(
              (await log.read(always)).map(({ evidence }) => evidence),
              all,
            )
          }),
          { numRuns: 8 },
        )
      })
    }),
  )

  it(
    'finds a stretch of time, the first of it where it is much, and says where it goes on',
    inFolder(async (folder) => {
      await served(folder, async (ask, log) => {
        await log.append([1, 2, 3, 4].flatMap((second) => [sampleAt(second), sampleAt(second, { target: 'db-1' })]))
        const of = async (query: string) => {
          const { page } = await ask(`from=${encodeURIComponent(sampleAt(2).at)}&targets=db-1&${query}`)
          return [page.records.map(({ seq }) => seq), page.through, page.head]
        }
        assert.deepEqual(await of(''), [[4, 6, 8], 8, 8])
        assert.deepEqual(await of('limit=2'), [[4, 6], 6, 8])
        assert.deepEqual(await of(`to=${encodeURIComponent('2026-03-14T03:00:03+01:00')}`), [[4], 8, 8])
        assert.deepEqual(
          (await ask('after=6&targets=db-1')).page.records.map(({ seq }) => seq),
          [8],
        )
      })
    }),
  )

  it(
    'counts the looks of each stretch of time',
    inFolder(async (folder) => {
      await inLog(folder, async (log) => {
        const slow = { ms: 2000, rung: 'echo' } as const
        await log.append([sampleAt(0, slow), sampleAt(59, { rung: 'echo' }), sampleAt(60, { ...slow, target: 'db-1' }), sampleAt(900, { outcome: 'fail' })])
        const { url, close } = await serveEvidence(log)
        const ask = async (query: string) => {
          const answer = await fetch(`${url}/api/v1/evidence/looks?${query}`, { headers: { authorization: `Bearer ${token}` } })
          return { status: answer.status, body: (await answer.json()) as unknown }
        }
        const web = { observer: 'paris', target: 'web-1' }
        assert.deepEqual((await ask('from=2026-03-14T02:00:00Z')).body, {
          schema: 'lifeboat.looks/1',
          everyMs: 900_000,
          looks: [
            { at: '2026-03-14T02:00:00.000Z', ...web, rungs: { echo: { tried: 2, bad: 1 } } },
            { at: '2026-03-14T02:00:00.000Z', ...web, target: 'db-1', rungs: { echo: { tried: 1, bad: 1 } } },
            { at: '2026-03-14T02:15:00.000Z', ...web, rungs: { tcp: { tried: 1, bad: 1 } } },
          ],
        })
        for (const wrong of ['', 'from=2026-03-14T00:00:00Z&minutes=0', 'from=2026-03-14T00:00:00Z&to=2026-03-21T00:00:01Z'])
          assert.equal((await ask(wrong)).status, 400, wrong)
        await close()
      })
    }),
  )
})
