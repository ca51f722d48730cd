import assert from 'node:assert/strict'
import test from 'node:test'
import { inventoryLines } from '../../src/core/inventory-lines.ts'
import { inventory, node } from './planning.ts'

test('the pieces of an inventory are its JSON, one line for each, however many nodes it has', () => {
  const two = inventory([node({ name: 'line\nbreak' }), node({ name: 'web "2"' })])
  const given = [inventory([]), inventory([node({})]), two]
  const text = [...inventoryLines(given)].join('')
  assert.equal(text, given.map((each) => `${JSON.stringify(each)}\n`).join(''))
})
