// The node that is watched is the one that serves. Ladders stand in: what is looked at is the question, not how.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { createHash } from 'node:crypto'
import { openHeardServing } from '../../src/controller/heard-serving.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Serving } from '../../src/core/serving.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { createObserverServer } from '../../src/server/observer.ts'
import { followServing, type Place } from '../../src/watch/following.ts'
import { tellServing } from '../../src/watch/tell-serving.ts'

const target = { provider: 'new', id: 'i-1', address: '203.0.113.11' }

test('with a switch the ladder goes over to the target, under a name of its own, and back; the other one is left', async (t) => {
  const did: string[] = []
  let place: Place = null
  const followed = await followServing({
    move: 'web-1',
    place: () => place,
    open: async (at) => {
      const name = at?.address ?? 'source'
      did.push(`open ${name}`)
      return await Promise.resolve({ round: async () => await Promise.resolve((did.push(`look at ${name}`), [])), close: () => void did.push(`leave ${name}`) })
    },
    tell: (text) => assert.fail(text),
  })
  const round = async () => {
    await followed.ladder.round(t.signal)
    return followed.target
  }
  assert.deepEqual([followed.target, await round()], ['web-1', 'web-1'])
  place = target
  assert.deepEqual([await round(), await round()], ['web-1@target', 'web-1@target'])
  place = null
  assert.equal(await round(), 'web-1')
  followed.ladder.close()
  const [source, other] = ['source', target.address]
  const all = [`open ${source}`, `look at ${source}`, `open ${other}`, `leave ${source}`, `look at ${other}`, `look at ${other}`]
  assert.deepEqual(did, [...all, `open ${source}`, `leave ${other}`, `look at ${source}`, `leave ${source}`])
})

test('a side that cannot be opened is told once and tried again; until then what was watched before is, under its own name', async (t) => {
  const told: string[] = []
  let place: Place = null
  let mayOpen = false
  const followed = await followServing({
    move: 'web-1',
    place: () => place,
    open: async (at) => {
      if (at !== null && !mayOpen) throw new Error('its key is missing.')
      return await Promise.resolve({ round: async () => await Promise.resolve([]), close: () => undefined })
    },
    tell: (text) => void told.push(text),
  })
  place = target
  for (const _ of [1, 2, 3]) await followed.ladder.round(t.signal)
  assert.deepEqual([followed.target, told], ['web-1', ['web-1@target is not watched: its key is missing.']])
  mayOpen = true
  await followed.ladder.round(t.signal)
  assert.equal(followed.target, 'web-1@target')
})

async function observer(t: TestContext, scope: 'read' | 'operate') {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-heard-'))
  const heard = await openHeardServing(path.join(folder, 'watch', 'serving.json'))
  const tokens = [{ name: 'lifeboat', scope, hash: `sha256:${createHash('sha256').update('a-token').digest('hex')}` }]
  const nothing = async (): Promise<never> => await Promise.reject(new Error('Nobody asks for evidence here.'))
  const audit = { write: async () => undefined, close: async () => undefined }
  const server = createObserverServer({ tokens, audit, evidence: { looks: nothing, after: nothing, read: nothing }, hearServing: heard.hear })
  t.after(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })
  return { heard, folder, url: await server.listen({ host: '127.0.0.1', port: 0 }) }
}

function telling(t: TestContext, url: string, serving: () => Serving) {
  const ending = new AbortController()
  const told: string[] = []
  const tell = (text: string) => void told.push(text)
  const loop = tellServing({ observer: 'paris', url, token: new Secret('a-token'), serving, everyMs: 10, tell, signal: ending.signal }).catch(() => undefined)
  t.after(async () => {
    ending.abort()
    await loop
  })
  const until = async (isSo: () => boolean) =>
    await waitUntil(async () => await Promise.resolve(isSo() || null), {
      what: `What is waited for (told: ${told.join(' | ')})`,
      deadlineMs: 20_000,
      everyMs: 5,
      signal: t.signal,
    })
  return { told, until }
}

test('an observer elsewhere is told which nodes serve, at once and at each change, and knows it when it is started anew', async (t) => {
  const { heard, folder, url } = await observer(t, 'operate')
  let serving: Serving = { 'web-1': target }
  const { told, until } = telling(t, url, () => serving)
  await until(() => heard.now()['web-1']?.address === target.address)
  assert.deepEqual((await openHeardServing(path.join(folder, 'watch', 'serving.json'))).now(), serving)
  serving = {}
  await until(() => Object.keys(heard.now()).length === 0)
  assert.deepEqual(told, [])
})

test('with a token that may only read nobody turns an observer to another node: that is refused, and said once', async (t) => {
  const { heard, url } = await observer(t, 'read')
  const { told, until } = telling(t, url, () => ({ 'web-1': target }))
  await until(() => told.length > 0)
  assert.match(told.join(), /^Observer paris cannot be told which nodes serve \(it refuses our token, which needs the scope operate there\)/)
  assert.deepEqual(heard.now(), {})
})
