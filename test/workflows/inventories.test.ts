// Inventories in a real PostgreSQL: more nodes than go there in one message.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseInside } from '../../src/core/inside/parse.ts'
import { createTables } from '../../src/workflows/store.ts'
import { inventory, node } from '../core/planning.ts'
import { ownStore } from '../support/own-store.ts'

const { pool, store } = ownStore('inventories')

const nodes = (count: number, cpus: number) => Array.from({ length: count }, (_, index) => node({ id: `vm-${index}`, cpus }))

test('what was stored last is read back, in its order, and nothing of what was there before', async () => {
  for (const count of [0, 1200, 1, 500]) {
    const taken = inventory(nodes(count, count))
    await store().saveInventory(taken)
    assert.deepEqual(await store().inventory(taken.provider), taken)
  }
})

test('an inventory that cannot be stored leaves the one before as it was', async () => {
  const kept = inventory(nodes(700, 2))
  await store().saveInventory(kept)
  // PostgreSQL refuses a zero byte in text; it stands in the second message.
  await assert.rejects(store().saveInventory(inventory([...nodes(600, 4), node({ id: 'broken', name: 'a\u0000b' })])))
  assert.deepEqual(await store().inventory(kept.provider), kept)
})

test('of two that are stored at once, one stays whole', async () => {
  const all = [inventory(nodes(900, 1)), inventory(nodes(800, 2)), inventory(nodes(1000, 3))]
  await Promise.all(all.map(async (each) => await store().saveInventory(each)))
  const stored = await store().inventory(all[0]?.provider ?? '')
  assert.ok(all.some((each) => JSON.stringify(each.nodes) === JSON.stringify(stored?.nodes)))
})

test('what nodes told of themselves is found by their ids', async () => {
  const inside = parseInside('', '2026-11-26T10:00:00.000Z')
  const taken = inventory([node({ id: 'vm-1' }), { ...node({ id: 'vm-2' }), inside }])
  await store().saveInventory(taken)
  assert.deepEqual([...(await store().lastLooks(taken.provider))], [['vm-2', inside]])
})

test('nodes that an earlier version stored inside the inventory are found', async () => {
  const taken = inventory(nodes(3, 8), { provider: 'earlier' })
  await pool().query('insert into lifeboat.inventory (provider, body) values ($1, $2)', [taken.provider, taken])
  await createTables(pool())
  await createTables(pool())
  assert.deepEqual(await store().inventory(taken.provider), taken)
})

test('a provider that was never read has no inventory', async () => {
  assert.equal(await store().inventory('nobody'), null)
})
