// An observer on another machine: its log behind the door of a real server, and ours that follows it.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Evidence } from '../../src/core/evidence.ts'
import { Secret } from '../../src/core/secret.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { openEvidenceLog, type OpenEvidenceLog } from '../../src/watch/log/open.ts'
import { pullEvidence, type RemoteOptions } from '../../src/watch/remote.ts'
import { serveEvidence, token } from '../support/evidence-server.ts'
import { always, begin, inFolder, inLog, sampleAt, someEvidence } from './evidence.ts'

type Follower = { readonly told: readonly string[]; readonly until: (seen: () => boolean) => Promise<void>; readonly stop: () => Promise<void> }

/** Ten minutes after 02:00, unless it says otherwise. */
function following(log: RemoteOptions['log'], url: string, options: Partial<RemoteOptions> = {}): Follower {
  const ending = new AbortController()
  const told: string[] = []
  const pulled = pullEvidence({
    observer: 'paris',
    url,
    token: new Secret(token),
    everyMs: 20,
    log,
    now: () => begin + 600_000,
    signal: ending.signal,
    onKept: () => undefined,
    tell: (text) => void told.push(text),
    ...options,
  })
  return {
    told,
    until: async (seen) => {
      const what = `What is waited for (told: ${told.join(' | ')})`
      const { signal } = ending
      await waitUntil(async () => await Promise.resolve(seen() ? true : null), { what, deadlineMs: 30_000, everyMs: 5, signal }).catch((error: unknown) => {
        // Nothing is left that would keep this process.
        ending.abort(error)
        throw error
      })
    },
    stop: async () => {
      ending.abort(new Error('The test ends it.'))
      await pulled
    },
  }
}

const health = (seconds: number, observer = 'paris'): Evidence => ({ kind: 'health', at: sampleAt(seconds).at, observer, failureDomain: 'ovh', loopLagMs: 1 })
const textsIn = async (log: Pick<OpenEvidenceLog, 'read'>): Promise<string[]> =>
  (await log.read(always)).map(({ evidence }) => (evidence.kind === 'sample' ? evidence.text : evidence.kind))

describe('an observer on another machine', () => {
  it(
    'is followed over losses of the way, of either side and of its log, without a gap and without a repetition',
    inFolder(async (folder) => {
      const [there, here] = [path.join(folder, 'there'), path.join(folder, 'here')]
      let remote = await openEvidenceLog(there, { segmentBytes: 2000 })
      let log = await openEvidenceLog(here)
      const kept: Evidence[] = []
      const onKept = (evidence: readonly Evidence[]) => void kept.push(...evidence)
      const heard = (text: string) => () => kept.some((each) => each.kind === 'sample' && each.text === text)
      let nth = 0
      const see = async (): Promise<string> => {
        nth += 1
        await remote.append([sampleAt(nth, { text: `look ${nth}` }), sampleAt(nth, { text: 'of another', observer: 'here' }), health(nth)])
        return `look ${nth}`
      }

      let server = await serveEvidence(remote)
      const { url } = server
      const port = Number(new URL(url).port)
      await remote.append([sampleAt(-4000, { text: 'long ago' })])
      await see()
      let follower = following(log, url, { onKept })
      await follower.until(heard('look 1'))
      await follower.until(heard(await see()))
      assert.deepEqual(follower.told, [])

      await server.close()
      const missed = await see()
      await follower.until(() => follower.told.length > 0)
      server = await serveEvidence(remote, port)
      await follower.until(heard(missed))
      await follower.until(() => follower.told.length > 1)
      assert.match(follower.told.join('\n'), /^Observer paris cannot be reached: [^\n]+\nObserver paris can be had again\.$/)

      // Ours begins anew, and reads what it has.
      await follower.stop()
      await log.close()
      log = await openEvidenceLog(here)
      follower = following(log, url, { onKept })
      await follower.until(heard(await see()))

      // Theirs begins anew.
      await server.close()
      await remote.close()
      rmSync(there, { recursive: true })
      remote = await openEvidenceLog(there)
      const anew = await see()
      server = await serveEvidence(remote, port)
      await follower.until(heard(anew))
      await follower.stop()
      assert.deepEqual(await textsIn(log), ['look 1', 'health', 'look 2', 'health', 'look 3', 'health', 'look 4', 'health', 'look 5', 'health'])
      assert.deepEqual(
        kept,
        (await log.read(always)).map(({ evidence }) => evidence),
      )
      await server.close()
      await Promise.all([log.close(), remote.close()])
    }),
  )

  it(
    'whose evidence does not fit on the disk here is asked for it again',
    inFolder(async (folder) => {
      await inLog(path.join(folder, 'there'), async (remote) => {
        await inLog(path.join(folder, 'here'), async (log) => {
          await remote.append([health(1)])
          let refusals = 0
          const full: RemoteOptions['log'] = {
            read: log.read,
            append: async (evidence) => {
              refusals += 1
              return refusals > 2 ? await log.append(evidence) : await Promise.reject(new Error('The disk is full.'))
            },
          }
          const server = await serveEvidence(remote)
          const follower = following(full, server.url)
          await follower.until(() => follower.told.length === 2)
          assert.deepEqual(follower.told, ['The disk is full.', 'Observer paris can be had again.'])
          assert.deepEqual(await textsIn(log), ['health'])
          await follower.stop()
          await server.close()
        })
      })
    }),
  )

  it(
    'with another clock, or of a door that does not know us, is not kept, and said once',
    inFolder(async (folder) => {
      await inLog(path.join(folder, 'there'), async (remote) => {
        await inLog(path.join(folder, 'here'), async (log) => {
          const server = await serveEvidence(remote)
          const stranger = following(log, server.url, { token: new Secret('another') })
          await stranger.until(() => stranger.told.length > 0)
          await stranger.stop()
          assert.deepEqual(stranger.told, ['Observer paris refuses our token (401): it needs one of scope read there.'])
          const ahead = following(log, `${server.url}/`)
          // What is a little ahead is for the judge to refuse.
          await remote.append([health(610)])
          await remote.append([health(901)])
          await ahead.until(() => ahead.told.length > 0)
          await ahead.stop()
          assert.match(
            ahead.told.join('\n'),
            /^Observer paris tells of more than 60 min ago, or more than 5 min from now: it is left out\. Compare its clock\.$/m,
          )
          assert.deepEqual(
            (await log.read(always)).map(({ evidence }) => evidence),
            [health(610)],
          )
          await server.close()
        })
      })
    }),
  )

  it(
    'can say nothing in the name of another, whatever its server answers',
    inFolder(async (folder) => {
      const mixture = fc.array(
        fc.oneof(
          { weight: 4, arbitrary: someEvidence },
          someEvidence.map((evidence) => ({ ...evidence, observer: 'paris' })),
          someEvidence.map((evidence) => ({ ...evidence, extra: 1 })),
          fc.constant({ kind: 'signal', observer: 'paris', at: sampleAt(1).at, weight: 1 }),
          fc.jsonValue(),
        ),
        { maxLength: 30 },
      )
      let records: readonly unknown[] = []
      const answerBehind = (after: number) => {
        const numbered = records.map((evidence, nth) => ({ seq: nth + 1, evidence }))
        return { records: numbered.slice(after), through: records.length, head: records.length }
      }
      let asked = 0
      const server = http.createServer((request, reply) => {
        asked += 1
        const after = new URL(request.url ?? '', 'http://there').searchParams.get('after')
        reply.end(JSON.stringify(after === null ? { records: [], through: 0, head: 0 } : answerBehind(Number(after))))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      let run = 0
      await fc.assert(
        fc.asyncProperty(mixture, async (mixed) => {
          records = mixed
          asked = 0
          await inLog(path.join(folder, String((run += 1))), async (log) => {
            const follower = following(log, url, { everyMs: 1 })
            await follower.until(() => asked > 2)
            await follower.stop()
            const own = mixed.filter((each) => {
              const { kind, observer, extra } = Object(each) as Record<string, unknown>
              return (kind === 'sample' || kind === 'health') && observer === 'paris' && extra === undefined
            })
            const kept = (await log.read(always)).map(({ evidence }) => evidence)
            assert.deepEqual(kept, own)
            if (own.length < mixed.length)
              assert.match(follower.told.join('\n'), /^Observer paris tells what is not its own, or cannot be read: it is left out\.$/m)
          })
        }),
        { numRuns: 40 },
      )
      server.close()
    }),
  )

  it(
    'whose server answers without end, or with no evidence, does not keep us busy',
    inFolder(async (folder) => {
      await inLog(folder, async (log) => {
        let body = ''
        let asked = 0
        const server = http.createServer((_request, reply) => {
          asked += 1
          reply.end(body)
        })
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        const many = Array.from({ length: 2001 }, (_, nth) => ({ seq: nth + 1, evidence: {} }))
        for (const [answered, said] of [
          ['<html>', /nothing that is evidence/],
          [JSON.stringify({ records: many, through: 2001, head: 2001 }), /nothing that is evidence/],
          [JSON.stringify({ records: [], through: 0, head: 9 }), /again and again with the same place/],
        ] as const) {
          ;[body, asked] = [answered, 0]
          const follower = following(log, url, { everyMs: 10_000 })
          await follower.until(() => follower.told.length > 0)
          assert.match(follower.told.join('\n'), said)
          assert.ok(asked <= 2, String(asked))
          await follower.stop()
        }
        assert.deepEqual(await log.read(always), [])
        server.closeAllConnections()
        server.close()
      })
    }),
  )
})
