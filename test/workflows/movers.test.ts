// Several movers of one move while clients wait: who works at the same time as whom.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Step } from '../../src/workflows/run.ts'
import { allMovers } from '../../src/workflows/steps/movers.ts'

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
