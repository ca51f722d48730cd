// Whether a side runs no more, as its provider tells it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { offAsker } from '../../src/app/is-off.ts'
import type { Config } from '../../src/config/schema.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import type { Inventory, Power } from '../../src/core/node.ts'
import { noFacts } from '../../src/core/stored-move.ts'
import { inventory, node } from '../core/planning.ts'
import { settingsOf } from '../support/stored.ts'

const signal = AbortSignal.timeout(10_000)
const facts = { ...noFacts, target: { address: '198.51.100.1', privateAddress: null, id: 'i-1' } }
const refused = async (): Promise<never> => await Promise.reject(new LifeboatError('target-unreachable', 'The cloud is away.'))

function asker(read: () => Promise<Inventory>, isOff?: (id: string, signal: AbortSignal) => Promise<boolean>) {
  return offAsker({ config: {} as Config, settings: settingsOf('web-1', null), target: isOff === undefined ? {} : { isOff }, inventories: { read } })
}

test('a source is off when its provider lists it so, and neither what is not listed nor what is unknown is', async () => {
  const listed = async (power: Power, id = 'web-1') => await asker(async () => await Promise.resolve(inventory([node({ id, power })])))('source', facts, signal)
  assert.deepEqual([await listed('off'), await listed('on'), await listed('suspended')], [true, false, false])
  assert.deepEqual([await listed('unknown'), await listed('off', 'another')], [null, null])
})

test('a target is asked for by its id; a kind that cannot tell, and a provider that does not answer, tell nothing', async () => {
  const asked: string[] = []
  const tells = asker(refused, async (id) => await Promise.resolve(asked.push(id) > 0))
  assert.equal(await tells('target', facts, signal), true)
  assert.deepEqual(asked, ['i-1'])
  assert.equal(await tells('target', noFacts, signal), null, 'it was never made')
  assert.equal(await tells('source', facts, signal), null)
  assert.equal(await asker(refused)('target', facts, signal), null)
  assert.equal(await asker(refused, refused)('target', facts, signal), null)
})

test('who gives up waiting hears that, and not that nobody can tell', async () => {
  const stop = new AbortController()
  stop.abort(new LifeboatError('not-now', 'It ends.'))
  await assert.rejects(asker(refused)('source', facts, stop.signal), { message: 'It ends.' })
})
