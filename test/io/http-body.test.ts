import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { openBody } from '../../src/io/http-body.ts'

test('a body is the same text whole and in pieces, wherever its chunks were cut; pieces are cut between characters', () => {
  const chunks = fc.array(fc.constantFrom(1, 2, 3, 1000, 65_536, 200_001), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(chunks, fc.constantFrom('x', 'ä', '€', '🚢'), (sizes, letter) => {
      const text = 'x' + letter.repeat(Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / Buffer.byteLength(letter)))
      const bytes = Buffer.from(text)
      const body = openBody(bytes.length)
      let at = 0
      for (const size of [...sizes, bytes.length]) {
        assert.equal(body.add(bytes.subarray(at, at + size)), true)
        at += size
      }
      assert.equal(body.text(), text)
      const pieces = [...body.pieces()]
      assert.equal(pieces.join(''), text)
      assert.ok(pieces.every((piece) => piece.isWellFormed()))
      // Given back, not left for V8 to find.
      assert.throws(() => body.text(), TypeError)
    }),
  )
})

test('a body takes as much as its limit, and not one byte more', () => {
  const body = openBody(100_000)
  assert.equal(body.add(Buffer.alloc(99_999, 'x')), true)
  assert.equal(body.add(Buffer.alloc(2, 'x')), false)
  assert.equal(body.add(Buffer.alloc(1, 'x')), true)
  assert.equal(body.add(Buffer.alloc(1, 'x')), false)
  assert.equal(body.text().length, 100_000)
})

test('a reader of pieces that stops gives the memory back, too', () => {
  const body = openBody(1_000_000)
  body.add(Buffer.alloc(1_000_000, 'x'))
  for (const piece of body.pieces()) if (piece !== '') break
  assert.throws(() => body.text(), TypeError)
})
