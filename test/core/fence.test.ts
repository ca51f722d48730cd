import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { decideFence, type Door, type Rung } from '../../src/core/fence.ts'

const rung: fc.Arbitrary<Rung> = fc.record({
  kind: fc.constantFrom('provider', 'ssh', 'hook'),
  isFenced: fc.boolean(),
  text: fc.constantFrom('It is so.', 'It is not.'),
})
const door: fc.Arbitrary<Door> = fc.record({
  address: fc.constant('192.0.2.1'),
  port: fc.integer({ min: 1, max: 9 }),
  answer: fc.constantFrom('accepts', 'refuses', 'silent'),
})

test('a fence is confirmed exactly when one rung is read back and no door accepts; whatever else was told, its sentence says which', () => {
  fc.assert(
    fc.property(fc.array(rung, { maxLength: 3 }), fc.array(door, { maxLength: 3 }), (rungs, doors) => {
      const { confirmed, text } = decideFence(rungs, doors)
      const isRead = rungs.some(({ isFenced }) => isFenced)
      const serves = doors.filter(({ answer }) => answer === 'accepts')
      assert.equal(confirmed, isRead && serves.length === 0)
      assert.equal(text.startsWith('The node is cut off'), confirmed)
      if (isRead) for (const { port } of serves) assert.ok(text.includes(`192.0.2.1:${port}`))
      for (const each of rungs) assert.ok(text.includes(`${each.kind}: ${each.text}`))
    }),
  )
})

test('silence alone confirms nothing, and a node without ports is told so', () => {
  const silent: Door = { address: '192.0.2.1', port: 80, answer: 'silent' }
  assert.equal(decideFence([], [silent]).text, 'Nothing can cut this node off: no fence is named.')
  assert.equal(decideFence([{ kind: 'ssh', isFenced: false, text: 'Nobody answers.' }], [silent]).text, 'The node is not cut off. ssh: Nobody answers.')
  assert.match(decideFence([{ kind: 'hook', isFenced: true, text: 'Done.' }], []).text, /It has no TCP port that could be tried from here\.$/)
})
