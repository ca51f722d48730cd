// Several movers of one move while clients wait: who works at the same time as whom.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { LifeboatError } from '../../src/core/errors.ts'
import type { Step } from '../../src/workflows/run.ts'
import { allMovers, releaseMovers } from '../../src/workflows/steps/movers.ts'

const data = [
  { kind: 'files', name: 'pictures' },
  { kind: 'postgres', name: 'orders' },
  { kind: 'files', name: 'mail' },
  { kind: 'redis', name: 'carts' },
]
const step = { settings: { data }, run: { ports: { movers: data.map(({ name }) => ({ name, mover: {} })) } } } as unknown as Step

test('databases work side by side, folder trees one after another; answers are in their order', async () => {
  const atWork = new Set<string>()
  const met = new Set<string>()
  const answers = await allMovers(step, async (_, name) => {
    for (const other of atWork) met.add([other, name].toSorted().join('+'))
    atWork.add(name)
    await delay(20)
    atWork.delete(name)
    return name
  })
  assert.deepEqual(
    answers,
    data.map(({ name }) => name),
  )
  assert.ok(met.has('carts+orders') && met.has('orders+pictures'), [...met].join())
  assert.ok(!met.has('mail+pictures'))
})

test('the first failure comes once nobody is at work any more, and no further tree is begun', async () => {
  const begun: string[] = []
  let ended = false
  const work = allMovers(step, async (_, name) => {
    begun.push(name)
    if (name === 'pictures') throw new Error('the disk is full')
    await delay(20)
    if (name === 'carts') ended = true
  })
  await assert.rejects(work, { message: 'the disk is full' })
  assert.equal(ended, true)
  assert.ok(!begun.includes('mail'))
})

test('what serves is let go by every mover, also where the other side is dead', async () => {
  const [released, said]: [string[], string[]] = [[], []]
  const silent = async () => await Promise.reject(new LifeboatError('ssh-unreachable', 'The source is silent.'))
  const call = async (request: { readonly op: string }) => await Promise.resolve(void released.push(request.op))
  const link = async (side: string) => await Promise.resolve(side === 'source' ? { call: silent, run: silent } : { call })
  const mover = (name: string) => ({
    release: async ({
      from,
      to,
    }: {
      from: { call: (request: { op: string }) => Promise<void> }
      to: { call: (request: { op: string }) => Promise<never> }
    }) => {
      await from.call({ op: name })
      await to.call({ op: name })
    },
  })
  const run = { token: 3, claimed: new Set(['target']), ports: { link, movers: data.map(({ name }) => ({ name, mover: mover(name) })) } }
  const say = async (text: string) => await Promise.resolve(void said.push(text))
  await releaseMovers({ settings: { data }, facts: {}, signal: new AbortController().signal, run, say } as unknown as Step, 'target')
  assert.deepEqual(
    released,
    data.map(({ name }) => name),
  )
  assert.deepEqual(said, ['A side does not answer, so what the movers left there stays: The source is silent.'])
})
